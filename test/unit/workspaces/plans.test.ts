import { describe, expect, test } from '@jest/globals'
import { parsePlans, readPlans, windowStart } from '../../../src/workspaces/plans.ts'

const plan = { name: 'solo', readable: true, online_days: 30, archive: 'none', api_events: false }
const fileOf = (...plans: object[]): string => JSON.stringify({ plans })

describe('plans', () => {
  test('the shipped file has the plans of the contract', async () => {
    const plans = [...(await readPlans(null)).values()]
    expect(
      plans.map(({ name, readable, online_days, archive, api_events }) => [
        name,
        readable,
        online_days,
        archive,
        api_events,
      ]),
    ).toEqual([
      ['starter', false, 90, 'none', false],
      ['portfolio', true, 90, 'request', false],
      ['command', true, 365, 'extended', true],
      ['strategic', true, 730, 'extended', true],
    ])
  })

  test('the window is whole days back from now', () => {
    const solo = parsePlans(fileOf(plan), 'plans.json').get('solo')!
    expect(windowStart(solo, Date.parse('2026-11-23T12:00:00Z'))).toBe(Date.parse('2026-10-24T12:00:00Z'))
  })

  test.each([
    ['no JSON', '{', 'is not JSON'],
    ['no plans', fileOf(), 'plans: '],
    ['a window of nothing', fileOf({ ...plan, online_days: 0 }), 'plans.0.online_days: '],
    ['an unknown archive', fileOf({ ...plan, archive: 'tape' }), 'plans.0.archive: '],
    ['an unknown setting', fileOf({ ...plan, colour: 'red' }), '"colour"'],
    ['one name twice', fileOf(plan, plan), 'plan names must be unique'],
  ])('%s is refused, and the message says where', (_, text, expected) => {
    expect(() => parsePlans(text, '/etc/plans.json')).toThrow(
      expect.objectContaining({ code: 'bad_configuration', message: expect.stringContaining(expected) }),
    )
    expect(() => parsePlans(text, '/etc/plans.json')).toThrow('/etc/plans.json')
  })

  test('a file that is not there is named', async () => {
    await expect(readPlans('/nowhere/plans.json')).rejects.toThrow('/nowhere/plans.json')
  })
})
