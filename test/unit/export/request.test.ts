import { expect, test } from '@jest/globals'
import { ExportEvents } from '../../../src/export/export-events.ts'
import type { ExportEvent } from '../../../src/export/export-events.ts'
import { requestExport, type ExportRequest } from '../../../src/export/request.ts'
import type { Job, Jobs } from '../../../src/jobs/jobs.ts'
import type { EventScan } from '../../../src/query/event-scan.ts'
import { principal } from '../../support/query-room.ts'

/** A log with so many matching events, and what a request for an export of it leaves behind. */
function room(matching: number) {
  const recorded: ExportEvent[] = []
  const enqueued: string[] = []
  const start = { at: 1, size: matching, checkpoint: 'note', firstSeq: 0, everything: true, access: 'a' }
  const scan: Pick<EventScan, 'start' | 'count'> = {
    start: () => Promise.resolve(start),
    count: () => Promise.resolve(matching),
  }
  const jobs: Pick<Jobs, 'list' | 'enqueue'> = {
    list: () => Promise.resolve(enqueued.map((id) => ({ id, finishedAt: null }) as Job)),
    enqueue: (job) => {
      enqueued.push(job.id)
      return Promise.resolve(job as Job)
    },
  }
  const events = new ExportEvents((_, event) => {
    recorded.push(event)
    return Promise.resolve()
  })
  const dependencies = {
    ...{ events, scan: scan as EventScan, jobs: jobs as Jobs },
    workspaces: { workspace: () => Promise.resolve(null) },
  }
  return {
    recorded,
    enqueued,
    ask: (request: ExportRequest) => requestExport(dependencies, principal('owner'), 'acme', request),
  }
}

test('a PDF of too many events is refused with advice, and leaves neither job nor record', async () => {
  const { ask, recorded, enqueued } = room(50_001)
  const refused = ask({ format: 'pdf', filters: {} })
  await expect(refused).rejects.toThrow('Choose a shorter time range')
  await expect(refused).rejects.toMatchObject({
    code: 'export_too_large',
  })
  expect([...recorded, ...enqueued]).toEqual([])
  await ask({ format: 'xlsx', filters: {} })
  expect(enqueued).toHaveLength(1)
  await room(50_000).ask({ format: 'pdf', filters: {} })
})

test('the fifty-first waiting export of a workspace is refused', async () => {
  const { ask, enqueued } = room(1)
  for (let each = 0; each < 50; each++) await ask({ format: 'csv', filters: {} })
  await expect(ask({ format: 'csv', filters: {} })).rejects.toMatchObject({ code: 'overloaded' })
  expect(enqueued).toHaveLength(50)
})

test('an id that somebody took beforehand does not keep an event out of the log', async () => {
  const recorded: ExportEvent[] = []
  const { TrailsealError } = await import('../../../src/errors.ts')
  const events = new ExportEvents((_, event) => {
    if (event.id !== undefined) return Promise.reject(new TrailsealError('id_conflict', 'taken'))
    recorded.push(event)
    return Promise.resolve()
  })
  const moment = { at: 1, size: 1 }
  const payload = {
    format: 'csv',
    filters: {},
    requester: principal('owner'),
    moment,
    firstSeq: 0,
    fileName: 'a.csv',
  }
  const job = { id: 'exp_1', workspace: 'acme', payload: payload as never }
  await events.completed(job, { rows: 1, bytes: 2, sha256: 'ab', expiresAt: 3 })
  expect(recorded).toMatchObject([{ action: 'export.completed', metadata: { rows: 1, sha256: 'ab' } }])
})
