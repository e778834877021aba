import { expect, test } from '@jest/globals'
import type { Json } from '../../../src/event/audit-event.ts'
import { diffFields } from '../../../web/src/flyout/field-diff.ts'

test('names what was added, removed, changed and kept, by its path', () => {
  const before = { status: 'Gap', owner: { id: 'u_1', team: 'a' }, due: null }
  const after = { status: 'Partial', owner: { id: 'u_1' }, tags: ['x'] }
  const changes = diffFields(before, after).map(({ path, kind }) => [path, kind])
  expect(Object.fromEntries(changes)).toEqual({
    ...{ status: 'changed', 'owner.id': 'same', 'owner.team': 'removed', due: 'removed', tags: 'added' },
  })
})

test('takes any depth', () => {
  let deep: Json = 'end'
  for (let level = 0; level < 20_000; level++) deep = { a: deep }
  expect(diffFields(undefined, { deep })).toHaveLength(1)
})
