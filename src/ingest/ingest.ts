import type { Clock } from '../clock.ts'
import { TrailsealError } from '../errors.ts'
import type { AuditEvent } from '../event/audit-event.ts'
import type { PreparedEvent } from '../event/prepared-event.ts'
import { Slices } from '../slices.ts'
import { Turns } from '../turns.ts'
import { Preparation } from './prepare/prepare-event.ts'

/** What the stage hands its events to: one admission a request, all or nothing. */
export interface Appender {
  open(workspace: string): Admission
}

interface Admission {
  /** Takes the next event. Nothing of it is in the log before `append` settles. */
  add(event: PreparedEvent): void
  /**
   * Durability: when it settles, all events are in the log. Retry: harmless for events with an id of their own. Conflict: an id
   * that is in the log with other content is `id_conflict`, and nothing was appended.
   */
  append(): Promise<Appended>
}

interface Appended {
  /** One a given event, in order. */
  readonly receipts: readonly Receipt[]
  /** Signed note that covers all of them. */
  readonly checkpoint: string
}

interface Receipt {
  readonly id: string
  readonly seq: number
  /** 32 bytes. */
  readonly leafHash: Uint8Array
  /** Present for an event whose id was in the log already: nothing was added. */
  readonly known?: true
}

/** An event that the workspace's plan does not record. `id` is the client's own, null where it gave none. */
interface Skipped {
  readonly id: string | null
  readonly skipped: 'plan'
}

export interface IngestResult {
  /** One a submitted event, in order. */
  readonly events: readonly (Receipt | Skipped)[]
  /** Null when no event was recorded. */
  readonly checkpoint: string | null
}

/** Events of one request in their order; whoever parses them does it as they are iterated to. */
interface Submitted extends Iterable<unknown> {
  readonly length: number
}

interface IngestOptions {
  readonly sequencer: Appender
  readonly clock: Clock
  /** What the workspace's plan records. Throws `not_found` for an unknown workspace. */
  readonly plans: (workspace: string) => Promise<{ readonly apiEvents: boolean }>
}

/** How many events are prepared between two looks at the time. */
const EVENTS_PER_LOOK = 8
/** A request of at most this many events waits for no other. */
const SMALL = 64

/** The stage between the wire formats and the sequencer: prepares submitted events and appends them, all or nothing. */
export class Ingest {
  private readonly options: IngestOptions
  /**
   * Large requests are prepared one after the other: side by side they would be ready at the same late moment, and the store idle until
   * then.
   */
  private readonly large = new Turns()

  constructor(options: IngestOptions) {
    this.options = options
  }

  /**
   * Settles when every event is in the log or skipped by plan. Throws `invalid_event`, `event_too_large`, `bad_request` for no event at
   * all, and whatever the iteration, the plan look-up and the sequencer throw; then none of the events was recorded.
   */
  append(workspace: string, submitted: Submitted): Promise<IngestResult> {
    // Not awaited in one function: its frame would keep every submitted and prepared event until the commit.
    return this.admit(workspace, submitted).then(({ result }) => result)
  }

  private async admit(workspace: string, submitted: Submitted): Promise<{ result: Promise<IngestResult> }> {
    if (submitted.length === 0) throw new TrailsealError('bad_request', 'The request holds no event.')
    const { apiEvents } = await this.options.plans(workspace)
    const prepare = () => this.prepare(workspace, submitted, apiEvents)
    return await (submitted.length <= SMALL ? prepare() : this.large.take(prepare))
  }

  private async prepare(
    workspace: string,
    submitted: Submitted,
    apiEvents: boolean,
  ): Promise<{ result: Promise<IngestResult> }> {
    const admission = this.options.sequencer.open(workspace)
    const skipped: (Skipped | null)[] = []
    // Event by event from the wire to the sequencer, which keeps its bytes: thousands of parsed or prepared events never live at once.
    const preparation = new Preparation(this.options.clock.now())
    const slices = new Slices()
    let taken = 0
    for (const each of submitted) {
      const event = preparation.prepare(each)
      if (event !== null) {
        const isRecorded = apiEvents || event.category !== 'api'
        if (isRecorded) admission.add({ event, timestampGiven: hasTimestamp(each) })
        skipped.push(isRecorded ? null : skippedByPlan(event))
      }
      if (preparation.isHopeless) break
      taken += 1
      if (taken % EVENTS_PER_LOOK === 0 && slices.isOver()) await slices.next()
    }
    preparation.finish()
    const allSkipped = skipped.filter((each) => each !== null)
    if (allSkipped.length === skipped.length)
      return { result: Promise.resolve({ events: allSkipped, checkpoint: null }) }
    return { result: admission.append().then((appended) => inOrder(appended, skipped)) }
  }
}

/** Receipts of what was recorded, between what the plan skipped. */
function inOrder({ receipts, checkpoint }: Appended, skipped: readonly (Skipped | null)[]): IngestResult {
  const recorded = receipts.values()
  return { events: skipped.map((each) => each ?? nextReceipt(recorded)), checkpoint }
}

function nextReceipt(receipts: Iterator<Receipt>): Receipt {
  const next = receipts.next()
  if (next.done === true)
    throw new TrailsealError('internal', 'The sequencer gave fewer receipts than events.')
  return next.value
}

function hasTimestamp(submitted: unknown): boolean {
  return (submitted as { readonly timestamp?: unknown }).timestamp !== undefined
}

function skippedByPlan({ id }: AuditEvent): Skipped {
  return { id: id ?? null, skipped: 'plan' }
}
