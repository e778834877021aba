/**
 * Sends events from a program: a batch is all or nothing, an id of one's own makes a retry harmless, and what is
 * refused says why (RFC 9457).
 *
 *     TRAILSEAL_TOKEN=$(npx trailseal token create --role ingest --workspace default) npx node examples/send-event.ts
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'

const url = process.env['TRAILSEAL_URL'] ?? 'http://localhost:8787'
const workspace = process.env['TRAILSEAL_WORKSPACE'] ?? 'default'
const token = process.env['TRAILSEAL_TOKEN']
if (token === undefined) throw new Error('Set TRAILSEAL_TOKEN to a token with role ingest')

interface Appended {
  readonly events: readonly { readonly id: string; readonly seq: number; readonly leaf_hash: string }[]
  /** Signed note that covers all of them: keep it, and nobody can deny these events later. */
  readonly checkpoint: string
}

/** Sends until it is answered 201: 429 and 503 say after how many seconds a retry makes sense. */
async function send(events: readonly object[]): Promise<Appended> {
  for (;;) {
    const response = await fetch(`${url}/v1/workspaces/${workspace}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(events),
    })
    if (response.status === 201) return (await response.json()) as Appended
    if (response.status !== 429 && response.status !== 503) throw new Error(await response.text())
    await wait(1000 * Number(response.headers.get('retry-after') ?? 1))
  }
}

const review = (id: string, before: string, after: string) => ({
  id,
  timestamp: new Date().toISOString(),
  actor: { type: 'user', id: 'u_7', email: 'a@example.com' },
  action: 'obligation.status_changed',
  resource: { type: 'OBLIGATION', id: 'o_1', name: 'Art. 13' },
  before: { status: before },
  after: { status: after },
})

const { events, checkpoint } = await send([
  review(randomUUID(), 'gap', 'partial'),
  review(randomUUID(), 'partial', 'covered'),
])
for (const { id, seq, leaf_hash } of events) console.log(`entry ${seq}  ${id}  ${leaf_hash}`)
console.log(checkpoint)
