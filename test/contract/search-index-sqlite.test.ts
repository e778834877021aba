import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { Sqlite } from '../../src/drivers/sqlite/sqlite.ts'
import { documentRow } from '../../src/search/sqlite/columns.ts'
import { SqliteSearchIndex } from '../../src/search/sqlite/sqlite-search-index.ts'
import type { SearchDocument } from '../../src/search/search-index.ts'
import { InMemorySearchIndex } from './in-memory-search-index.ts'
import { documentOf, searchIndexContract } from './search-index.ts'

const MODULE = new URL('../../src/search/sqlite/search-procedures.ts', import.meta.url)

async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'trailseal-search-'))
  const file = join(folder, 'store.sqlite')
  const sqlite = await Sqlite.open({ file, modules: [MODULE] })
  return {
    file,
    sqlite,
    index: new SqliteSearchIndex(sqlite),
    async [Symbol.asyncDispose]() {
      await sqlite[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

searchIndexContract('SQLite', open)
searchIndexContract('the oracle of the property tests', () =>
  Promise.resolve({ index: new InMemorySearchIndex(), [Symbol.asyncDispose]: () => Promise.resolve() }),
)

const DOCUMENTS = ['ws', 'other'].flatMap((workspace) =>
  Array.from({ length: 300 }, (_, seq) =>
    documentOf(workspace, seq, { text: `word${seq} Überall common`, timestamp: seq % 7 }),
  ),
)

async function* batches(
  documents: readonly SearchDocument[] = DOCUMENTS,
): AsyncGenerator<readonly SearchDocument[]> {
  for (const same of Map.groupBy(documents, ({ workspace }) => workspace).values()) {
    yield same.slice(0, 100)
    yield same.slice(100)
  }
  await Promise.resolve()
}

/** Changes the file behind the index's back. */
function tamper(file: string, sql: string): void {
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
}

describe('the SQLite search index in its ledger', () => {
  test('documents committed with the ledger wait until a replay has come up to them', async () => {
    await using subject = await open()
    const { index, sqlite } = subject
    await sqlite.write(index.applyCalls([documentRow(documentOf('ws', 0))]))
    await index.clear('ws')
    await sqlite.write(index.applyCalls([documentRow(documentOf('ws', 1))]))
    expect(await index.position('ws')).toBe(0)
    await index.apply([documentOf('ws', 0)])
    await sqlite.write(index.applyCalls([documentRow(documentOf('ws', 1))]))
    expect(await index.position('ws')).toBe(2)
  })

  test('a full millisecond goes on in the next', async () => {
    await using subject = await open()
    const { index, file } = subject
    await index.apply([documentOf('ws', 0, { timestamp: 5 }), documentOf('ws', 1, { timestamp: 6 })])
    tamper(file, 'UPDATE search_event SET place = (6 << 20) - 1 WHERE seq = 0')
    await index.apply([documentOf('ws', 2, { timestamp: 5 }), documentOf('ws', 3, { timestamp: 6 })])
    expect((await index.columns('ws', 0, 9)).map(({ timestamp }) => timestamp)).toEqual([5, 6, 6, 6])
  })
})

describe('the check of the SQLite search index', () => {
  test('passes over what was indexed, while more comes in', async () => {
    await using subject = await open()
    const { index } = subject
    await index.apply(DOCUMENTS)
    async function* meanwhile() {
      yield* batches()
      await index.apply([documentOf('ws', 300, { text: 'later', timestamp: 3 })])
    }
    const report = await index.check(meanwhile())
    expect(report).toMatchObject({ events: 600, differences: [], strays: 0 })
    expect(report.tokens).toBeGreaterThan(600 * 15)
    expect(await index.integrity()).toEqual([])
  })

  test('an index that is made anew has no words of events that it does not have', async () => {
    await using subject = await open()
    const { index, file } = subject
    await index.apply(DOCUMENTS.filter(({ workspace }) => workspace === 'ws'))
    tamper(
      file,
      `INSERT INTO search_text(rowid, a_actor_email) VALUES (7 << 20, 'stray'), (-5, 'stray');
       DELETE FROM search_event WHERE seq IN (9, 299)`,
    )
    const own = DOCUMENTS.filter(({ workspace }) => workspace === 'ws')
    expect((await index.check(batches(own))).strays).toBeGreaterThanOrEqual(4)
    await index.clear('ws')
    await index.apply(own)
    expect(await index.check(batches(own))).toMatchObject({ differences: [], strays: 0 })
    expect(await index.integrity()).toEqual([])
  })

  test('names the events whose rows or words were changed', async () => {
    await using subject = await open()
    const { index, file } = subject
    await index.apply(DOCUMENTS)
    const { timestamp } = (await index.columns('ws', 8, 1))[0]!
    tamper(
      file,
      `UPDATE search_event SET action = 'x' WHERE workspace = 1 AND seq = 7;
       DELETE FROM search_text WHERE rowid = (SELECT place FROM search_event WHERE workspace = 1 AND seq = 8);
       INSERT INTO search_text(rowid, a_actor_email) VALUES (7 << 20, 'stray');
       DELETE FROM search_event WHERE workspace = 2 AND seq = 9`,
    )
    const report = await index.check(batches())
    expect(timestamp).toBe(1)
    expect(report.differences).toEqual([
      { workspace: 'ws', seq: 7, what: 'columns' },
      { workspace: 'other', seq: 9, what: 'missing' },
      { workspace: 'ws', seq: 8, what: 'tokens' },
    ])
    expect(report.strays).toBe(2)
  })

  test('finds one changed word, and an event that no document stands for', async () => {
    await using subject = await open()
    await subject.index.apply(DOCUMENTS)
    const changed = DOCUMENTS.filter(({ workspace, seq }) => workspace === 'ws' || seq !== 299).map(
      (document) =>
        document.workspace === 'ws' && document.seq === 42
          ? { ...document, texts: { ...document.texts, justification: 'word42 common uberall' } }
          : document,
    )
    const { differences } = await subject.index.check(batches(changed))
    expect(differences).toHaveLength(2)
    expect(differences).toEqual(
      expect.arrayContaining([
        { workspace: 'ws', seq: 42, what: 'tokens' },
        { workspace: 'other', seq: 299, what: 'tokens' },
      ]),
    )
  })
})
