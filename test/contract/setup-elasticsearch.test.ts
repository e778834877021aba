import { describe, expect, test } from '@jest/globals'
import { planSetup, requireSetup } from '../../src/setup/setup.ts'
import { readPlans } from '../../src/workspaces/plans.ts'
import { testCluster } from '../support/elasticsearch.ts'

describe('setup', () => {
  test('a second run finds nothing to do', async () => {
    await using cluster = await testCluster()
    const steps = await planSetup({ ...cluster, plans: await readPlans(null) })
    expect(steps.filter(({ action, what }) => action !== 'keep' && what !== 'API key')).toEqual([])
    await requireSetup(cluster.elasticsearch, cluster.prefix)
  })

  test('what somebody changed is shown by its path, and put right', async () => {
    await using cluster = await testCluster()
    const { elasticsearch, prefix } = cluster
    const path = `/_component_template/${prefix}-standard`
    const body = { template: { settings: { index: { refresh_interval: '9s' } } } }
    await elasticsearch.request({ method: 'PUT', path, body })
    const plan = async () =>
      (await planSetup({ ...cluster, plans: await readPlans(null) })).filter(
        ({ action }) => action === 'update',
      )
    const [step, ...others] = await plan()
    expect(others).toEqual([])
    expect(step?.differences).toContainEqual({
      path: 'template.settings.index.refresh_interval',
      has: '9s',
      wants: '1s',
    })
    await step?.run()
    expect(await plan()).toEqual([])
  })

  test('assets of a later version are not replaced', async () => {
    await using cluster = await testCluster()
    const { elasticsearch, prefix } = cluster
    const path = `/_component_template/${prefix}-standard`
    await elasticsearch.request({ method: 'PUT', path, body: { template: {}, _meta: { version: 99 } } })
    await expect(planSetup({ ...cluster, plans: await readPlans(null) })).rejects.toMatchObject({
      code: 'bad_configuration',
    })
  })

  test('a cluster that is not set up is told from one that is, in one sentence', async () => {
    await using cluster = await testCluster()
    await expect(requireSetup(cluster.elasticsearch, 'nothing')).rejects.toThrow(/run `trailseal setup`/)
  })
})
