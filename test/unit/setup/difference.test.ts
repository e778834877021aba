import { describe, expect, test } from '@jest/globals'
import { differences } from '../../../src/setup/difference.ts'

describe('what setup would change', () => {
  test('defaults that the cluster adds, and numbers that it gives back as text, are no difference', () => {
    const wanted = {
      template: { settings: { index: { number_of_shards: 1, codec: 'best_compression' } } },
      priority: 500,
    }
    const existing = {
      template: { settings: { index: { number_of_shards: '1', codec: 'best_compression', uuid: 'x' } } },
      priority: 500,
      allow_auto_create: true,
    }
    expect(differences(wanted, existing)).toEqual([])
  })

  test('a changed value, a missing one and a longer list are named by their path', () => {
    const wanted = { a: { b: '365d', c: 1 }, list: ['x', 'y'] }
    expect(differences(wanted, { a: { b: '30d' }, list: ['x'] })).toEqual([
      { path: 'a.b', has: '30d', wants: '365d' },
      { path: 'a.c', has: undefined, wants: 1 },
      { path: 'list', has: ['x'], wants: ['x', 'y'] },
    ])
  })
})
