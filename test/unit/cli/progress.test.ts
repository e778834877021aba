/* eslint-disable no-control-regex -- terminals are told by control characters */
import { describe, expect, test } from '@jest/globals'
import { Progress } from '../../../src/cli/progress.ts'

function target(more: { isTTY?: boolean; columns?: number } = {}) {
  const state = { now: 0, text: '' }
  const stream = { ...more, write: (text: string) => (state.text += text) }
  return { state, options: { stream, now: () => state.now } }
}

describe('progress', () => {
  test('elsewhere than on a terminal: a plain line every five seconds, and none for short work', () => {
    const { state, options } = target()
    using progress = new Progress('import', 'events', options)
    for (state.now = 0; state.now <= 11_000; state.now += 100) progress.update(state.now, 20_000)
    expect(state.text).toBe(
      'import  25 %  5,000 of 20,000 events, 1,000/s, 15 s left\nimport  50 %  10,000 of 20,000 events, 1,000/s, 10 s left\n',
    )
  })

  test('on a terminal: a bar that redraws itself within the width, and goes when the work is done', () => {
    const { state, options } = target({ isTTY: true, columns: 60 })
    const progress = new Progress('import', 'events', options)
    state.now = 1_000
    progress.update(500, 1_000)
    expect(state.text).toMatch(/^\r\u001b\[Kimport ━{14}─{14} +50 %/)
    expect(state.text.replace(/\r\u001b\[K/g, '').length).toBeLessThan(60)
    progress[Symbol.dispose]()
    expect(state.text).toMatch(/\r\u001b\[K$/)
  })

  test('where nothing is counted: the part, and what is left', () => {
    const { state, options } = target()
    using progress = new Progress('export', null, options)
    state.now = 6_000
    progress.update(60, 100)
    expect(state.text).toBe('export  60 %, 4 s left\n')
  })

  test('a total that is not known, or was too low, is no fault', () => {
    const { state, options } = target({ isTTY: true })
    using progress = new Progress('import', 'events', options)
    state.now = 1_000
    progress.update(2_000, null)
    expect(state.text).toContain('import  2,000 events, 2,000/s')
    state.now = 2_000
    progress.update(3_000, 2_000)
    expect(state.text).toContain('100 %')
    expect(state.text).not.toContain('-')
  })
})
