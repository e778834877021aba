import { z } from 'zod'
import { TrailsealError } from '../../errors.ts'
import { eventJsonSchema } from '../../event/schema.ts'
import type { IngestResult } from '../../ingest/ingest.ts'
import { Intake } from '../../ingest/native/intake.ts'
import { readSubmittedEvents } from '../../ingest/native/read-events.ts'
import type { Principal } from '../../workspaces/workspace-store.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { flagParameter } from '../parameters.ts'
import { route, sendJson, type Route } from '../route.ts'
import { receiptSchema } from '../schemas.ts'

type Dependencies = Pick<HttpDependencies, 'ingest' | 'proofs' | 'workspaces'>

/** Events in, as contract §5 has them. */
export function eventsInRoutes({ ingest, proofs, workspaces }: Dependencies): readonly Route[] {
  const one = eventJsonSchema()
  const intake = new Intake()
  return [
    route({
      method: 'post',
      path: '/v1/workspaces/{workspace}/events',
      summary: 'Append events: all of them or none. What is answered 201 is durable and in the log.',
      query: z.strictObject({ proofs: flagParameter.optional() }),
      consumes: {
        'application/json': { anyOf: [one, { type: 'array', items: one, minItems: 1 }] },
        'application/x-ndjson': { type: 'string', description: 'One event a line.' },
      },
      answers: { 201: { description: 'Durable.', type: 'application/json', schema: receiptSchema } },
      async handle({ request, response, principal, query, path }) {
        const workspace = path('workspace')
        requireAppend(principal, workspace)
        // Before the body is read: nobody sends 32 MiB to learn that there is no such workspace.
        await workspaces.lookup(workspace)
        // `destroyOnReturn` off: a refused body must not cut the connection before the answer is out.
        const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
        using place = intake.open()
        const result = await ingest.append(workspace, await readSubmittedEvents(body, request.headers, place))
        const texts = query.proofs ? await proofsOf(result, (seqs) => proofs(workspace, seqs)) : null
        sendJson(response, 201, shownReceipt(result, texts))
      },
    }),
  ]
}

/** Ingest tokens append to their workspace, or to any when they have none; admins to any. Others read. */
function requireAppend({ role, workspace }: Principal, wanted: string): void {
  if (workspace !== null && workspace !== wanted)
    throw new TrailsealError('not_found', 'There is no such workspace for this token.')
  if (role !== 'ingest' && role !== 'admin')
    throw new TrailsealError('forbidden', 'Only tokens with role ingest or admin append events.')
}

type ProofOf = ReadonlyMap<number, string>

async function proofsOf(
  result: IngestResult,
  prove: (seqs: readonly number[]) => Promise<readonly string[]>,
): Promise<ProofOf> {
  const seqs = result.events.flatMap((event) => ('seq' in event ? [event.seq] : []))
  const texts = seqs.length === 0 ? [] : await prove(seqs)
  return new Map(texts.map((text, index) => [seqs[index] ?? -1, text]))
}

function shownReceipt({ events, checkpoint }: IngestResult, proofs: ProofOf | null): object {
  const shown = events.map((event) => {
    if (!('seq' in event)) return event
    const leafHash = Buffer.from(
      event.leafHash.buffer,
      event.leafHash.byteOffset,
      event.leafHash.byteLength,
    ).toString('base64')
    const proof = proofs?.get(event.seq)
    return {
      id: event.id,
      seq: event.seq,
      leaf_hash: leafHash,
      ...(event.known ? { known: true } : {}),
      ...(proof === undefined ? {} : { proof }),
    }
  })
  return { events: shown, checkpoint }
}
