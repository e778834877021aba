import { expect, test } from '@jest/globals'
import { Turns } from '../../src/turns.ts'

test('work begins when the work before it has settled, in order, whether that failed or not', async () => {
  const turns = new Turns()
  const steps: string[] = []
  const work = (name: string, fails = false) =>
    turns.take(async () => {
      steps.push(`${name} begins`)
      await new Promise((resolve) => setImmediate(resolve))
      steps.push(`${name} ends`)
      if (fails) throw new Error(`${name} failed`)
      return name
    })
  const all = await Promise.allSettled([work('one'), work('two', true), work('three')])
  expect(steps).toEqual(['one begins', 'one ends', 'two begins', 'two ends', 'three begins', 'three ends'])
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})
