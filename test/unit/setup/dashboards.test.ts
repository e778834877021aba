import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { overview } from '../../../scripts/dashboards/overview.ts'
import { toNdjson } from '../../../scripts/dashboards/saved-objects.ts'

interface Line {
  readonly type: string
  readonly id: string
  readonly attributes: Record<string, unknown>
  readonly references: readonly { readonly type: string; readonly id: string; readonly name: string }[]
}

interface Mapping {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Mapping>>
}

const text = readFileSync(new URL('../../../dashboards/overview.ndjson', import.meta.url), 'utf8')
const lines = text
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line)
const template = JSON.parse(
  readFileSync(new URL('../../../index-templates/component/trailseal-events.json', import.meta.url), 'utf8'),
) as { template: { mappings: Mapping } }

/** Fields by the types of the template. */
function mapped(mapping: Mapping, path = ''): Map<string, string> {
  const fields = new Map<string, string>(mapping.type === undefined ? [] : [[path, mapping.type]])
  for (const [name, inner] of Object.entries(mapping.properties ?? {}))
    for (const [field, type] of mapped(inner, path === '' ? name : `${path}.${name}`)) fields.set(field, type)
  return fields
}

/** Everything in the file that names a field, wherever it stands. */
function fieldsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'sourceField' || key === 'timeFieldName') return [inner as string]
    if (key === 'columns' && Array.isArray(inner) && typeof inner[0] === 'string') return inner as string[]
    if (key === 'query' && typeof inner === 'string')
      return [...inner.matchAll(/_exists_:([\w.@]+)|([\w.@]+):/g)]
        .map(([, exists, field]) => exists ?? field ?? '')
        .filter((field) => field !== '_exists_')
    return fieldsIn(inner)
  })
}

/**
 * Attributes that Kibana's own schemas know, and no others pass (saved_search/server/saved_objects/schema_legacy.ts, model version 1;
 * dashboard/server/dashboard_saved_object/schema/v1; data_views; lens).
 */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  'index-pattern':
    'title name timeFieldName fields fieldAttrs sourceFilters fieldFormatMap type typeMeta allowNoIndex runtimeFieldMap'.split(
      ' ',
    ),
  search:
    'title description columns sort grid rowHeight rowsPerPage hideChart breakdownField kibanaSavedObjectMeta isTextBasedQuery usesAdHocDataView timeRestore timeRange refreshInterval viewMode hideAggregatedPreview hits version sampleSize'.split(
      ' ',
    ),
  lens: 'title description visualizationType state'.split(' '),
  dashboard:
    'title description kibanaSavedObjectMeta timeRestore timeFrom timeTo refreshInterval controlGroupInput panelsJSON optionsJSON hits version'.split(
      ' ',
    ),
}

describe('dashboards/overview.ndjson', () => {
  test('is what its source makes', () => {
    expect(text).toBe(toNdjson(overview))
  })

  test('has a data view, a saved search and one dashboard with a panel for each object', () => {
    const types = Map.groupBy(lines, ({ type }) => type)
    expect(types.get('index-pattern')).toHaveLength(1)
    expect(types.get('search')).toHaveLength(1)
    expect(types.get('dashboard')).toHaveLength(1)
    const panels = JSON.parse(String(types.get('dashboard')?.[0]?.attributes['panelsJSON'])) as Panel[]
    expect(panels).toHaveLength(lines.length - 2)
    for (const { gridData } of panels) {
      expect(gridData.x + gridData.w).toBeLessThanOrEqual(48)
      for (const other of panels.map((panel) => panel.gridData))
        expect(other === gridData || areApart(other, gridData)).toBe(true)
    }
  })

  test('has no attribute that Kibana would refuse', () => {
    for (const { type, attributes } of lines)
      for (const name of Object.keys(attributes)) expect(ATTRIBUTES[type]).toContain(name)
  })

  test('refers only to what it has, from names that its attributes use, to lines before', () => {
    const known = new Set<string>()
    for (const { type, id, attributes, references } of lines) {
      for (const reference of references) {
        expect(known).toContain(`${reference.type}/${reference.id}`)
        const name = reference.name.replace(/^[^:]*:/, '').replace('indexpattern-datasource-layer-', '')
        expect(JSON.stringify(attributes)).toContain(name)
      }
      known.add(`${type}/${id}`)
    }
    expect(known.size).toBe(lines.length)
  })

  test('every field is in the templates, and of a type that can be grouped, counted or compared', () => {
    const fields = mapped(template.template.mappings)
    const used = [...new Set(lines.flatMap((line) => fieldsIn(line.attributes)))]
    expect(used.length).toBeGreaterThan(10)
    const types = used.filter((field) => field !== '___records___').map((field) => fields.get(field))
    for (const type of types) expect(['keyword', 'date', 'long', 'ip']).toContain(type)
  })
})

interface Panel {
  readonly gridData: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
}

function areApart(one: Panel['gridData'], other: Panel['gridData']): boolean {
  return (
    one.x + one.w <= other.x ||
    other.x + other.w <= one.x ||
    one.y + one.h <= other.y ||
    other.y + other.h <= one.y
  )
}
