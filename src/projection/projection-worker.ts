import { TrailsealError } from '../errors.ts'
import { handled } from '../handled.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { SearchDocument, SearchIndex } from '../search/search-index.ts'
import { CommittedBatches, type CommittedEntry } from './committed-batches.ts'
import { readFrom, replayedDocument, sealedDocument } from './projector.ts'

/** Neighbouring entries, and what they may take of the memory for replays, until it is disposed of. */
interface Gathered extends Disposable {
  /** Made whenever they are gone through: what waits here is the bytes of the entries, a tenth of what their objects would be. */
  readonly documents: Iterable<SearchDocument>
  readonly count: number
  /** The entry behind the last one. */
  readonly end: number
  /** Of the entries. */
  readonly bytes: number
}

/** How long a log is, and how much of it the index has. */
export interface LogProgress {
  readonly workspace: string
  readonly size: number
  readonly indexed: number
}

export interface ProjectionWorkerOptions {
  readonly ledger: Pick<Ledger, 'entries' | 'firstReceivedSince'>
  readonly search: Pick<SearchIndex, 'position' | 'apply'>
  /** Every log there is; what was committed a moment ago may be missing. */
  readonly survey: () => Promise<readonly LogProgress[]>
  readonly observe: {
    /** `workspace` null: the survey itself failed. */
    projectionFailed(workspace: string | null, error: unknown): void
  }
  readonly surveyEveryMs?: number
}

export interface ProjectionState {
  /** Entries that no index has, as of the last survey. */
  readonly lag: number
  /** Logs whose projection failed and is tried again. */
  readonly failing: number
  /** Why the index takes nothing at all, a sentence for people; null while it does. */
  readonly fault: string | null
}

/** A log that is behind, until it no longer is. */
interface Behind {
  /** Entries that are known to be in the ledger. */
  target: number
  failures: number
}

/** Logs that are written at the same time; most of them wait for the index's next refresh. */
const LOGS_AT_ONCE = 32
/** Of these, logs that are read from the ledger. */
const REPLAYS_AT_ONCE = 3
const MOST_ENTRIES = 8192
const FIRST_ENTRIES = 512
const BYTES_AT_ONCE = 8 * 1024 * 1024
const COMMITTED_BYTES = 64 * 1024 * 1024
const SURVEY_MS = 1000
/** About what it takes to write a small batch to the index, but for its refresh. */
const MOMENT_MS = 100
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000
/** A single failure is what a restart of the store looks like. */
const FAILURES_THAT_COUNT = 3
const DRAIN_MS = 2000
const ENDS_WITHIN_MS = 1000
const MOST_REMEMBERED = 10_000

/**
 * Keeps the index up with the ledger, in the background and beside any number of other processes that do the same: the same
 * entries give the same documents, and the index's own position says what is missing.
 *
 * What this process commits is projected from memory at once. What others commit is theirs to project; it is replayed from
 * the ledger here when a survey finds it where the survey before has found it, and so is everything at the start.
 * Dying at any point is safe: the next survey, anybody's, finds what is missing.
 */
export class ProjectionWorker implements AsyncDisposable {
  readonly #options: ProjectionWorkerOptions
  readonly #committed = new CommittedBatches(COMMITTED_BYTES)
  readonly #replays = new Permits(REPLAYS_AT_ONCE)
  readonly #stopped = new AbortController()
  readonly #behind = new Map<string, Behind>()
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  /** Where this process last left a log that it has projected. */
  readonly #left = new Map<string, number>()
  #lastSurvey: ReadonlyMap<string, number> | null = null
  #surveying: Promise<void> | null = null
  #lag = 0
  #surveyFault: string | null = null
  #storeFault: string | null = null
  #idle: (() => void) | null = null

  constructor(options: ProjectionWorkerOptions) {
    this.#options = options
  }

  /** Begins with the surveys. Commits that are handed over are projected with and without them. */
  start(): void {
    this.#surveying ??= this.#surveyForEver()
  }

  /** A commit of this process; told in the order of its log. */
  committed(workspace: string, size: number, entries: readonly CommittedEntry[]): void {
    this.#committed.add(workspace, entries)
    this.#want(workspace, size)
  }

  state(): ProjectionState {
    const failing = [...this.#behind.values()].filter(({ failures }) => failures >= FAILURES_THAT_COUNT)
    const fault = this.#surveyFault ?? (failing.length > 0 ? this.#storeFault : null)
    return { lag: this.#lag, failing: failing.length, fault }
  }

  /** Projects what was handed over, as far as that takes no longer than two seconds, and waits a second for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#behind.size > 0 && this.#storeFault === null) await this.#drained()
    this.#stopped.abort()
    const ended = new AbortController()
    const all = Promise.allSettled([...this.#running.values(), this.#surveying])
    await Promise.race([all.then(() => ended.abort()), pause(ENDS_WITHIN_MS, ended.signal)])
  }

  async #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<null>()
    this.#idle = () => resolve(null)
    const timer = setTimeout(this.#idle, DRAIN_MS)
    await promise
    clearTimeout(timer)
  }

  async #surveyForEver(): Promise<void> {
    let failures = 0
    while (!this.#stopped.signal.aborted) {
      const started = performance.now()
      try {
        this.#compare(await this.#options.survey())
        this.#surveyFault = null
        failures = 0
      } catch (error) {
        failures += 1
        this.#options.observe.projectionFailed(null, error)
        if (failures >= FAILURES_THAT_COUNT) this.#surveyFault = sentenceOf(error)
      }
      // Where there are so many logs that a survey takes long, it must not take a large part of the time.
      const took = performance.now() - started
      await pause(
        Math.max(this.#options.surveyEveryMs ?? SURVEY_MS, 4 * took, backoff(failures)),
        this.#stopped.signal,
      )
    }
  }

  #compare(logs: readonly LogProgress[]): void {
    const found = new Map<string, number>()
    let lag = 0
    for (const { workspace, size, indexed } of logs) {
      if (indexed >= size) continue
      lag += size - indexed
      found.set(workspace, indexed)
      const stands = this.#lastSurvey === null || this.#lastSurvey.get(workspace) === indexed
      if (stands || this.#left.get(workspace) === indexed) this.#want(workspace, size)
    }
    this.#lag = lag
    this.#lastSurvey = found
  }

  #want(workspace: string, size: number): void {
    const known = this.#behind.get(workspace)
    if (known) {
      known.target = Math.max(known.target, size)
      return
    }
    this.#behind.set(workspace, { target: size, failures: 0 })
    this.#queue(workspace)
  }

  #queue(workspace: string): void {
    if (this.#stopped.signal.aborted) return
    this.#waiting.add(workspace)
    for (const next of this.#waiting) {
      if (this.#running.size >= LOGS_AT_ONCE) return
      this.#waiting.delete(next)
      this.#running.set(next, this.#run(next))
    }
  }

  /** Never rejects. */
  async #run(workspace: string): Promise<void> {
    const log = this.#behind.get(workspace) ?? { target: 0, failures: 0 }
    try {
      for (let target = -1; target < log.target && !this.#stopped.signal.aborted;) {
        target = log.target
        await this.#catchUp(workspace, log)
      }
      this.#behind.delete(workspace)
      this.#storeFault = null
    } catch (error) {
      log.failures += 1
      if (isOfStore(error)) this.#storeFault = sentenceOf(error)
      this.#options.observe.projectionFailed(workspace, error)
      setTimeout(() => this.#queue(workspace), backoff(log.failures)).unref()
    }
    this.#running.delete(workspace)
    const [next] = this.#waiting
    if (next !== undefined) this.#queue(next)
    else if (this.#behind.size === 0) this.#idle?.()
  }

  /**
   * Own entries and those of others between them go to the index together: each time costs a refresh, and several processes at one log
   * must not wait for each other's.
   */
  async #catchUp(workspace: string, log: Behind): Promise<void> {
    let position = await this.#afterOthers(workspace)
    let next = await this.#gather(workspace, position, log.target, FIRST_ENTRIES)
    while (next !== null) {
      const { documents, count, end, bytes } = next
      // Entries are from a hundred bytes to 64 KiB long: what is in memory at once is bounded by what they were so far.
      const most = Math.min(MOST_ENTRIES, Math.max(1, Math.floor((BYTES_AT_ONCE * count) / bytes)))
      // What follows is read while the index writes these.
      const following = handled(this.#gather(workspace, end, log.target, most))
      try {
        await this.#options.search.apply(documents, position)
      } catch (error) {
        following.then((unwanted) => unwanted?.[Symbol.dispose]()).catch(() => undefined)
        throw error
      } finally {
        // Before the next ones are waited for: they may be waiting for this very room.
        next[Symbol.dispose]()
      }
      position = end
      log.failures = 0
      this.#remember(workspace, position)
      next = await following
    }
    // Drops what is behind, also where another process has projected it.
    this.#committed.next(workspace, position)
  }

  /** The index's position. Where entries of another process are next, it is given a moment to project them itself. */
  async #afterOthers(workspace: string): Promise<number> {
    const position = await this.#options.search.position(workspace)
    const next = this.#committed.next(workspace, position)
    if (next === null || next === position) return position
    await pause(MOMENT_MS, this.#stopped.signal)
    return await this.#options.search.position(workspace)
  }

  /** Documents from `position` on, before `end`; null where the ledger has nothing more. `most`: entries of one read from the ledger. */
  async #gather(workspace: string, position: number, end: number, most: number): Promise<Gathered | null> {
    if (position >= end || this.#stopped.signal.aborted) return null
    const runs: Run[] = []
    let [count, bytes, at] = [0, 0, position]
    const add = (run: Run): void => {
      runs.push(run)
      for (const entry of run.entries) bytes += entry.length
      count += run.entries.length
      at += run.entries.length
    }
    // Held until the documents are in the index: replays are bounded by what they have in memory.
    using permits = new DisposableStack()
    let isReplay = false
    while (at < end && count < MOST_ENTRIES && bytes < BYTES_AT_ONCE) {
      const own = this.#committed.from(workspace, at, MOST_ENTRIES - count)
      add({ entries: own.map(({ entry }) => entry), documentOf: sealedDocument })
      if (own.length > 0) continue
      if (!isReplay) permits.use(await this.#replays.take())
      isReplay = true
      const until = Math.min(end, this.#committed.next(workspace, at) ?? end)
      const { first, entries } = await readFrom(
        this.#options.ledger,
        workspace,
        at,
        Math.min(most, until - at),
      )
      if (entries.length === 0) break
      at = first
      add({ entries, documentOf: replayedDocument })
    }
    if (count === 0) return null
    const held = permits.move()
    const documents = documentsOf(workspace, runs)
    return { documents, count, end: at, bytes, [Symbol.dispose]: () => held.dispose() }
  }

  #remember(workspace: string, position: number): void {
    if (this.#left.size >= MOST_REMEMBERED) this.#left.clear()
    this.#left.set(workspace, position)
  }
}

/** Entries of one origin, and how documents are made of them. */
interface Run {
  readonly entries: readonly Uint8Array[]
  readonly documentOf: (workspace: string, entry: Uint8Array) => SearchDocument
}

function documentsOf(workspace: string, runs: readonly Run[]): Iterable<SearchDocument> {
  return {
    *[Symbol.iterator]() {
      for (const { entries, documentOf } of runs)
        for (const entry of entries) yield documentOf(workspace, entry)
    },
  }
}

/** So many may work at the same time; the others wait for their turn. */
class Permits {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async take(): Promise<Disposable> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return {
      [Symbol.dispose]: () => {
        const next = this.#waiting.shift()
        if (next) next()
        else this.#free += 1
      },
    }
  }
}

function backoff(failures: number): number {
  return failures === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1))
}

/** What fails because of one log must not be held against the index. */
function isOfStore(error: unknown): boolean {
  return error instanceof TrailsealError && error.code === 'store_unavailable'
}

function sentenceOf(error: unknown): string {
  return error instanceof TrailsealError
    ? error.message
    : 'The projection failed; the log of this process says why.'
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done, { once: true })
  })
}
