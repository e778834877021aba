import { z } from 'zod'
import { TrailsealError } from '../../errors.ts'
import { loadSample } from '../../ingest/sample/load-sample.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { route, sendJson, type Route } from '../route.ts'

type Dependencies = Pick<HttpDependencies, 'workspaces' | 'ingest' | 'query' | 'clock'>

/** What the product itself writes into a log, and the sample history: everything else is somebody's history. */
const FOREIGN = 'NOT resource.type:(WORKSPACE OR TOKEN OR AUDIT_LOG) AND NOT metadata.sample:true'

/** A history to look at, for a log that has none of its own. */
export function sampleDataRoutes({ workspaces, ingest, query, clock }: Dependencies): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/workspaces/{workspace}/sample-data',
      summary:
        'Put a small made-up history (six weeks, every kind of event) into a log that has no events of a product yet (owner, admin). A second call adds nothing.',
      answers: {
        201: {
          description: 'Loaded, or there already.',
          type: 'application/json',
          schema: z.object({ added: z.int(), known: z.boolean() }),
        },
      },
      async handle({ response, principal, path }) {
        const workspace = path('workspace')
        await workspaces.show(principal, workspace)
        if (principal.role !== 'admin' && principal.role !== 'owner')
          throw new TrailsealError('forbidden', 'Sample data is loaded by owners of the workspace.')
        // Nothing leaves a log any more: made-up events next to real ones would stay for ever.
        const { total } = await query.events(principal, workspace, { q: FOREIGN, limit: 1 })
        if (total.value > 0)
          throw new TrailsealError(
            'forbidden',
            'This log has events of its own already: sample data is for an empty one.',
          )
        sendJson(response, 201, await loadSample({ ingest, clock }, workspace))
      },
    }),
  ]
}
