import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { filterParameters, formatViewState, parseViewState } from '../../../web/src/navigation/view-state.ts'

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const values = fc.uniqueArray(word, { maxLength: 3 })

describe('view in an address', () => {
  test('is the same view when read back', () => {
    const views = fc.record({
      q: fc.string({ unit: 'grapheme' }),
      filters: fc.record({
        ...{ actor: values, category: values, action: values },
        ...{ verb: values, outcome: values, resource_type: values },
      }),
      resourceId: values,
      range: fc.constantFrom('', '24h', '30d'),
      event: word,
      tab: fc.constantFrom('change' as const, 'proof' as const, 'history' as const),
    })
    fc.assert(
      fc.property(views, (view) => {
        const state = { ...view, from: '', to: '' }
        expect(parseViewState(formatViewState(state))).toEqual(state)
      }),
    )
  })

  test('counts a preset from the moment of asking, and lets it win over bounds', () => {
    const state = parseViewState('?range=24h&from=2020-01-01T00:00:00.000Z')
    expect(filterParameters(state, Date.parse('2026-11-23T12:00:00.000Z'))).toMatchObject({
      from: '2026-11-22T12:00:00.000Z',
      to: '',
    })
  })

  test('takes nothing that it does not know', () => {
    expect(parseViewState('?range=99y&tab=delete&unknown=1')).toEqual(parseViewState(''))
  })
})
