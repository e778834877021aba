import type { Clock } from '../clock.ts'
import { TrailsealError } from '../errors.ts'
import type { AuditEvent } from '../event/audit-event.ts'
import type { PreparedEvent } from '../event/prepared-event.ts'
import { Slices } from '../slices.ts'
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

interface IngestOptions {
  readonly sequencer: Appender
  readonly clock: Clock
  /** What the workspace's plan records. Throws `not_found` for an unknown workspace. */
  readonly plans: (workspace: string) => Promise<{ readonly apiEvents: boolean }>
}

/** How many events are prepared between two looks at the time. */
const EVENTS_PER_LOOK = 32

/** The stage between the wire formats and the sequencer: prepares submitted events and appends them, all or nothing. */
export class Ingest {
  private readonly options: IngestOptions

  constructor(options: IngestOptions) {
    this.options = options
  }

  /**
   * Settles when every event is in the log or skipped by plan. Throws `invalid_event`, `event_too_large`, `bad_request` for no event at
   * all, and whatever the plan look-up and the sequencer throw; then none of the events was recorded.
   */
  append(workspace: string, submitted: readonly unknown[]): Promise<IngestResult> {
    // Not awaited in one function: its frame would keep every submitted and prepared event until the commit.
    return this.admit(workspace, submitted).then(({ result }) => result)
  }

  private async admit(
    workspace: string,
    submitted: readonly unknown[],
  ): Promise<{ result: Promise<IngestResult> }> {
    if (submitted.length === 0) throw new TrailsealError('bad_request', 'The request holds no event.')
    const { apiEvents } = await this.options.plans(workspace)
    const admission = this.options.sequencer.open(workspace)
    const skipped: (Skipped | null)[] = []
    // Event by event from the wire to the sequencer, which keeps its bytes: thousands of prepared events never live at once.
    const preparation = new Preparation(submitted, this.options.clock.now())
    const slices = new Slices()
    while (!preparation.done) {
      const first = preparation.position
      for (const [at, event] of preparation.advance(EVENTS_PER_LOOK).entries()) {
        const isRecorded = apiEvents || event.category !== 'api'
        if (isRecorded) admission.add({ event, timestampGiven: hasTimestamp(submitted[first + at]) })
        skipped.push(isRecorded ? null : skippedByPlan(event))
      }
      if (slices.isOver()) await slices.next()
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
