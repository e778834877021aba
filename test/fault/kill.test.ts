import { describe, expect, test } from '@jest/globals'
import { openTrailseal } from '../../src/compose.ts'
import { readConfig } from '../../src/config/config.ts'
import { startGateway, type GatewayProcess } from '../support/gateway-process.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** 5 in CI; `npm run test:soak` runs 50. */
const ROUNDS = Number(process.env['TRAILSEAL_KILL_ROUNDS'] ?? 5)
const WRITERS = 6

interface Acknowledged {
  readonly id: string
  readonly seq: number
  readonly leafHash: string
}

/** Sends batches of varying size until the gateway is gone; each event has an id, so that the rest can be sent again. */
async function write(
  gateway: GatewayProcess,
  name: string,
  acknowledged: Acknowledged[],
  unanswered: string[][],
): Promise<void> {
  for (let batch = 0; ; batch++) {
    const ids = Array.from({ length: 1 + ((batch * 7) % 40) }, (_, at) => `${name}-${batch}-${at}`)
    if (!(await send(gateway, ids, acknowledged))) {
      unanswered.push(ids)
      return
    }
  }
}

async function send(
  gateway: GatewayProcess,
  ids: readonly string[],
  acknowledged: Acknowledged[],
): Promise<boolean> {
  const body = JSON.stringify(
    ids.map((id) => ({
      id,
      timestamp: '2026-11-23T12:00:00.000Z',
      actor: { type: 'user', id: 'u_1' },
      action: 'evidence.uploaded',
      resource: { type: 'FILE', id },
    })),
  )
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await gateway.fetch('/v1/workspaces/default/events', { method: 'POST', body, headers })
    if (response.status !== 201) return false
    const answer = (await response.json()) as { events: { id: string; seq: number; leaf_hash: string }[] }
    for (const { id, seq, leaf_hash: leafHash } of answer.events) acknowledged.push({ id, seq, leafHash })
    return true
  } catch {
    return false
  }
}

describe('kill -9 under load', () => {
  test(
    `${ROUNDS} rounds at random moments: nothing acknowledged is lost, nothing is twice, everything verifies`,
    async () => {
      using directory = temporaryDirectory()
      const acknowledged: Acknowledged[] = []
      let unanswered: string[][] = []
      let moments = 0
      for (let round = 0; round < ROUNDS; round++) {
        const gateway = await startGateway(directory.path)
        if (round === 0) {
          const body = JSON.stringify({ name: 'Default', plan: 'strategic' })
          await gateway.fetch('/v1/workspaces/default', {
            method: 'PUT',
            body,
            headers: { 'content-type': 'application/json' },
          })
        }
        // What got no answer before the last crash is sent again: it may be in the log or not, and must end up in it once.
        for (const ids of unanswered) expect(await send(gateway, ids, acknowledged)).toBe(true)
        unanswered = []
        const before = acknowledged.length
        const writers = Array.from({ length: WRITERS }, (_, at) =>
          write(gateway, `r${round}w${at}`, acknowledged, unanswered),
        )
        // The moment is a number of acknowledgements, not of milliseconds: there is load on every machine.
        const moment = before + 20 + Math.floor(Math.random() * 1500)
        while (acknowledged.length < moment) await new Promise(setImmediate)
        moments += moment - before
        await gateway.kill()
        await Promise.all(writers)
      }
      expect(moments).toBeGreaterThan(0)
      await expectWholeLog(directory.path, acknowledged)
    },
    60_000 + ROUNDS * 30_000,
  )
})

async function expectWholeLog(dataDir: string, acknowledged: readonly Acknowledged[]): Promise<void> {
  await using trailseal = await openTrailseal(
    readConfig({ TRAILSEAL_DATA_DIR: dataDir, LOG_LEVEL: 'silent' }),
  )
  const report = await trailseal.verification.verify()
  expect(report.findings).toEqual([])
  const size = report.logs[0]?.size ?? 0
  const ids = new Map<string, number>()
  for (let first = 0; first < size; first += 1000)
    for (const bytes of await trailseal.ledger.entries('default', first, Math.min(1000, size - first))) {
      const { id, seq } = JSON.parse(Buffer.from(bytes).toString()) as { id: string; seq: number }
      expect(ids.has(id)).toBe(false)
      ids.set(id, seq)
    }
  const lost = acknowledged.filter(({ id, seq }) => ids.get(id) !== seq)
  expect(lost).toEqual([])
}
