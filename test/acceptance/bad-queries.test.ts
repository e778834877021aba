import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { EVENTS, expectProblem, Target } from '../support/target.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** Queries, filters, cursors and addresses that make no sense, over HTTP. */
const directory = temporaryDirectory()
let target: Target

beforeAll(async () => {
  target = await Target.start(directory.path)
})

afterAll(async () => {
  await target[Symbol.asyncDispose]()
  directory[Symbol.dispose]()
})

describe('queries, filters and cursors', () => {
  const search = async (parameters: string): Promise<Response> =>
    await target.gateway.fetch(`${EVENTS}?${parameters}`)
  const q = (text: string): string => `q=${encodeURIComponent(text)}`

  test.each([
    ['(', 1],
    ['a AND', 5],
    ['a )', 2],
    ['"open', 5],
    ['action:', 7],
    ['nofield:x', 0],
    ['seq:[1 TO', 9],
    ['action:(a OR', 12],
    ['NOT', 3],
    ['\u{1f512}\u{1f512} )', 5],
  ])('the query %j is bad_query at %d', async (text, position) => {
    const problem = await expectProblem(await search(q(text)), 400, 'bad_query')
    expect(problem.position).toBe(position)
    expect(problem.detail.length).toBeGreaterThan(10)
  })

  test.each([
    ['an unknown parameter', 'colour=red'],
    ['a parameter of another route', 'field=action'],
    ['an inherited name', '__proto__=x'],
    ['a repeated single parameter', 'limit=1&limit=2'],
    ['a query given twice', 'q=a&q=b'],
    ['no number', 'limit=ten'],
    ['a hexadecimal number', 'limit=0x5'],
    ['zero', 'limit=0'],
    ['too large a page', 'limit=1001'],
    ['a number beyond all', 'min_seq=99999999999999999999'],
    ['a bad escape', 'q=%zz'],
    ['a lone surrogate', 'q=%ed%a0%80'],
    ['NUL', 'q=a%00b'],
    ['no date', 'from=yesterday'],
    ['a range that ends before it begins', 'from=2026-02-01&to=2026-01-01'],
    ['another order', 'order=random'],
    ['a query of 9,000 characters', `q=${'a+'.repeat(4_500)}`],
  ])('%s is bad_request', async (_name, parameters) => {
    await expectProblem(await search(parameters), 400, 'bad_request')
  })

  test('a deeply nested query is refused, not a crash', async () => {
    const problem = await expectProblem(await search(q('('.repeat(4_000))), 400, 'bad_query')
    expect(problem.position).toBeLessThan(4_001)
    await expectProblem(await search(q('NOT '.repeat(2_000))), 400, 'bad_query')
  })

  test('a cursor counts only as it was given, for the same search', async () => {
    const first = (await (await search('limit=2')).json()) as { next_cursor: string }
    const cursor = first.next_cursor
    const next = await search(`limit=2&cursor=${cursor}`)
    expect(next.status).toBe(200)
    const flipped = (at: number) =>
      cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1)
    const bad = [
      ...[cursor.slice(0, -1), `${cursor}A`, `${cursor}=`, flipped(0), flipped(cursor.length - 4)],
      ...['x', '%20', encodeURIComponent('{"seq":1}'), 'A'.repeat(4_000)],
    ]
    for (const each of bad) await expectProblem(await search(`limit=2&cursor=${each}`), 400, 'bad_cursor')
    for (const other of [q('evidence'), 'order=asc', 'action=evidence.uploaded', 'from=2020-01-01'])
      await expectProblem(await search(`limit=2&cursor=${cursor}&${other}`), 400, 'bad_cursor')
    const elsewhere = await target.gateway.fetch(`/v1/workspaces/other/events?limit=2&cursor=${cursor}`)
    await expectProblem(elsewhere, 400, 'bad_cursor')
    const history = await target.gateway.fetch(
      `/v1/workspaces/default/resources/FILE/f_1/history?cursor=${cursor}`,
    )
    await expectProblem(history, 400, 'bad_cursor')
  })

  test.each([
    ['/v1/workspaces/default/facets', 400, 'bad_request'],
    ['/v1/workspaces/default/facets?field=salt', 400, 'bad_request'],
    ['/v1/workspaces/default/histogram?interval=1fortnight', 400, 'bad_request'],
    ['/v1/workspaces/default/histogram?interval=1s&from=1970-01-01&to=2199-01-01', 400, 'bad_request'],
    ['/v1/workspaces/default/stream?q=(', 400, 'bad_query'],
    ['/v1/workspaces/default/stream?after=-1', 400, 'bad_request'],
    ['/v1/workspaces/default/events/%zz', 400, 'bad_request'],
    ['/v1/workspaces/default/events/nobody', 404, 'not_found'],
    ['/v1/workspaces/default/events/seq_99999999999999999999', 404, 'not_found'],
    [`/v1/workspaces/default/events/${'x'.repeat(5_000)}`, 404, 'not_found'],
    ['/v1/workspaces/default/log/tile/9/000', 404, 'not_found'],
    ['/v1/workspaces/default/log/tile/0/999', 404, 'not_found'],
    ['/v1/workspaces/default/log/tile/0/000.p/256', 404, 'not_found'],
    ['/v1/workspaces/default/log/tile/entries/..%2f..%2fetc', 404, 'not_found'],
    ['/v1/workspaces/..%2f..%2fetc/events', 404, 'not_found'],
    ['/v1/workspaces/UPPER/events', 404, 'not_found'],
    ['/v1/nothing', 404, 'not_found'],
  ])('%s is %d %s', async (path, status, code) => {
    await expectProblem(await target.gateway.fetch(path), status, code)
  })

  test('another method is 405 and says which there are', async () => {
    for (const method of ['DELETE', 'PUT', 'PATCH']) {
      const response = await target.gateway.fetch(`${EVENTS}/e-0`, { method })
      await expectProblem(response, 405, 'method_not_allowed')
      expect(response.headers.get('allow')).toContain('GET')
    }
  })
})
