import type { Clock } from '../clock.ts'
import type { LogEntry } from '../event/audit-event.ts'
import { parseEntry } from '../event/entry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { documentOf } from '../projection/projector.ts'
import type { SearchDocument } from '../search/search-index.ts'
import { encodeBase64 } from '../tlog/encoding.ts'
import type { Sha256, VerifySignature } from '../tlog/sha256.ts'
import { verifyLog } from '../verify/verify-log.ts'
import type { LogReport } from '../verify/log-report.ts'
import type { WorkspaceStore } from '../workspaces/workspace-store.ts'
import { LedgerFactsCheck, type LedgerFactsReader } from './ledger-facts-check.ts'
import type { StoreFinding, StoreReport } from './store-report.ts'
import { verifyIndex, type IndexCheck, type IsExpired } from './index-verification.ts'
import { namedFindings, type LedgerDocuments } from './ledger-documents.ts'
import { LedgerLogReader } from './ledger-log-reader.ts'

export interface StoreVerificationOptions {
  readonly ledger: Ledger & Partial<LedgerFactsReader>
  /** Where the ledger is made of documents that can be named and counted; then it has no facts beside them. */
  readonly documents?: LedgerDocuments
  readonly index: IndexCheck
  /** Of a store whose index deletes by age. Default: nothing may be missing. */
  readonly isExpired?: IsExpired
  readonly workspaces: Pick<WorkspaceStore, 'putVerificationRun'>
  readonly clock: Clock
  readonly sha256: Sha256
  readonly verifySignature: VerifySignature
  readonly origin: (workspace: string) => string
  readonly vkey: (workspace: string) => string
  /** What was last published of a log, from the record that lives apart from the store. Throws where that is damaged. */
  readonly publishedOrigins: () => readonly string[]
  readonly lastPublished: (origin: string) => { readonly size: number; readonly root: Uint8Array } | null
}

export type OnStoreProgress = (step: string, done: number, total: number | null) => void

const ENTRIES_AT_ONCE = 512

/** Verifies a whole store: every log, the record of what was published, the search projection, the files. */
export class StoreVerification {
  readonly #options: StoreVerificationOptions

  constructor(options: StoreVerificationOptions) {
    this.#options = options
  }

  async verify(onProgress: OnStoreProgress = () => undefined): Promise<StoreReport> {
    const logs: { workspace: string; report: LogReport; published: StoreFinding[] }[] = []
    const names = await this.#workspaces()
    for (const workspace of names) {
      const report = await this.#verifyLog(workspace, onProgress)
      const published = this.#comparePublished(workspace, report)
      logs.push({ workspace, report, published })
      await this.#note(workspace, report, published)
    }
    const file = await this.#checkFiles()
    const facts: StoreFinding[] = []
    const index = await verifyIndex(this.#options, this.#documents(logs, facts, onProgress), (compared) => {
      onProgress('search index, words', compared, null)
    })
    const ofLogs: StoreFinding[] = []
    for (const { workspace, report, published } of logs) {
      const own = [...report.findings.map((finding) => ({ workspace, ...finding })), ...published]
      ofLogs.push(...(await this.#named(workspace, own, onProgress)))
    }
    ofLogs.push(...(await this.#otherDocuments(names, onProgress)))
    const hidden = logs.reduce((sum, { report }) => sum + report.findingsCount - report.findings.length, 0)
    const findings = [...ofLogs, ...file, ...facts, ...index.findings]
    return {
      ok: findings.length === 0,
      logs: logs.map(({ workspace, report, published }) => ({
        workspace,
        size: report.size,
        root: report.root,
        ok: report.ok && published.length === 0,
      })),
      checked: {
        entries: logs.reduce((sum, { report }) => sum + report.checked.entries, 0),
        tiles: logs.reduce((sum, { report }) => sum + report.checked.tiles, 0),
        indexed_events: index.events,
        indexed_words: index.tokens,
        not_indexed_yet: index.waiting,
        expired_from_index: index.expired,
      },
      findings,
      findings_count: findings.length + hidden,
    }
  }

  /** Every log that there is, and every one that there was: one that is gone whole shows in the record only. */
  async #workspaces(): Promise<string[]> {
    const prefix = this.#options.origin('')
    const published = this.#options.publishedOrigins().filter((origin) => origin.startsWith(prefix))
    const names = [
      ...(await this.#options.ledger.workspaces()),
      ...published.map((origin) => origin.slice(prefix.length)),
    ]
    return [...new Set(names)].sort()
  }

  async #verifyLog(workspace: string, onProgress: OnStoreProgress): Promise<LogReport> {
    const { ledger, sha256, verifySignature, origin, vkey } = this.#options
    return await verifyLog({
      reader: new LedgerLogReader(ledger, workspace),
      sha256,
      verifySignature,
      vkeys: [vkey(workspace)],
      origin: origin(workspace),
      onProgress: (done, total) => onProgress(`log ${workspace}`, done, total),
    })
  }

  #comparePublished(workspace: string, report: LogReport): StoreFinding[] {
    const finding = (message: string): StoreFinding[] => [{ workspace, what: 'published', message }]
    try {
      const published = this.#options.lastPublished(this.#options.origin(workspace))
      if (!published) return []
      if (published.size > report.size)
        return finding(
          `A checkpoint for ${published.size} entries was published; the store has ${report.size}. The rest was lost or cut off.`,
        )
      if (published.size === report.size && encodeBase64(published.root) !== report.root)
        return finding(
          `The checkpoint published for ${published.size} entries has another root: the log was rewritten.`,
        )
      return []
    } catch (error) {
      return finding(
        error instanceof Error ? error.message : 'The record of published checkpoints can not be read.',
      )
    }
  }

  async #note(workspace: string, report: LogReport, published: readonly StoreFinding[]): Promise<void> {
    const ok = report.ok && published.length === 0
    const first = [...report.findings, ...published][0]
    await this.#options.workspaces.putVerificationRun(workspace, {
      at: new Date(this.#options.clock.now()).toISOString(),
      result: ok ? 'ok' : 'failed',
      size: report.size,
      message: first
        ? first.message
        : `${report.checked.entries} entries and ${report.checked.tiles} tiles verified`,
    })
  }

  async #checkFiles(): Promise<StoreFinding[]> {
    try {
      return (await this.#options.index.integrity()).map((message) => ({ what: 'file', message }))
    } catch (error) {
      return [{ what: 'file', message: error instanceof Error ? error.message : String(error) }]
    }
  }

  async #named(
    workspace: string,
    findings: readonly StoreFinding[],
    onProgress: OnStoreProgress,
  ): Promise<readonly StoreFinding[]> {
    const { documents } = this.#options
    if (!documents) return findings
    return await namedFindings(documents, workspace, findings, (done) => {
      onProgress(`documents of ${workspace}`, done, null)
    })
  }

  /** Documents of logs that are gone, or never were. */
  async #otherDocuments(names: readonly string[], onProgress: OnStoreProgress): Promise<StoreFinding[]> {
    const { documents } = this.#options
    if (!documents) return []
    const findings: StoreFinding[] = [...(await documents.strays())]
    for (const workspace of await documents.workspaces())
      if (!names.includes(workspace)) findings.push(...(await this.#named(workspace, [], onProgress)))
    return findings
  }

  /**
   * The documents that the index should have; on the way, what the ledger keeps beside the entries is compared with them.
   * Entries that can't be read are findings of their log already.
   */
  async *#documents(
    logs: readonly { readonly workspace: string; readonly report: LogReport }[],
    facts: StoreFinding[],
    onProgress: OnStoreProgress,
  ): AsyncGenerator<SearchDocument[]> {
    const total = logs.reduce((sum, { report }) => sum + report.size, 0)
    let done = 0
    const { ledger } = this.#options
    for (const { workspace, report } of logs) {
      const reader = new LedgerLogReader(ledger, workspace)
      const beside = hasFacts(ledger) ? new LedgerFactsCheck(ledger, workspace) : null
      let complete = true
      for (let first = 0; first < report.size; first += ENTRIES_AT_ONCE) {
        const count = Math.min(ENTRIES_AT_ONCE, report.size - first)
        const committed = (await reader.entries(first, count)).flatMap(readable)
        if (committed.length < count) complete = false
        await beside?.take(
          committed.map(({ entry }) => entry),
          first,
          count,
        )
        yield committed.map(({ bytes, entry }) => ({
          ...documentOf(workspace, entry),
          committed: { bytes, entry },
        }))
        done += count
        onProgress('search index, events', done, total)
      }
      await beside?.finish(complete)
      facts.push(...(beside?.findings ?? []))
    }
  }
}

function readable(bytes: Uint8Array | null): { bytes: Uint8Array; entry: LogEntry }[] {
  try {
    return bytes ? [{ bytes, entry: parseEntry(bytes) }] : []
  } catch {
    return []
  }
}

function hasFacts(ledger: Ledger & Partial<LedgerFactsReader>): ledger is Ledger & LedgerFactsReader {
  return ledger.facts !== undefined
}
