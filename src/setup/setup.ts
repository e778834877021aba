import type { Elasticsearch } from '../drivers/elasticsearch/elasticsearch.ts'
import { TrailsealError } from '../errors.ts'
import type { Plans } from '../workspaces/plans.ts'
import { createApiKey, hasApiKey, type KeyUse } from './api-key.ts'
import { DEFAULT_PREFIX, readAssets, versionOf, type Asset, type AssetBody } from './assets.ts'
import { clusterParts } from './cluster-parts.ts'
import { differences, type Difference } from './difference.ts'

export interface SetupOptions {
  readonly elasticsearch: Elasticsearch
  readonly plans: Plans
  readonly prefix?: string
  /** False: no ingest pipeline, and whatever setup wired before is taken away for new indices. */
  readonly pipeline?: boolean
  /** True: also a key for the retention worker, which may delete indices. */
  readonly retentionKey?: boolean
}

/** One thing to do, and what would change by it. */
export interface SetupStep {
  readonly what: Asset['what'] | 'index' | 'API key'
  readonly name: string
  readonly action: 'create' | 'update' | 'keep'
  readonly differences: readonly Difference[]
  /** Parts that this cluster can't have: types of ingest processors. */
  readonly leftOut?: readonly string[]
  run(): Promise<string | null>
}

/** Written last: a gateway that finds no such document says that the cluster is not set up. */
const SETUP_DOCUMENT = 'setup'
/** Of the whole; the files have versions of their own. */
const SETUP_VERSION = 1

/** Indices with fixed names; those of the ledger and of events come into being with their first document. */
const INDICES = ['heads', 'tiles', 'workspaces'] as const

/**
 * What has to be done so that gateways can work on this cluster; nothing is done before `run`. Running all steps twice does
 * nothing the second time. `run` returns what only the operator may see: the text of a new API key.
 * Errors: `bad_configuration` where the cluster was set up by a later version, or can't be set up; `store_unavailable`.
 */
export async function planSetup(options: SetupOptions): Promise<readonly SetupStep[]> {
  const { elasticsearch, plans, prefix = DEFAULT_PREFIX, pipeline = true, retentionKey = false } = options
  await elasticsearch.check()
  const steps: SetupStep[] = []
  const parts = await clusterParts(elasticsearch)
  const wanted = pipeline ? parts : { ...parts, processors: new Set<string>() }
  for (const asset of await readAssets(prefix, plans, wanted))
    steps.push(await assetStep(elasticsearch, asset))
  for (const name of INDICES) steps.push(await indexStep(elasticsearch, `${prefix}-${name}`))
  steps.push(await markStep(elasticsearch, prefix))
  const uses: KeyUse[] = retentionKey ? ['gateway', 'retention'] : ['gateway']
  for (const use of uses) steps.push(...(await keySteps(elasticsearch, prefix, use)))
  return steps
}

/** Throws `bad_configuration` with what to do when `trailseal setup` has not run on this cluster, or an older one has. */
export async function requireSetup(elasticsearch: Elasticsearch, prefix: string): Promise<void> {
  const mark = await elasticsearch.get<{ version: number }>({
    index: `${prefix}-workspaces`,
    id: SETUP_DOCUMENT,
  })
  if (mark?.source.version === SETUP_VERSION) return
  const state = mark === null ? 'is not set up for Trailseal' : `was set up by another version of Trailseal`
  throw new TrailsealError(
    'bad_configuration',
    `Elasticsearch at ${elasticsearch.host} ${state}: run \`trailseal setup\` once with an account that may manage templates.`,
  )
}

async function assetStep(elasticsearch: Elasticsearch, asset: Asset): Promise<SetupStep> {
  const existing = existingBody(asset, await elasticsearch.request({ method: 'GET', path: asset.path }))
  const has = asset.what === 'lifecycle policy' ? existing?.policy?._meta : existing?._meta
  if (has !== undefined && has.version > versionOf(asset))
    throw new TrailsealError(
      'bad_configuration',
      `The ${asset.what} ${asset.name} in the cluster has version ${has.version}, newer than this Trailseal's ${versionOf(asset)}: run setup with the newer one.`,
    )
  const found = existing === null ? [] : differences(asset.body, existing)
  return {
    ...{ what: asset.what, name: asset.name, differences: found, leftOut: asset.leftOut ?? [] },
    action: existing === null ? 'create' : found.length > 0 ? 'update' : 'keep',
    run: async () => {
      await elasticsearch.request({ method: 'PUT', path: asset.path, body: asset.body })
      return null
    },
  }
}

/** Each API wraps its answer in another way. */
function existingBody({ what, name }: Asset, answer: unknown): AssetBody | null {
  if (answer === null || answer === undefined) return null
  if (what === 'lifecycle policy' || what === 'ingest pipeline')
    return (answer as Record<string, AssetBody>)[name] ?? null
  if (what === 'component template')
    return (
      (answer as { component_templates: { component_template: AssetBody }[] }).component_templates[0]
        ?.component_template ?? null
    )
  return (
    (answer as { index_templates: { index_template: AssetBody }[] }).index_templates[0]?.index_template ??
    null
  )
}

async function indexStep(elasticsearch: Elasticsearch, name: string): Promise<SetupStep> {
  const existing = await elasticsearch.request({ method: 'GET', path: `/${name}` })
  return {
    ...{ what: 'index', name, differences: [] },
    action: existing === null ? 'create' : 'keep',
    run: async () => {
      await elasticsearch.request({ method: 'PUT', path: `/${name}` })
      return null
    },
  }
}

async function markStep(elasticsearch: Elasticsearch, prefix: string): Promise<SetupStep> {
  const index = `${prefix}-workspaces`
  const mark = await elasticsearch.get<{ version: number }>({ index, id: SETUP_DOCUMENT })
  const found = mark === null ? [] : differences({ version: SETUP_VERSION }, mark.source)
  return {
    ...{ what: 'index', name: `${index}, the mark that setup is complete`, differences: found },
    action: mark === null ? 'create' : found.length > 0 ? 'update' : 'keep',
    run: async () => {
      const body = { kind: 'setup', version: SETUP_VERSION }
      await elasticsearch.request({ method: 'PUT', path: `/${index}/_doc/${SETUP_DOCUMENT}`, body })
      return null
    },
  }
}

/** None on a cluster without security. */
async function keySteps(elasticsearch: Elasticsearch, prefix: string, use: KeyUse): Promise<SetupStep[]> {
  const exists = await hasApiKey(elasticsearch, prefix, use)
  if (exists === null) return []
  const step: SetupStep = {
    ...{ what: 'API key', name: `${prefix}-${use}`, differences: [] },
    action: exists ? 'keep' : 'create',
    run: () => createApiKey(elasticsearch, prefix, use),
  }
  return [step]
}
