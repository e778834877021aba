/** A reference from one saved object to another, by the name that its attributes use. */
export interface Reference {
  readonly id: string
  readonly name: string
  readonly type: SavedObject['type']
}

/** A line of a file that Kibana imports (Saved objects API, "Import saved objects"). */
export interface SavedObject {
  readonly type: 'index-pattern' | 'search' | 'lens' | 'dashboard'
  readonly id: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly references: readonly Reference[]
}

/**
 * The versions that objects of this shape have: those of Kibana 8.9. Kibana refuses objects of versions that it does not know yet,
 * and brings older ones up to its own; so 8.19 and 9.x take these.
 */
const CORE_VERSION = '8.8.0'
const TYPE_VERSIONS = {
  'index-pattern': '8.0.0',
  search: '8.0.0',
  lens: '8.9.0',
  dashboard: '8.9.0',
} as const

export const DATA_VIEW = 'trailseal-events'

/** What the panels of a dashboard look at. */
export function dataView(name: string, title: string, timeFieldName: string): SavedObject {
  return {
    type: 'index-pattern',
    id: DATA_VIEW,
    attributes: {
      ...{ name, title, timeFieldName, allowNoIndex: true },
      ...{ fields: '[]', fieldAttrs: '{}', fieldFormatMap: '{}', runtimeFieldMap: '{}', sourceFilters: '[]' },
    },
    references: [],
  }
}

/** Documents as a table, newest first. */
export function savedSearch(options: {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly columns: readonly string[]
}): SavedObject {
  const indexRefName = 'kibanaSavedObjectMeta.searchSourceJSON.index'
  const { id, title, description, columns } = options
  const source = { query: { query: '', language: 'kuery' }, filter: [], indexRefName }
  return {
    ...{ type: 'search', id },
    attributes: {
      ...{ title, description, columns, sort: [['@timestamp', 'desc']], grid: {}, hideChart: false },
      ...{ isTextBasedQuery: false, timeRestore: false },
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify(source) },
    },
    references: [{ id: DATA_VIEW, name: indexRefName, type: 'index-pattern' }],
  }
}

/** Of 48 columns. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** Panels by reference, so that each can also be used in other dashboards. */
export function dashboard(options: {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly panels: readonly { readonly object: SavedObject; readonly place: Place }[]
}): SavedObject {
  const { id, title, description, panels } = options
  const settings = {
    useMargins: true,
    syncColors: false,
    syncCursor: true,
    syncTooltips: false,
    hidePanelTitles: false,
  }
  return {
    ...{ type: 'dashboard', id },
    attributes: {
      ...{ title, description, version: 1, timeRestore: true, timeFrom: 'now-30d', timeTo: 'now' },
      refreshInterval: { pause: true, value: 60_000 },
      optionsJSON: JSON.stringify(settings),
      panelsJSON: JSON.stringify(
        panels.map(({ object, place }) => ({
          ...{ version: '8.9.0', type: object.type, gridData: { ...place, i: object.id } },
          ...{
            panelIndex: object.id,
            embeddableConfig: { enhancements: {} },
            panelRefName: `panel_${object.id}`,
          },
        })),
      ),
      kibanaSavedObjectMeta: {
        searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }),
      },
    },
    references: panels.map(({ object: { id: panel, type } }) => ({
      id: panel,
      name: `${panel}:panel_${panel}`,
      type,
    })),
  }
}

/** One object a line, in the order given: what others refer to comes first. */
export function toNdjson(objects: readonly SavedObject[]): string {
  return objects
    .map((object) =>
      JSON.stringify({
        ...object,
        ...{
          coreMigrationVersion: CORE_VERSION,
          typeMigrationVersion: TYPE_VERSIONS[object.type],
          managed: false,
        },
      }),
    )
    .map((line) => `${line}\n`)
    .join('')
}
