/** JSON, as payloads, results and progress are kept. */
export type JobValue =
  string | number | boolean | null | readonly JobValue[] | { readonly [key: string]: JobValue }

/**
 * `queued`: waits for its turn or its retry. `running`: a worker holds its lease. `done`, `failed`, `cancelled`: the end; nothing
 * leads out of these.
 */
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

export interface NewJob {
  /** Unique over all kinds; the caller's, so that enqueueing twice is one job. */
  readonly id: string
  /** What sort of work it is: `export`, `mail`. */
  readonly kind: string
  readonly workspace: string
  readonly payload: JobValue
}

export interface Job extends NewJob {
  readonly state: JobState
  /** 0 … 1. */
  readonly progress: number
  /** How often it was begun; a hand-over at shutdown does not count. */
  readonly attempt: number
  /** What `run` gave back; null before `done`. */
  readonly result: JobValue
  /** Why the last attempt failed, or why it was cancelled; a sentence for people. */
  readonly error: string | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly finishedAt: number | null
}

/** What a running job may do to its surroundings. */
export interface JobRun {
  /** Aborted when the job was cancelled, its lease was lost, or the worker stops: leave as soon as possible. */
  readonly signal: AbortSignal
  /** 0 … 1; cheap, kept with the next heartbeat. */
  readonly progress: (fraction: number) => void
}

export interface JobWork {
  /** Jobs that run at the same time in this worker. */
  readonly concurrency: number
  /** Jobs of one workspace that run at the same time in all workers together. */
  readonly perWorkspace: number
  /** Attempts, the first included. */
  readonly attempts: number
  /** Milliseconds until the next attempt, after the given one failed. */
  backoff(attempt: number): number
  /** Gives the result. May run again after a crash at any point: idempotent. */
  run(job: Job, context: JobRun): Promise<JobValue>
  /** Whether trying again is pointless. */
  isFinal(error: unknown): boolean
  /** Told before a job is given up as `failed`. Idempotent; when it throws it is told again later. */
  gaveUp(job: Job, error: unknown): Promise<void>
}

/** A worker; disposing it hands back what runs, so that another worker goes on at once. */
export type JobWorker = AsyncDisposable

/**
 * Port: work that outlives a request and a crash.
 *
 * Durability: a settled `enqueue` is on stable storage, and the job is run until it ends, over any number of restarts: a
 * worker holds a lease that it renews, and whose end makes the job free again. Retry: `enqueue` is idempotent by id; `run` is repeated
 * after a failure with growing pauses. Conflict: whoever lost a lease or was cancelled can't end the job any more, so only
 * one run ever does. Fairness: of the workspaces that wait, the one served longest ago is next. Errors: `store_unavailable`.
 */
export interface Jobs {
  /** The job as it is: with an id that exists, the job of before. */
  enqueue(job: NewJob): Promise<Job>
  get(id: string): Promise<Job | null>
  /** Newest first. */
  list(workspace: string, kind: string, limit: number): Promise<readonly Job[]>
  /** Ends a job that has not ended, with the reason as its error. False where it had ended, or there is none. */
  cancel(id: string, reason: string): Promise<boolean>
  /** Forgets a job that has ended. False where it has not, or there is none. */
  remove(id: string): Promise<boolean>
  /** Jobs of a kind that ended before this moment (milliseconds), oldest first. */
  endedBefore(kind: string, moment: number, limit: number): Promise<readonly Job[]>
  /** Runs jobs of a kind from now on. */
  work(kind: string, work: JobWork): JobWorker
}

/** 1, 2, 4 … seconds, at most `longestMs`. */
export function exponentialBackoff(attempt: number, longestMs: number): number {
  return Math.min(longestMs, 1_000 * 2 ** Math.min(attempt - 1, 20))
}
