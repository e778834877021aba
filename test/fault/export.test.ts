import { cpSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { systemClock } from '../../src/clock.ts'
import type { ShownExport } from '../../src/export/export-job.ts'
import { ownPdfIdentity } from '../../src/export/pdf-identity.ts'
import { startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** One workspace a format, because a workspace runs one export at a time. */
const FORMATS = ['ndjson', 'csv', 'xlsx', 'pdf'] as const
/** So many that none is done before it can be killed: the quick ones have more. */
const EVENTS = { ndjson: 24_000, csv: 24_000, xlsx: 6_000, pdf: 2_000 } as const

const lines = (count: number): string =>
  Array.from({ length: count }, (_, number) =>
    JSON.stringify({
      timestamp: new Date(Date.parse('2026-11-01T00:00:00Z') + number * 1_000).toISOString(),
      actor: { type: 'user', id: 'u_ada', name: 'Ада Лавлейс' },
      action: 'evidence.uploaded',
      resource: { type: 'FILE', id: `f_${number}`, name: `審査 ${number}.pdf` },
      before: { status: 'gap' },
      after: { status: 'partial' },
    }),
  ).join('\n')

async function fill(gateway: GatewayProcess, workspace: (typeof FORMATS)[number]): Promise<void> {
  const plan = { method: 'PUT', body: JSON.stringify({ name: workspace, plan: 'command' }) }
  await gateway.fetch(`/v1/workspaces/${workspace}`, {
    ...plan,
    headers: { 'content-type': 'application/json' },
  })
  const headers = { 'content-type': 'application/x-ndjson' }
  const path = `/v1/workspaces/${workspace}/events`
  expect(
    (await gateway.fetch(path, { method: 'POST', body: lines(EVENTS[workspace]), headers })).status,
  ).toBe(201)
}

async function requestAll(gateway: GatewayProcess): Promise<void> {
  for (const format of FORMATS) {
    const path = `/v1/workspaces/${format}/exports`
    const headers = { 'content-type': 'application/json' }
    const response = await gateway.fetch(path, { method: 'POST', body: JSON.stringify({ format }), headers })
    expect(response.status).toBe(202)
  }
}

async function shown(gateway: GatewayProcess, workspace: string): Promise<ShownExport> {
  const response = await gateway.fetch(`/v1/workspaces/${workspace}/exports`)
  const { exports } = (await response.json()) as { exports: ShownExport[] }
  return exports[0]!
}

async function allDone(gateway: GatewayProcess): Promise<readonly ShownExport[]> {
  return await Promise.all(
    FORMATS.map(async (format) => {
      for (;;) {
        const now = await shown(gateway, format)
        if (now.status === 'done' || now.status === 'failed') return now
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }),
  )
}

/** Kills the process while files of at least two more exports are being written. */
async function killInTheMiddle(dataDir: string, killed: Set<string>): Promise<void> {
  const gateway = await startGateway(dataDir)
  const folder = join(dataDir, 'exports-in-work')
  const before = killed.size
  while (killed.size < Math.min(before + 2, FORMATS.length)) {
    const names = existsSync(folder) ? readdirSync(folder) : []
    for (const name of names.filter((each) => statSync(join(folder, each), { throwIfNoEntry: false })))
      killed.add(name.split('.')[0] ?? '')
    await new Promise(setImmediate)
  }
  await gateway.kill()
}

test('a gateway that is killed in the middle of each format ends them with the same bytes as an undisturbed one', async () => {
  using directory = temporaryDirectory()
  const disturbed = join(directory.path, 'disturbed')
  const undisturbed = join(directory.path, 'undisturbed')
  // made at the first PDF, it would be another one in each copy
  await ownPdfIdentity(disturbed, 'Trailseal of the tests', systemClock)
  const gateway = await startGateway(disturbed, { TRAILSEAL_ROLES: 'gateway' })
  for (const workspace of FORMATS) await fill(gateway, workspace)
  await requestAll(gateway)
  await gateway.kill()
  cpSync(disturbed, undisturbed, { recursive: true })

  const killed = new Set<string>()
  while (killed.size < FORMATS.length) await killInTheMiddle(disturbed, killed)
  const [again, once] = [await startGateway(disturbed), await startGateway(undisturbed)]
  const [afterKills, expected] = await Promise.all([allDone(again), allDone(once)])
  await Promise.all([again.kill(), once.kill()])

  expect(expected.map(({ status, format }) => ({ status, format }))).toEqual(
    FORMATS.map((format) => ({ status: 'done', format })),
  )
  expect([...killed].sort()).toEqual(expected.map(({ id }) => id).sort())
  const facts = ({ id, sha256, rows, bytes }: ShownExport): object => ({ id, sha256, rows, bytes })
  expect(afterKills.map(facts)).toEqual(expected.map(facts))
  expect(readdirSync(join(disturbed, 'exports-in-work'))).toEqual([])
}, 120_000)
