import type { Response } from 'express'
import type { HttpDependencies, Verifications } from '../dependencies.ts'
import { toProblem, toTrailsealError } from '../problem.ts'
import { route, type Route } from '../route.ts'

/** A line at least so often keeps proxies from closing the connection. */
const HEARTBEAT_MS = 10_000
const PROGRESS_EVERY_MS = 500

interface VerificationOptions extends Pick<HttpDependencies, 'verifications'> {
  /** Aborted at shutdown. */
  readonly ending: AbortSignal
}

type OnProgress = Parameters<ReturnType<Verifications['begin']>>[0]

/** What `trailseal verify --store` does, by the gateway itself: for whoever has no access to the store (contract §1, `verify --url`). */
export function verificationRoutes({ verifications, ending }: VerificationOptions): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/verifications',
      summary: 'Verifies the whole store of this gateway: logs, search index, documents beside them. Admins.',
      answers: {
        200: {
          description:
            'NDJSON: lines with `progress` (`step`, `done`, `total` or null), then one with `report` or `problem`.',
          type: 'application/x-ndjson',
        },
      },
      async handle({ response, principal }) {
        const run = verifications.begin(principal)
        response.status(200).set({
          'Content-Type': 'application/x-ndjson; charset=utf-8',
          'Cache-Control': 'no-store',
          'X-Accel-Buffering': 'no',
        })
        await answer(response, (onProgress) => run(onProgress, ending))
      },
    }),
  ]
}

/** A caller that is gone changes nothing: how it ended is kept with each workspace. */
async function answer(response: Response, run: (onProgress: OnProgress) => Promise<object>): Promise<void> {
  const write = (line: object): void => {
    if (!response.destroyed) response.write(`${JSON.stringify(line)}\n`)
  }
  let progress: object = { progress: { step: 'start', done: 0, total: null } }
  let nextAt = 0
  let lastStep = ''
  write(progress)
  const heartbeat = setInterval(() => write(progress), HEARTBEAT_MS)
  try {
    const report = await run((step, done, total) => {
      progress = { progress: { step, done, total } }
      if (step === lastStep && performance.now() < nextAt) return
      lastStep = step
      nextAt = performance.now() + PROGRESS_EVERY_MS
      write(progress)
    })
    write({ report })
  } catch (error) {
    write({ problem: toProblem(toTrailsealError(error), null) })
  } finally {
    clearInterval(heartbeat)
    response.end()
  }
}
