import type { RedisClient, RedisConnection } from '../../drivers/redis/redis-connection.ts'
import type { Job, NewJob } from '../jobs.ts'
import type { HeldJob } from '../running-jobs.ts'
import { jobRecord } from './job-record.ts'
import { SCRIPTS } from './scripts.ts'

interface JobRecordsOptions {
  readonly redis: RedisConnection
  readonly prefix: string
  readonly leaseMs: number
  readonly ahead: () => number
}

type ScriptName = keyof typeof SCRIPTS
type Argument = string | number
type Command = (prefix: string, ...values: Argument[]) => Promise<unknown>

/** The jobs as Redis keeps them. Errors of all: `store_unavailable`. */
export class JobRecords {
  readonly #options: JobRecordsOptions

  constructor(options: JobRecordsOptions) {
    this.#options = options
    for (const [name, lua] of Object.entries(SCRIPTS))
      options.redis.client.defineCommand(commandName(name as ScriptName), { numberOfKeys: 1, lua })
  }

  async enqueue({ id, kind, workspace, payload }: NewJob): Promise<Job> {
    const job = toJob(await this.#run('enqueue', id, kind, workspace, JSON.stringify(payload)))
    if (job === null) throw new Error('an enqueued job was not there')
    return job
  }

  async get(id: string): Promise<Job | null> {
    return toJob(await this.#run('get', id))
  }

  async list(workspace: string, kind: string, limit: number): Promise<readonly Job[]> {
    return toJobs(await this.#run('list', kind, workspace, limit))
  }

  async endedBefore(kind: string, moment: number, limit: number): Promise<readonly Job[]> {
    return toJobs(await this.#run('endedBefore', kind, moment, limit))
  }

  async cancel(id: string, reason: string): Promise<boolean> {
    return (await this.#run('cancel', id, reason)) === 1
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#run('remove', id)) === 1
  }

  /** Whether a job of the kind could begin now. */
  async hasClaimable(kind: string, perWorkspace: number): Promise<boolean> {
    return toJob(await this.#run('claim', kind, perWorkspace, this.#options.leaseMs, 'look')) !== null
  }

  /** Begins the next job of the workspace that was served longest ago, unless that workspace has enough running. */
  async claim(kind: string, perWorkspace: number): Promise<HeldJob | null> {
    const { leaseMs } = this.#options
    const claimed = jobRecord((await this.#run('claim', kind, perWorkspace, leaseMs, 'take')) as string[])
    if (claimed === null) return null
    const { job, lease } = claimed
    const change = async (name: ScriptName, ...values: Argument[]): Promise<boolean> =>
      (await this.#run(name, job.id, lease, ...values)) === 1
    return {
      job,
      renew: (progress) => change('renew', progress, leaseMs),
      finish: (result) => change('finish', JSON.stringify(result)),
      giveUp: (reason) => change('giveUp', reason),
      retry: ({ error, pauseMs, uncounted }) => change('retry', error ?? '', pauseMs, uncounted),
    }
  }

  async #run(name: ScriptName, ...values: Argument[]): Promise<unknown> {
    const { redis, prefix, ahead } = this.#options
    return await redis.run((client) => command(client, name)(prefix, ahead(), ...values))
  }
}

function commandName(name: ScriptName): string {
  return `trailsealJobs${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`
}

/** `defineCommand` adds methods that no type knows of. */
function command(client: RedisClient, name: ScriptName): Command {
  const defined = (client as unknown as Record<string, Command>)[commandName(name)]
  if (defined === undefined) throw new Error(`the script ${name} is not defined`)
  return defined.bind(client)
}

function toJob(answer: unknown): Job | null {
  return jobRecord(answer as string[])?.job ?? null
}

function toJobs(answer: unknown): readonly Job[] {
  return (answer as string[][]).map(toJob).filter((job) => job !== null)
}
