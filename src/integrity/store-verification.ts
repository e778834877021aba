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
import { LedgerLogReader } from './ledger-log-reader.ts'

/** How the search projection can be held against documents made of the ledger again. */
interface IndexCheck {
  /** Documents of all workspaces, ascending by seq within each. At most 100 differences are named. */
  check(
    documents: AsyncIterable<readonly SearchDocument[]>,
    progress?: (tokensCompared: number) => void,
  ): Promise<{
    readonly events: number
    readonly tokens: number
    readonly differences: readonly {
      readonly workspace: string
      readonly seq: number
      readonly what: 'missing' | 'columns' | 'tokens'
    }[]
    /** Index rows that belong to no event of the ledger. */
    readonly strays: number
  }>
  /** The store's own check of its files: one sentence a fault. */
  integrity(): Promise<readonly string[]>
}

export interface StoreVerificationOptions {
  readonly ledger: Ledger & LedgerFactsReader
  readonly index: IndexCheck
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

/** What a difference of the index means to a person. */
const INDEX_MESSAGES = {
  missing: 'The search index does not have this event.',
  columns: 'The search index has another time, user, action, resource or outcome for this event.',
  tokens: 'The words that the search index has for this event are not those of the event.',
} as const

/** Verifies a whole store: every log, the record of what was published, the search projection, the files. */
export class StoreVerification {
  readonly #options: StoreVerificationOptions

  constructor(options: StoreVerificationOptions) {
    this.#options = options
  }

  async verify(onProgress: OnStoreProgress = () => undefined): Promise<StoreReport> {
    const logs: { workspace: string; report: LogReport; published: StoreFinding[] }[] = []
    for (const workspace of await this.#workspaces()) {
      const report = await this.#verifyLog(workspace, onProgress)
      const published = this.#comparePublished(workspace, report)
      logs.push({ workspace, report, published })
      await this.#note(workspace, report, published)
    }
    const file = await this.#checkFiles()
    const index = await this.#checkIndex(logs, onProgress)
    const ofLogs = logs.flatMap(({ workspace, report, published }) => [
      ...report.findings.map((finding) => ({ workspace, ...finding })),
      ...published,
    ])
    const hidden = logs.reduce((sum, { report }) => sum + report.findingsCount - report.findings.length, 0)
    const findings = [...ofLogs, ...file, ...index.findings]
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

  async #checkIndex(
    logs: readonly { readonly workspace: string; readonly report: LogReport }[],
    onProgress: OnStoreProgress,
  ): Promise<{ findings: StoreFinding[]; events: number; tokens: number }> {
    try {
      const facts: StoreFinding[] = []
      const { events, tokens, differences, strays } = await this.#options.index.check(
        this.#documents(logs, facts, onProgress),
        (compared) => onProgress('search index, words', compared, null),
      )
      const findings = facts
      for (const { workspace, seq, what } of differences)
        findings.push({ workspace, what: 'index', seq, message: INDEX_MESSAGES[what] })
      if (strays > 0)
        findings.push({
          what: 'index',
          message: `The search index has ${strays} rows of events that no log has.`,
        })
      return { findings, events, tokens }
    } catch (error) {
      const message = `The search index can not be read: ${error instanceof Error ? error.message : String(error)}`
      return { findings: [{ what: 'index', message }], events: 0, tokens: 0 }
    }
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
    for (const { workspace, report } of logs) {
      const reader = new LedgerLogReader(this.#options.ledger, workspace)
      const beside = new LedgerFactsCheck(this.#options.ledger, workspace)
      let complete = true
      for (let first = 0; first < report.size; first += ENTRIES_AT_ONCE) {
        const count = Math.min(ENTRIES_AT_ONCE, report.size - first)
        const entries = (await reader.entries(first, count)).flatMap(readable)
        if (entries.length < count) complete = false
        await beside.take(entries, first, count)
        yield entries.map((entry) => documentOf(workspace, entry))
        done += count
        onProgress('search index, events', done, total)
      }
      await beside.finish(complete)
      facts.push(...beside.findings)
    }
  }
}

function readable(entry: Uint8Array | null): LogEntry[] {
  try {
    return entry ? [parseEntry(entry)] : []
  } catch {
    return []
  }
}
