import { z } from 'zod'
import type { HttpDependencies } from '../dependencies.ts'
import { publicRoute, sendJson, type Answer, type Route } from '../route.ts'

const checksSchema = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), message: z.string().optional() })),
})

/** For whoever runs it: contract §10. Nothing here shows an event, a workspace or a token. */
export function operationRoutes({
  readiness,
  telemetry,
}: Pick<HttpDependencies, 'readiness' | 'telemetry'>): readonly Route[] {
  const checks = (description: string): Answer => ({
    description,
    type: 'application/json',
    schema: checksSchema,
  })
  return [
    publicRoute({
      method: 'get',
      path: '/healthz',
      summary: 'Whether the process answers.',
      answers: {
        200: { description: 'It does.', type: 'application/json', schema: z.object({ ok: z.literal(true) }) },
      },
      handle: ({ response }) => sendJson(response, 200, { ok: true }),
    }),
    publicRoute({
      method: 'get',
      path: '/readyz',
      summary: 'Whether everything it needs works, and what does not.',
      answers: { 200: checks('Ready.'), 503: checks('Something does not work.') },
      async handle({ response }) {
        const results = await readiness()
        const ready = results.every(({ ok, essential = true }) => ok || !essential)
        const checks = results.map(({ name, ok, message }) => ({
          ...{ name, ok },
          ...(message === undefined ? {} : { message }),
        }))
        sendJson(response, ready ? 200 : 503, { ready, checks })
      },
    }),
    publicRoute({
      method: 'get',
      path: '/metrics',
      summary: 'Metrics in the text format of Prometheus.',
      answers: { 200: { description: 'The metrics.', type: 'text/plain' } },
      async handle({ response }) {
        const { contentType, text } = await telemetry.exposition()
        response.set({ 'Content-Type': contentType, 'Cache-Control': 'no-store' }).send(text)
      },
    }),
  ]
}
