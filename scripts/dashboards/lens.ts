import { DATA_VIEW, type SavedObject } from './saved-objects.ts'

/** A column of a Lens layer: what is counted, or by what it is grouped (Kibana's `formBased` data source). */
export type Column = Readonly<{
  label: string
  customLabel: true
  dataType: 'number' | 'string' | 'date' | 'ip'
  operationType: 'count' | 'unique_count' | 'min' | 'max' | 'terms' | 'date_histogram'
  scale: 'ratio' | 'ordinal' | 'interval'
  isBucketed: boolean
  sourceField: string
  params: Readonly<Record<string, unknown>>
  filter?: LuceneQuery
}>

/** Lucene, because its meaning is Elasticsearch's own `query_string`. */
export interface LuceneQuery {
  readonly language: 'lucene'
  readonly query: string
}

export type Columns = Readonly<Record<string, Column>>

const LAYER = 'events'

/** Documents, or those of them that a Lucene query finds. */
export function count(label: string, query?: string): Column {
  return {
    ...measure(label, 'count', '___records___', 'number', { emptyAsNull: false }),
    ...(query === undefined ? {} : { filter: { language: 'lucene', query } }),
  }
}

export function uniqueCount(label: string, field: string): Column {
  return measure(label, 'unique_count', field, 'number', { emptyAsNull: false })
}

export function extreme(
  label: string,
  which: 'min' | 'max',
  field: string,
  dataType: 'number' | 'date',
): Column {
  return measure(label, which, field, dataType, { emptyAsNull: true })
}

function measure(
  label: string,
  operationType: Column['operationType'],
  sourceField: string,
  dataType: Column['dataType'],
  params: Column['params'],
): Column {
  return {
    label,
    customLabel: true,
    dataType,
    operationType,
    scale: 'ratio',
    isBucketed: false,
    sourceField,
    params,
  }
}

/** The values that most documents have; `by` is the id of the column that orders them. */
export function top(
  label: string,
  field: string,
  { size, by, dataType = 'string' }: { size: number; by: string; dataType?: 'string' | 'ip' },
): Column {
  return {
    ...{ label, customLabel: true, dataType, operationType: 'terms', scale: 'ordinal', isBucketed: true },
    sourceField: field,
    params: {
      ...{ size, orderBy: { type: 'column', columnId: by }, orderDirection: 'desc' },
      ...{ otherBucket: false, missingBucket: false, parentFormat: { id: 'terms' } },
      ...{ include: [], exclude: [], includeIsRegex: false, excludeIsRegex: false },
    },
  }
}

export function overTime(label: string): Column {
  return {
    ...{ label, customLabel: true, dataType: 'date', operationType: 'date_histogram', scale: 'interval' },
    ...{ isBucketed: true, sourceField: '@timestamp' },
    params: { interval: 'auto', includeEmptyRows: true, dropPartials: false },
  }
}

interface LensOptions {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly query?: string
  /** In the order of grouping; by their ids. */
  readonly columns: Columns
}

/** One number, of the one column given. */
export function metric({
  column,
  ...options
}: Omit<LensOptions, 'columns'> & { readonly column: Column }): SavedObject {
  const visualization = { layerId: LAYER, layerType: 'data', metricAccessor: 'value' }
  return lens('lnsMetric', { ...options, columns: { value: column } }, visualization)
}

export function table(options: LensOptions): SavedObject {
  return lens('lnsDatatable', options, {
    ...{ layerId: LAYER, layerType: 'data' },
    columns: Object.keys(options.columns).map((columnId) => ({ columnId, isTransposed: false })),
    paging: { size: 10, enabled: true },
  })
}

/** Stacked bars: `x` along the axis, `y` their length, `split` what they are made of; ids of columns. */
export function bars(
  options: LensOptions & {
    readonly x: string
    readonly y: string
    readonly split: string
    readonly horizontal?: true
  },
): SavedObject {
  const seriesType = options.horizontal ? 'bar_horizontal_stacked' : 'bar_stacked'
  const shown = { x: true, yLeft: true, yRight: true }
  return lens('lnsXY', options, {
    ...{ legend: { isVisible: true, position: 'right' }, valueLabels: 'hide', fittingFunction: 'None' },
    ...{
      axisTitlesVisibilitySettings: shown,
      tickLabelsVisibilitySettings: shown,
      gridlinesVisibilitySettings: shown,
    },
    ...{ labelsOrientation: { x: 0, yLeft: 0, yRight: 0 }, preferredSeriesType: seriesType },
    layers: [
      {
        ...{ layerId: LAYER, layerType: 'data', seriesType, position: 'top', showGridlines: false },
        ...{ xAccessor: options.x, accessors: [options.y], splitAccessor: options.split },
      },
    ],
  })
}

function lens(
  visualizationType: 'lnsMetric' | 'lnsDatatable' | 'lnsXY',
  { id, title, description, query = '', columns }: LensOptions,
  visualization: object,
): SavedObject {
  const layer = { columns, columnOrder: Object.keys(columns), incompleteColumns: {}, sampling: 1 }
  return {
    ...{ type: 'lens', id },
    attributes: {
      ...{ title, description, visualizationType },
      state: {
        ...{ adHocDataViews: {}, internalReferences: [], filters: [], query: { language: 'lucene', query } },
        datasourceStates: { formBased: { layers: { [LAYER]: layer } }, textBased: { layers: {} } },
        visualization,
      },
    },
    references: [{ id: DATA_VIEW, name: `indexpattern-datasource-layer-${LAYER}`, type: 'index-pattern' }],
  }
}
