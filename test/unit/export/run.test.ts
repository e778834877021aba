import { expect, test } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { writeExport, type RunDependencies } from '../../../src/export/run.ts'
import type { Job } from '../../../src/jobs/jobs.ts'
import { auditEvent, MemoryRoom, OWNER } from '../../support/query-room.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

test.each([-1, 1])(
  'an index that counts %i rows too many ends the export, and leaves no file',
  async (off) => {
    using directory = temporaryDirectory()
    const room = new MemoryRoom()
    await room.append('acme', ...Array.from({ length: 20 }, () => auditEvent({})))
    const { scan } = room
    const moment = await scan.start(OWNER, 'acme', {})
    const dependencies: RunDependencies = {
      scan: {
        start: scan.start.bind(scan),
        scan: scan.scan.bind(scan),
        release: scan.release.bind(scan),
        count: async (...asked) => (await scan.count(...asked)) + off,
      },
      stillValid: () => Promise.resolve(true),
      clock: { now: () => moment.at },
      origin: (workspace) => `log.example/${workspace}`,
      publicUrl: new URL('https://audit.example.com'),
      settings: () => Promise.reject(new Error('only PDF asks for them')),
      workFolder: directory.path,
    }
    const job = {
      ...{ id: 'exp_1', workspace: 'acme', attempt: 1 },
      payload: {
        format: 'ndjson',
        filters: {},
        requester: OWNER,
        moment,
        workspaceName: 'Acme',
        everything: true,
      },
    } as unknown as Job
    const run = { signal: new AbortController().signal, progress: () => undefined }
    await expect(writeExport(dependencies, job, run)).rejects.toMatchObject({
      code: 'index_lagging',
      message: 'The search index changed while the export was written.',
    })
    expect(readdirSync(directory.path)).toEqual([])
  },
)
