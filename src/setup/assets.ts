import { readdir, readFile } from 'node:fs/promises'
import { TrailsealError } from '../errors.ts'
import type { Plans } from '../workspaces/plans.ts'
import type { ClusterParts } from './cluster-parts.ts'
import { fitPipeline, type PipelineBody } from './pipeline.ts'

/** Something that setup puts into a cluster: a file of index-templates/ or pipelines/, or one derived from it for a plan. */
export interface Asset {
  readonly what: 'lifecycle policy' | 'ingest pipeline' | 'component template' | 'index template'
  readonly name: string
  readonly path: string
  readonly body: AssetBody
  /** Parts of the file that this cluster can't have. */
  readonly leftOut?: readonly string[]
}

interface AssetMeta {
  readonly managed_by: string
  readonly version: number
}

type Json = Readonly<Record<string, unknown>>
export type AssetBody = Json & {
  readonly _meta?: AssetMeta
  readonly policy?: Json & { readonly _meta?: AssetMeta }
}

interface TemplateBody extends Json {
  readonly index_patterns: readonly string[]
  readonly priority: number
  readonly template?: { readonly settings?: { readonly index?: Json } }
}

interface PolicyBody extends Json {
  readonly policy: { readonly _meta: Json; readonly phases: Readonly<Record<string, Json>> }
}

/** First part of the name of everything in a cluster; tests take another one. */
export const DEFAULT_PREFIX = 'trailseal'

/** Days that the files of events stay after the plan's window, for the archive. */
const GRACE_DAYS = 30

const FOLDERS = {
  policies: new URL('../../index-templates/ilm/', import.meta.url),
  components: new URL('../../index-templates/component/', import.meta.url),
  templates: new URL('../../index-templates/composable/', import.meta.url),
  pipelines: new URL('../../pipelines/', import.meta.url),
}

/** Value of `index.final_pipeline` that means none; said expressly, so that setup can take one away again. */
const NO_PIPELINE = '_none'

/**
 * In the order in which they have to be installed. Without ILM a cluster refuses the settings of policies; `parts.processors`
 * empty: no pipeline.
 */
export async function readAssets(
  prefix: string,
  plans: Plans,
  { hasIlm, processors }: ClusterParts,
): Promise<readonly Asset[]> {
  const components = await readFolder(FOLDERS.components, prefix)
  const templates = await readFolder(FOLDERS.templates, prefix)
  const assets: Asset[] = []
  const policies = hasIlm
    ? policiesOf(await readFolder(FOLDERS.policies, prefix), prefix, plans)
    : new Map<string, Json>()
  for (const [name, body] of policies)
    assets.push({ what: 'lifecycle policy', name, path: `/_ilm/policy/${name}`, body })
  const pipelines = pipelinesOf(await readFolder(FOLDERS.pipelines, prefix), processors)
  assets.push(...pipelines)
  for (const [name, body] of components)
    assets.push({ what: 'component template', name, path: `/_component_template/${name}`, body })
  const streams = `${prefix}-events`
  const final_pipeline = pipelines.some(({ name }) => name === streams) ? streams : NO_PIPELINE
  const wired = templates.get(streams)
  if (wired) templates.set(streams, withSettings(wired as TemplateBody, { final_pipeline }))
  for (const [name, body] of templates) {
    const own = hasIlm && name === `${prefix}-ledger` ? withPolicy(body as TemplateBody, name) : body
    assets.push({ what: 'index template', name, path: `/_index_template/${name}`, body: own })
  }
  const events = templates.get(streams)
  if (hasIlm && events) assets.push(...planTemplates(events as TemplateBody, prefix, plans))
  return assets
}

async function readFolder(folder: URL, prefix: string): Promise<Map<string, Json>> {
  const bodies = new Map<string, Json>()
  for (const file of (await readdir(folder)).sort()) {
    const text = await readFile(new URL(file, folder), 'utf8')
    bodies.set(renamed(file.replace(/\.json$/, ''), prefix), JSON.parse(renamed(text, prefix)) as Json)
  }
  return bodies
}

function renamed(text: string, prefix: string): string {
  return prefix === DEFAULT_PREFIX ? text : text.replaceAll(`${DEFAULT_PREFIX}-`, `${prefix}-`)
}

function pipelinesOf(files: ReadonlyMap<string, Json>, processors: ReadonlySet<string>): Asset[] {
  return [...files].flatMap(([name, file]) => {
    const fitted = fitPipeline(file as PipelineBody, processors)
    return fitted === null
      ? []
      : { what: 'ingest pipeline' as const, name, path: `/_ingest/pipeline/${name}`, ...fitted }
  })
}

/** The policies of the files that are needed, and those of plans whose days no file has. */
function policiesOf(files: ReadonlyMap<string, Json>, prefix: string, plans: Plans): Map<string, Json> {
  const policies = new Map<string, Json>()
  const ledger = files.get(`${prefix}-ledger`)
  if (ledger) policies.set(`${prefix}-ledger`, ledger)
  const [model] = [...files].filter(([name]) => name.startsWith(`${prefix}-events-`))
  for (const { online_days: days } of plans.values()) {
    const name = policyName(prefix, days)
    const body = files.get(name) ?? (model && policyFor(days, model[1] as PolicyBody))
    if (body) policies.set(name, body)
  }
  return policies
}

function policyName(prefix: string, days: number): string {
  return `${prefix}-events-${days}d`
}

function policyFor(days: number, { policy }: PolicyBody): PolicyBody {
  const description = `${days} days online, counted from rollover, plus ${GRACE_DAYS} days of grace for the archive.`
  const remove = { ...policy.phases['delete'], min_age: `${days + GRACE_DAYS}d` }
  return {
    policy: {
      ...policy,
      _meta: { ...policy._meta, description },
      phases: { ...policy.phases, delete: remove },
    },
  }
}

/** One template a plan, ahead of the common one, that only adds the plan's policy. */
function planTemplates(events: TemplateBody, prefix: string, plans: Plans): Asset[] {
  return [...plans.values()].map((plan) => {
    const name = `${prefix}-events-${plan.name}`
    const body = withPolicy(
      { ...events, index_patterns: [name], priority: events.priority + 1 },
      policyName(prefix, plan.online_days),
    )
    return { what: 'index template', name, path: `/_index_template/${name}`, body }
  })
}

function withPolicy(body: TemplateBody, policy: string): TemplateBody {
  return withSettings(body, { lifecycle: { name: policy } })
}

function withSettings(body: TemplateBody, settings: Json): TemplateBody {
  const index = { ...body.template?.settings?.index, ...settings }
  return { ...body, template: { ...body.template, settings: { ...body.template?.settings, index } } }
}

/** Which version of an asset this is. */
export function versionOf({ what, name, body }: Asset): number {
  const meta = what === 'lifecycle policy' ? body.policy?._meta : body._meta
  if (meta === undefined) throw new TrailsealError('internal', `The file of ${name} has no _meta.`)
  return meta.version
}
