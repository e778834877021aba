import { z } from 'zod'
import type { HttpDependencies } from '../dependencies.ts'
import { route, sendJson, sendText, type Route } from '../route.ts'

const WORKSPACE = '/v1/workspaces/{workspace}'
const TEXT = (description: string) => ({ 200: { description, type: 'text/plain' } })

const integritySchema = z.object({
  origin: z.string(),
  size: z.int(),
  root: z.string(),
  checkpoint: z.string(),
  index_lag: z.int(),
  first_seq: z.int().meta({ description: "First entry that the plan's window still shows." }),
  last_verification: z
    .object({ at: z.string(), result: z.enum(['ok', 'failed']), size: z.int(), message: z.string() })
    .nullable(),
})

/** The log itself, byte for byte as C2SP tlog-tiles has it (contract §8), and what is known of its state. */
export function logRoutes({ query: facade }: Pick<HttpDependencies, 'query'>): readonly Route[] {
  return [
    route({
      method: 'get',
      path: `${WORKSPACE}/integrity`,
      summary: 'Size, root, latest checkpoint, last verification, lag of the search index.',
      answers: {
        200: { description: 'The state of the log.', type: 'application/json', schema: integritySchema },
      },
      async handle({ response, principal, path }) {
        sendJson(response, 200, await facade.integrity(principal, path('workspace')))
      },
    }),
    route({
      method: 'get',
      path: `${WORKSPACE}/log/checkpoint`,
      summary: 'Latest checkpoint (C2SP tlog-checkpoint).',
      answers: TEXT('A signed note.'),
      async handle({ response, principal, path }) {
        sendText(response, await facade.checkpoint(principal, path('workspace')))
      },
    }),
    route({
      method: 'get',
      path: `${WORKSPACE}/log/vkey`,
      summary: 'Key that checks the checkpoints (C2SP signed-note vkey).',
      answers: TEXT('A vkey.'),
      async handle({ response, principal, path }) {
        sendText(response, `${await facade.vkey(principal, path('workspace'))}\n`)
      },
    }),
    route({
      method: 'get',
      path: `${WORKSPACE}/log/tile/{+tile}`,
      summary: 'Hash tile `L/N[.p/W]` or entry bundle `entries/N[.p/W]` (C2SP tlog-tiles).',
      answers: {
        200: { description: 'The tile.', type: 'application/octet-stream' },
        410: { description: 'The retention of these entries has ended; their hashes stay.' },
      },
      async handle({ response, principal, path }) {
        const tile = path('tile')
        const bytes = await facade.tile(principal, path('workspace'), `tile/${tile}`)
        response
          .status(200)
          .set({ 'Content-Type': 'application/octet-stream', 'Cache-Control': cacheControl(tile) })
          .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      },
    }),
  ]
}

/** A full hash tile never changes. A partial one is soon replaced, and entries end with their retention. */
function cacheControl(tile: string): string {
  const forEver = !tile.includes('.p/') && !tile.startsWith('entries/')
  return forEver ? 'private, max-age=31536000, immutable' : 'no-store'
}
