import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openTrailseal } from '../../src/compose.ts'
import { readConfig } from '../../src/config/config.ts'
import type { StoreReport } from '../../src/integrity/store-report.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Whoever holds the file of the store can change it; nobody can do so without `verify --store` saying where. */
const original = temporaryDirectory()
const EVENTS = 700

function configOf(dataDir: string) {
  return readConfig({ TRAILSEAL_DATA_DIR: dataDir, LOG_LEVEL: 'silent' })
}

beforeAll(async () => {
  await using trailseal = await openTrailseal(configOf(original.path))
  await trailseal.administration.setWorkspace('acme', { plan: 'strategic' })
  const events = Array.from({ length: EVENTS }, (_, at) => ({
    id: `event-${at}`,
    timestamp: new Date(Date.UTC(2026, 0, 1) + at * 60_000).toISOString(),
    actor: { type: 'user', id: `u_${at % 7}`, email: `user${at % 7}@example.com` },
    action: at % 3 ? 'evidence.uploaded' : 'obligation.status_changed',
    resource: { type: 'FILE', id: `f_${at}`, name: `risk_assessment_${at}.pdf` },
    before: { status: 'gap' },
    after: { status: at % 2 ? 'partial' : 'covered' },
  }))
  for (let at = 0; at < EVENTS; at += 100) await trailseal.ingest.append('acme', events.slice(at, at + 100))
})

afterAll(() => original[Symbol.dispose]())

/** Verifies a copy of the store after something was done to it while no process had it open. */
async function verifyAfter(
  change: (database: DatabaseSync, directory: string) => void,
): Promise<StoreReport> {
  using copy = temporaryDirectory()
  cpSync(original.path, copy.path, { recursive: true })
  const database = new DatabaseSync(join(copy.path, 'trailseal.sqlite'))
  change(database, copy.path)
  database.close()
  await using trailseal = await openTrailseal(configOf(copy.path))
  return await trailseal.verification.verify()
}

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  const at = Math.floor(bit / 8) % bytes.length
  flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8))
  return flipped
}

describe('one changed bit is found, and the report says where', () => {
  test('an untouched store is fine', async () => {
    const report = await verifyAfter(() => undefined)
    expect(report).toMatchObject({ ok: true, findings: [] })
    expect(report.checked.entries).toBe(EVENTS + 1)
  })

  test.each([3, 1_001, 9_999, 31_337])('in an entry bundle (bit %d)', async (bit) => {
    const report = await verifyAfter((database) => {
      const row = database
        .prepare('SELECT key, bundle FROM ledger_entries ORDER BY key LIMIT 1 OFFSET 3')
        .get()
      const bundle = flipBit(row?.['bundle'] as Uint8Array, bit)
      database
        .prepare('UPDATE ledger_entries SET bundle = ? WHERE key = ?')
        .run(bundle, row?.['key'] as number)
    })
    expect(report.ok).toBe(false)
    const entries = report.findings.filter(({ what }) => what === 'entry')
    expect(entries.length).toBeGreaterThan(0)
    expect(entries.every(({ workspace, seq }) => workspace === 'acme' && seq !== undefined)).toBe(true)
  })

  test('in one event, recompressed so that it still looks right', async () => {
    const { zstdCompressSync, zstdDecompressSync } = await import('node:zlib')
    const report = await verifyAfter((database) => {
      for (const { key, bundle } of database
        .prepare('SELECT key, bundle FROM ledger_entries')
        .all() as unknown as { key: number; bundle: Uint8Array }[]) {
        const text = zstdDecompressSync(bundle).toString('latin1')
        if (!text.includes('"id":"event-423"')) continue
        const forged = text.replace(/("id":"f_423","name":"risk_assessment_)423/, '$1999')
        database
          .prepare('UPDATE ledger_entries SET bundle = ? WHERE key = ?')
          .run(zstdCompressSync(Buffer.from(forged, 'latin1')), key)
      }
    })
    expect(report.findings).toContainEqual(
      expect.objectContaining({ workspace: 'acme', what: 'entry', seq: 424, id: 'event-423' }),
    )
  })

  test.each([0, 4_000, 65_535])('in a full hash tile (bit %d)', async (bit) => {
    const report = await verifyAfter((database) => {
      const row = database.prepare('SELECT key, hashes FROM ledger_tile ORDER BY key LIMIT 1').get()
      database
        .prepare('UPDATE ledger_tile SET hashes = ? WHERE key = ?')
        .run(flipBit(row?.['hashes'] as Uint8Array, bit), row?.['key'] as number)
    })
    expect(report.findings).toContainEqual(expect.objectContaining({ what: 'tile', tile: 'tile/0/000' }))
    expect(report.findings.some(({ what }) => what === 'entry')).toBe(false)
  })

  test.each(['root', 'compact_range', 'last_leaf'])('in the head: %s', async (column) => {
    const report = await verifyAfter((database) => {
      const row = database.prepare(`SELECT ${column} AS value FROM ledger_head`).get()
      database.prepare(`UPDATE ledger_head SET ${column} = ?`).run(flipBit(row?.['value'] as Uint8Array, 77))
    })
    expect(report.findings).toContainEqual(expect.objectContaining({ what: 'head' }))
  })

  test('in the size of the head, in the checkpoint, and in its signature', async () => {
    const size = await verifyAfter((database) => database.exec('UPDATE ledger_head SET size = size - 1'))
    expect(size.ok).toBe(false)
    const checkpoint = await verifyAfter((database) =>
      database.exec(
        `UPDATE ledger_head SET checkpoint = replace(checkpoint, char(10) || ${EVENTS + 1}, char(10) || ${EVENTS})`,
      ),
    )
    expect(checkpoint.findings).toContainEqual(expect.objectContaining({ what: 'checkpoint' }))
    const signature = await verifyAfter((database) => {
      const text = String(database.prepare('SELECT checkpoint FROM ledger_head').get()?.['checkpoint'])
      const changed = text.slice(0, -8) + (text.at(-8) === 'A' ? 'B' : 'A') + text.slice(-7)
      database.prepare('UPDATE ledger_head SET checkpoint = ?').run(changed)
    })
    expect(signature.findings).toContainEqual(expect.objectContaining({ what: 'checkpoint' }))
  })

  test('in the projection: a filter, a time, a missing row, an additional one', async () => {
    const facet = await verifyAfter((database) =>
      database.exec("UPDATE search_event SET action = 'nothing.happened' WHERE seq = 300"),
    )
    expect(facet.findings).toEqual([expect.objectContaining({ what: 'index', workspace: 'acme', seq: 300 })])
    const missing = await verifyAfter((database) => database.exec('DELETE FROM search_event WHERE seq = 300'))
    expect(missing.findings).toContainEqual(expect.objectContaining({ what: 'index', seq: 300 }))
    const hidden = await verifyAfter((database) =>
      database.exec('DELETE FROM search_text WHERE rowid = (SELECT place FROM search_event WHERE seq = 300)'),
    )
    expect(hidden.findings).toContainEqual(expect.objectContaining({ what: 'index', seq: 300 }))
    const added = await verifyAfter((database) =>
      database.exec("INSERT INTO search_text(rowid, f_action) VALUES (12345, 'evidence uploaded')"),
    )
    expect(added.findings).toContainEqual(expect.objectContaining({ what: 'index' }))
  })

  test('in what the ledger keeps beside the entries: client ids, times of receipt', async () => {
    const changed = await verifyAfter((database) =>
      database.exec("UPDATE ledger_id SET seq = seq + 1 WHERE id = 'event-300'"),
    )
    expect(changed.findings).toContainEqual(
      expect.objectContaining({ what: 'ids', seq: 301, id: 'event-300' }),
    )
    const removed = await verifyAfter((database) =>
      database.exec("DELETE FROM ledger_id WHERE id = 'event-300'"),
    )
    expect(removed.findings).toContainEqual(expect.objectContaining({ what: 'ids', id: 'event-300' }))
    const added = await verifyAfter((database) =>
      database.exec("INSERT INTO ledger_id SELECT log, 'event-x', seq FROM ledger_id LIMIT 1"),
    )
    expect(added.findings).toContainEqual(expect.objectContaining({ what: 'ids' }))
    const received = await verifyAfter((database) =>
      database.exec(
        'UPDATE ledger_entries SET received_at = received_at + 64 WHERE key = (SELECT max(key) FROM ledger_entries)',
      ),
    )
    expect(received.findings).toContainEqual(expect.objectContaining({ what: 'received', workspace: 'acme' }))
  })

  test('events cut off from the end, with head and tiles made to fit an older state', async () => {
    using older = temporaryDirectory()
    cpSync(original.path, older.path, { recursive: true })
    {
      await using trailseal = await openTrailseal(configOf(original.path))
      await trailseal.ingest.append('acme', [
        { actor: { type: 'system' }, action: 'user.signed_in', resource: { type: 'USER' } },
      ])
    }
    const report = await verifyAfter((_database, directory) => {
      copyFileSync(join(older.path, 'trailseal.sqlite'), join(directory, 'trailseal.sqlite'))
    })
    expect(report.findings).toContainEqual(expect.objectContaining({ workspace: 'acme', what: 'published' }))
  })

  test('a whole log removed, with every trace of its workspace', async () => {
    const report = await verifyAfter((database) => {
      for (const table of [
        'ledger_log',
        'ledger_head',
        'ledger_entries',
        'ledger_tile',
        'ledger_id',
        'search_event',
        'search_workspace',
      ])
        database.exec(`DELETE FROM ${table}`)
    })
    expect(report.findings).toContainEqual(expect.objectContaining({ workspace: 'acme', what: 'published' }))
  })

  test('anywhere in the file: either it is reported or no row of any table has changed', async () => {
    using copy = temporaryDirectory()
    cpSync(original.path, copy.path, { recursive: true })
    const file = join(copy.path, 'trailseal.sqlite')
    const pristine = readFileSync(file)
    const rows = dump(file)
    let harmless = 0
    for (let round = 0; round < 12; round++) {
      const bit = Math.floor((round + Math.random()) * ((pristine.length * 8) / 12))
      writeFileSync(file, flipBit(pristine, bit))
      const verdict = await verdictOf(copy.path)
      if (verdict !== 'ok') continue
      harmless += 1
      expect({ bit, rows: dump(file) }).toEqual({ bit, rows })
    }
    // Unused bytes of a page exist, and are few.
    expect(harmless).toBeLessThan(6)
  }, 180_000)
})

async function verdictOf(dataDir: string): Promise<'ok' | 'found' | 'refused'> {
  try {
    await using trailseal = await openTrailseal(configOf(dataDir))
    return (await trailseal.verification.verify()).ok ? 'ok' : 'found'
  } catch {
    return 'refused'
  }
}

/** Every row of ledger and projection, the full-text instances included; verification's own notes are left out. */
function dump(file: string): string {
  const database = new DatabaseSync(file)
  try {
    const tables = [
      'ledger_log',
      'ledger_head',
      'ledger_entries',
      'ledger_tile',
      'ledger_id',
      'search_workspace',
      'search_event',
      'search_instance',
    ]
    return tables
      .map((table) => {
        const statement = database.prepare(`SELECT * FROM ${table}`)
        statement.setReadBigInts(true)
        return JSON.stringify(statement.all(), (_, value: unknown) =>
          typeof value === 'bigint'
            ? `${value}n`
            : value instanceof Uint8Array
              ? Buffer.from(value).toString('hex')
              : value,
        )
      })
      .join('\n')
  } catch (error) {
    return String(error)
  } finally {
    database.close()
  }
}
