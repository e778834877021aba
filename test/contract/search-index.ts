import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseQuery } from '../../src/search/query-parser.ts'
import type { Query } from '../../src/search/query-syntax.ts'
import type { PageRequest, SearchDocument, SearchIndex } from '../../src/search/search-index.ts'
import { normalise, pathToken, VALUE_BREAK } from '../../src/search/tokenizer.ts'
import { totalOf } from '../support/total-of.ts'

export interface SearchIndexUnderTest extends AsyncDisposable {
  readonly index: SearchIndex
}

/** A small document: free text, one action, one field under `after`. */
export function documentOf(
  workspace: string,
  seq: number,
  parts: Partial<Record<'text' | 'action' | 'actor' | 'status', string>> & { timestamp?: number } = {},
): SearchDocument {
  const { text = '', action = 'file.read', actor = 'u_1', status = 'Gap', timestamp = seq * 1000 } = parts
  return {
    workspace,
    seq,
    timestamp,
    texts: {
      action: normalise(action),
      'actor.id': normalise(actor),
      justification: normalise(text),
      after: normalise(status),
      other: `one ${VALUE_BREAK} two`,
    },
    paths: pathToken('after.status', normalise(status)),
    exact: { id: [`seq_${seq}`], action: [action], actor: [actor], outcome: ['success'] },
  }
}

/** Every adapter of the port runs this. */
export function searchIndexContract(name: string, open: () => Promise<SearchIndexUnderTest>): void {
  describe(`${name} is a search index`, () => {
    let subject: SearchIndexUnderTest
    let index: SearchIndex
    beforeEach(async () => {
      subject = await open()
      index = subject.index
    })
    afterEach(async () => {
      await subject[Symbol.asyncDispose]()
    })

    const request = (query: string | Query, more: Partial<PageRequest> = {}): PageRequest => ({
      workspace: 'ws',
      query: typeof query === 'string' ? parseQuery(query) : query,
      firstSeq: 0,
      order: 'timestamp',
      direction: 'desc',
      limit: 50,
      after: null,
      ...more,
    })
    const seqs = async (query: string | Query, more: Partial<PageRequest> = {}) =>
      (await index.page(request(query, more))).map(({ seq }) => seq)

    test('an empty index answers everything with nothing', async () => {
      expect(await index.position('ws')).toBe(0)
      expect(await seqs('')).toEqual([])
      expect(await totalOf(index, request(''))).toEqual({ value: 0, relation: 'eq' })
      expect(await index.facet(request(''), 'action', 10)).toEqual([])
      expect(await index.histogram(request(''), 1000)).toEqual([])
      expect(await index.extent(request(''))).toBeNull()
    })

    test('finds words, phrases, prefixes, fields, paths and exact values', async () => {
      await index.apply([
        documentOf('ws', 0, { text: 'Risk assessment of the vacuum robot', action: 'evidence.uploaded' }),
        documentOf('ws', 1, { text: 'assessment, risk', status: 'Partial' }),
        documentOf('ws', 2, { text: 'Überprüfung', action: 'evidence.Uploaded', actor: 'u 1' }),
      ])
      expect(await seqs('risk')).toEqual([1, 0])
      expect(await seqs('"risk assessment"')).toEqual([0])
      expect(await seqs('ass*')).toEqual([1, 0])
      expect(await seqs('a*')).toEqual([1, 0])
      expect(await seqs('"risk a"*')).toEqual([0])
      expect(await seqs('uberpruf*')).toEqual([2])
      expect(await seqs('v* ro*')).toEqual([0])
      expect(await seqs('uber*')).toEqual([2])
      expect(await seqs('action:uploaded')).toEqual([2, 0])
      expect(await seqs('justification:uploaded')).toEqual([])
      expect(await seqs('after.Status:partial')).toEqual([1])
      expect(await seqs('after.other:partial')).toEqual([])
      expect(await seqs('after:partial')).toEqual([1])
      expect(await seqs('action:="evidence.uploaded"')).toEqual([0])
      expect(await seqs('actor:="u 1"')).toEqual([2])
      expect(await seqs('id:seq_1')).toEqual([1])
      expect(await seqs('risk -vacuum')).toEqual([1])
      expect(await seqs('NOT risk')).toEqual([2])
      expect(await seqs('vacuum OR NOT risk')).toEqual([2, 0])
    })

    test('no word is found through keys, filters or the border between two values', async () => {
      await index.apply([documentOf('ws', 0)])
      expect(await seqs('status OR success OR seq OR w1 OR "one two"')).toEqual([])
      expect(await seqs('one two')).toEqual([0])
    })

    test('text that looks like syntax of a store stays text', async () => {
      await index.apply([documentOf('ws', 0, { text: 'near(a b) {x}: "or" -1 \'; DROP' })])
      for (const text of ['"near(a b)"', '"{x}: \\"or\\""', `"'; drop"`, 'near'])
        expect(await seqs(text)).toEqual([0])
      expect(
        await seqs({ type: 'exact', field: 'action', values: ['" OR "', "'", 'file.read OR x'] }),
      ).toEqual([])
    })

    test('exact values are told apart byte by byte', async () => {
      const values = [
        'a b',
        'A b',
        'a^b',
        'a^^b',
        'a\tb',
        'a\u0000b',
        'é',
        'e\u0301',
        'É',
        '',
        ' ',
        '*',
        'x'.repeat(2000),
        `${'x'.repeat(1999)}X`,
        '\ud800',
        '\ufffd',
      ]
      await index.apply(values.map((action, seq) => documentOf('ws', seq, { action })))
      for (const [seq, action] of values.entries())
        expect(await seqs({ type: 'exact', field: 'action', values: [action] })).toEqual([seq])
    })

    test('ranges include both ends, at the top and inside OR and NOT', async () => {
      await index.apply(
        [0, 1, 2, 3, 4].map((seq) => documentOf('ws', seq, { text: seq % 2 ? 'odd' : 'even' })),
      )
      expect(await seqs('seq:[1 TO 3]')).toEqual([3, 2, 1])
      expect(await seqs('seq:[3 TO *] odd')).toEqual([3])
      expect(await seqs('timestamp:[1970-01-01T00:00:01Z TO 1970-01-01T00:00:02Z]')).toEqual([2, 1])
      expect(await seqs('-seq:[1 TO 3]')).toEqual([4, 0])
      expect(await seqs('odd OR timestamp:[1970-01-01T00:00:04Z TO *]')).toEqual([4, 3, 1])
      expect(await seqs('(even seq:[2 TO *]) OR (odd -timestamp:1970-01-01T00:00:01Z)')).toEqual([4, 3, 2])
      expect(await seqs('seq:[3 TO 1]')).toEqual([])
      expect(await seqs({ type: 'range', field: 'timestamp', from: -5, to: 2 ** 60 })).toHaveLength(5)
    })

    test('reads by time then seq, in both directions, and on behind any event', async () => {
      const times = [5, 3, 5, 5, 1, 3]
      await index.apply(times.map((timestamp, seq) => documentOf('ws', seq, { timestamp })))
      const expected = [3, 2, 0, 5, 1, 4]
      expect(await seqs('')).toEqual(expected)
      expect(await seqs('', { direction: 'asc' })).toEqual(expected.toReversed())
      for (const direction of ['desc', 'asc'] as const) {
        const all = direction === 'desc' ? expected : expected.toReversed()
        for (const [at, seq] of all.entries())
          expect(await seqs('', { direction, limit: 2, after: { timestamp: times[seq]!, seq } })).toEqual(
            all.slice(at + 1, at + 3),
          )
      }
    })

    test('goes on behind an event that it does not have', async () => {
      await index.apply([0, 2, 4].map((seq) => documentOf('ws', seq, { timestamp: 7 })))
      expect(await seqs('', { after: { timestamp: 7, seq: 3 } })).toEqual([2, 0])
      expect(await seqs('', { direction: 'asc', after: { timestamp: 7, seq: 3 } })).toEqual([4])
      expect(await seqs('', { after: { timestamp: 6, seq: 9 } })).toEqual([])
    })

    test('reads in the order of the log', async () => {
      await index.apply(
        [9, 1, 8, 2, 7].map((timestamp, seq) =>
          documentOf('ws', seq, { timestamp, text: seq === 3 ? '' : 'x' }),
        ),
      )
      expect(await seqs('x', { order: 'seq', direction: 'asc' })).toEqual([0, 1, 2, 4])
      expect(await seqs('x', { order: 'seq', direction: 'desc', limit: 2 })).toEqual([4, 2])
      expect(
        await seqs('', { order: 'seq', direction: 'asc', after: { timestamp: 0, seq: 1 }, limit: 2 }),
      ).toEqual([2, 3])
      expect(await seqs('', { order: 'seq', direction: 'desc', after: { timestamp: 0, seq: 1 } })).toEqual([
        0,
      ])
    })

    test('entries before the window are invisible to everything', async () => {
      await index.apply([0, 1, 2].map((seq) => documentOf('ws', seq)))
      const window = { firstSeq: 2 }
      expect(await seqs('', window)).toEqual([2])
      expect(await seqs('NOT nothing OR seq:[0 TO 1]', window)).toEqual([2])
      expect(await seqs('', { ...window, order: 'seq' })).toEqual([2])
      expect(await totalOf(index, request('', window))).toEqual({ value: 1, relation: 'eq' })
      expect(await index.facet(request('', window), 'action', 9)).toEqual([{ key: 'file.read', count: 1 }])
      expect(await index.histogram(request('', window), 1000)).toEqual([{ key: 2000, count: 1 }])
      expect(await index.extent(request('', window))).toEqual({ from: 2000, to: 2000 })
    })

    test('workspaces do not see each other', async () => {
      await index.apply([documentOf('ws', 0)])
      await index.apply([documentOf('other', 0), documentOf('other', 1)])
      expect(await seqs('')).toEqual([0])
      expect(await seqs('NOT nothing')).toEqual([0])
      const action: Query = { type: 'exact', field: 'action', values: ['file.read'] }
      const two: Query = { type: 'words', field: null, tokens: ['two'], prefix: false }
      for (const query of [
        action,
        { type: 'and', parts: [two, action] },
        { type: 'or', parts: [two, action] },
        { type: 'and', parts: [action, { type: 'not', part: { ...action, values: ['file.write'] } }] },
      ] satisfies Query[]) {
        expect(await seqs(query)).toEqual([0])
        expect(await totalOf(index, request(query))).toEqual({ value: 1, relation: 'eq' })
      }
      expect(await totalOf(index, request('', { workspace: 'other' }))).toEqual({ value: 2, relation: 'eq' })
      expect(await index.facet(request(''), 'actor', 9)).toEqual([{ key: 'u_1', count: 1 }])
    })

    test('counts by value, most frequent first, then by value', async () => {
      const actions = ['b.x', 'a.x', 'b.x', 'c.x', 'A.x']
      await index.apply(actions.map((action, seq) => documentOf('ws', seq, { action })))
      expect(await index.facet(request(''), 'action', 3)).toEqual([
        { key: 'b.x', count: 2 },
        { key: 'A.x', count: 1 },
        { key: 'a.x', count: 1 },
      ])
      expect(await index.facet(request(''), 'verb', 3)).toEqual([])
      expect(await index.histogram(request(''), 2000)).toEqual([
        { key: 0, count: 2 },
        { key: 2000, count: 2 },
        { key: 4000, count: 1 },
      ])
    })

    test('totals are exact up to 10,000', async () => {
      await index.apply(Array.from({ length: 10_001 }, (_, seq) => documentOf('ws', seq, { text: 'x' })))
      expect(await totalOf(index, request('x'))).toEqual({ value: 10_000, relation: 'gte' })
      expect(await totalOf(index, request('x', { firstSeq: 1 }))).toEqual({ value: 10_000, relation: 'eq' })
      expect(await totalOf(index, request('x seq:[5 TO 8]'))).toEqual({ value: 4, relation: 'eq' })
    })

    test('documents that are made while they are gone through', async () => {
      const lazily = {
        *[Symbol.iterator]() {
          for (let seq = 0; seq < 2500; seq++) yield documentOf('ws', seq)
        },
      }
      await index.apply(lazily)
      expect(await index.position('ws')).toBe(2500)
      expect(await totalOf(index, request(''))).toEqual({ value: 2500, relation: 'eq' })
      await index.apply([].values())
      expect(await index.position('ws')).toBe(2500)
    })

    test('applying again changes nothing, a cleared workspace can be replayed', async () => {
      const documents = [documentOf('ws', 0), documentOf('ws', 1)]
      await index.apply(documents)
      await index.apply(documents)
      await index.apply([documentOf('other', 0)])
      expect(await index.position('ws')).toBe(2)
      expect(await seqs('')).toEqual([1, 0])
      await index.clear('ws')
      expect(await index.position('ws')).toBe(0)
      expect(await seqs('')).toEqual([])
      expect(await seqs('', { workspace: 'other' })).toEqual([0])
      // The first entries may have left the ledger by the time of a replay.
      await index.apply(documents.slice(1))
      expect(await index.position('ws')).toBe(2)
      expect(await seqs('')).toEqual([1])
    })

    test('queries at the limits of the language run', async () => {
      await index.apply([documentOf('ws', 0, { text: 'a' })])
      const nested = Array.from({ length: 16 }).reduce<string>((inner) => `NOT (a ${inner})`, 'b')
      expect(await seqs(nested)).toEqual(evenNesting(16))
      expect(await seqs(Array.from({ length: 256 }, (_, at) => `w${at}`).join(' OR '))).toEqual([])
      expect(await seqs(`${'x OR '.repeat(255)}a`)).toEqual([0])
    })
  })
}

/** `NOT (a NOT (a … b))` over a document that has a and not b: true and false by turns. */
function evenNesting(depth: number): number[] {
  return depth % 2 === 1 ? [0] : []
}
