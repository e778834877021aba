import { describe, expect, test } from '@jest/globals'
import { readAssets, type Asset } from '../../../src/setup/assets.ts'
import { parsePlans, readPlans } from '../../../src/workspaces/plans.ts'

/** Of a distribution with everything. */
const PROCESSORS = new Set(['script', 'set', 'grok', 'dissect', 'geoip'])

interface Template {
  readonly index_patterns: string[]
  readonly template: { readonly settings: { readonly index: Record<string, unknown> } }
}

async function assets(parts: {
  hasIlm: boolean
  processors: ReadonlySet<string>
}): Promise<readonly Asset[]> {
  return await readAssets('audit', await readPlans(null), parts)
}

function settingsOf(found: readonly Asset[], name: string): Record<string, unknown> | undefined {
  const asset = found.find((each) => each.what === 'index template' && each.name === name)
  return (asset?.body as Template | undefined)?.template.settings.index
}

describe('the assets of a cluster', () => {
  test('come before what refers to them, under the prefix', async () => {
    const found = await assets({ hasIlm: true, processors: PROCESSORS })
    const order = ['lifecycle policy', 'ingest pipeline', 'component template', 'index template']
    expect([...new Set(found.map(({ what }) => what))]).toEqual(order)
    for (const { name } of found) expect(name).toMatch(/^audit-/)
  })

  test('each plan keeps its events for its window and 30 days, and its ledger for ever', async () => {
    const found = await assets({ hasIlm: true, processors: PROCESSORS })
    for (const [plan, days] of [
      ['starter', 90],
      ['portfolio', 90],
      ['command', 365],
      ['strategic', 730],
    ] as const) {
      expect(settingsOf(found, `audit-events-${plan}`)).toMatchObject({
        lifecycle: { name: `audit-events-${days}d` },
        final_pipeline: 'audit-events',
      })
      const policy = found.find(({ name }) => name === `audit-events-${days}d`)?.body.policy
      expect(policy).toMatchObject({
        phases: {
          hot: { actions: { rollover: { max_age: '7d' } } },
          warm: { actions: { forcemerge: { max_num_segments: 1 } } },
          delete: { min_age: `${days + 30}d` },
        },
      })
    }
    const ledger = found.find(({ what, name }) => what === 'lifecycle policy' && name === 'audit-ledger')
    expect(ledger?.body.policy?.['phases']).not.toHaveProperty('delete')
  })

  test('a plan whose days no file has gets a policy of its own', async () => {
    const plan = { name: 'short', readable: true, online_days: 7, archive: 'none', api_events: true }
    const plans = parsePlans(JSON.stringify({ plans: [plan] }), 'plans.json')
    const found = await readAssets('audit', plans, { hasIlm: true, processors: PROCESSORS })
    const policies = found.filter(({ what }) => what === 'lifecycle policy')
    expect(policies.map(({ name }) => name)).toEqual(['audit-ledger', 'audit-events-7d'])
    expect(policies[1]?.body.policy).toMatchObject({ phases: { delete: { min_age: '37d' } } })
  })

  test('without ILM nothing names a policy; without scripts nothing names a pipeline', async () => {
    const found = await assets({ hasIlm: false, processors: new Set(['set', 'geoip']) })
    expect([...new Set(found.map(({ what }) => what))]).toEqual(['component template', 'index template'])
    expect(settingsOf(found, 'audit-events')).toMatchObject({ final_pipeline: '_none' })
    expect(JSON.stringify(found)).not.toContain('lifecycle')
  })

  test('the pipeline keeps the processors that there are, in their order', async () => {
    const [pipeline] = (
      await assets({ hasIlm: false, processors: new Set(['script', 'geoip', 'set']) })
    ).filter(({ what }) => what === 'ingest pipeline')
    const { processors } = pipeline?.body as unknown as { processors: Record<string, unknown>[] }
    expect(processors.flatMap((each) => Object.keys(each))).toEqual(['script', 'script', 'set', 'geoip'])
    expect(pipeline?.leftOut).toEqual(['grok', 'dissect'])
  })

  test('no processor of the pipeline writes an integrity field', async () => {
    const found = await assets({ hasIlm: false, processors: PROCESSORS })
    const pipeline = found.find(({ what }) => what === 'ingest pipeline')
    const { processors } = pipeline?.body as unknown as { processors: Record<string, object>[] }
    const enriching = processors.filter((each) => !('script' in each))
    expect(enriching.length).toBeGreaterThan(0)
    for (const each of enriching) {
      expect(JSON.stringify(each)).not.toMatch(/event\.(original|hash|sequence)/)
      expect(Object.values(each)[0]).toMatchObject({ ignore_failure: true })
    }
    for (const { script } of processors as { script?: { source: string } }[])
      expect(script?.source ?? '').not.toMatch(/ctx[\w.?[\]']*\s*=[^=]|put\(|remove\(/)
  })
})
