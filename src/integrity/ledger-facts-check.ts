import type { LogEntry } from '../event/audit-event.ts'
import { seqOfServerId } from '../event/server-id.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { StoreFinding } from './store-report.ts'

/** What a ledger keeps beside its entries to find them: nothing that is hashed, so it is compared with the entries. */
export interface LedgerFactsReader {
  facts(
    workspace: string,
    first: number,
    count: number,
  ): Promise<{
    /** Entries that were received together, beginning in the range. */
    readonly bundles: readonly {
      readonly first: number
      readonly count: number
      readonly receivedAt: number
    }[]
    /** Client ids of the whole log. */
    readonly clientIds: number
    readonly lastReceivedAt: number
  }>
}

/** Compares ids and times of receipt of one log with its entries, batch by batch. */
export class LedgerFactsCheck {
  readonly findings: StoreFinding[] = []
  readonly #ledger: Pick<Ledger, 'seqOf'> & LedgerFactsReader
  readonly #workspace: string
  #clientIds = 0
  #lastReceivedAt = 0

  constructor(ledger: Pick<Ledger, 'seqOf'> & LedgerFactsReader, workspace: string) {
    this.#ledger = ledger
    this.#workspace = workspace
  }

  /** Readable entries of the range, ascending. */
  async take(entries: readonly LogEntry[], first: number, count: number): Promise<void> {
    const ids = entries.filter(({ id }) => seqOfServerId(id) === null)
    this.#clientIds += ids.length
    const seqOf = await this.#ledger.seqOf(
      this.#workspace,
      ids.map(({ id }) => id),
    )
    for (const { id, seq } of ids)
      if (seqOf.get(id) !== seq)
        this.#add({ what: 'ids', seq, id, message: 'The index of ids does not lead to this event.' })
    await this.#compareTimes(new Map(entries.map((entry) => [entry.seq, entry])), first, count)
    const last = entries.at(-1)
    if (last) this.#lastReceivedAt = Date.parse(last.received_at)
  }

  /** `complete`: every entry was readable, so that totals can be compared. */
  async finish(complete: boolean): Promise<void> {
    if (!complete) return
    const { clientIds, lastReceivedAt } = await this.#ledger.facts(this.#workspace, 0, 1)
    if (clientIds !== this.#clientIds)
      this.#add({
        what: 'ids',
        message: `The index of ids has ${clientIds} ids, the events have ${this.#clientIds}.`,
      })
    if (lastReceivedAt !== this.#lastReceivedAt)
      this.#add({ what: 'received', message: 'The head has another time of receipt than the last event.' })
  }

  async #compareTimes(entries: ReadonlyMap<number, LogEntry>, first: number, count: number): Promise<void> {
    const { bundles } = await this.#ledger.facts(this.#workspace, first, count)
    for (const bundle of bundles) {
      const entry = entries.get(bundle.first)
      if (entry && Date.parse(entry.received_at) !== bundle.receivedAt)
        this.#add({
          what: 'received',
          seq: bundle.first,
          message: 'The ledger files this event under another time of receipt.',
        })
    }
  }

  #add(finding: StoreFinding): void {
    if (this.findings.length < 100) this.findings.push({ workspace: this.#workspace, ...finding })
  }
}
