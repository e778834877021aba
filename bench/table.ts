export interface Measurement {
  readonly name: string
  /** What was measured and its raw limit, in the unit. */
  readonly value: number
  readonly raw: number | null
  readonly unit: string
  /** value ÷ raw, or raw ÷ value where less is better: 1 is the raw limit. */
  readonly ratio: number | null
  /** What has to hold: a least ratio, or a bound of the value. */
  readonly target: string
  readonly ok: boolean | null
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

export function printTable(measurements: readonly Measurement[]): void {
  const rows = [
    ['', 'measured', 'raw limit', 'unit', 'ratio', 'must hold', ''],
    ...measurements.map(({ name, value, raw, unit, ratio, target, ok }) => [
      name,
      number(value),
      raw === null ? '' : number(raw),
      unit,
      ratio === null ? '' : ratio.toFixed(2),
      target,
      ok === null ? '' : ok ? 'ok' : 'MISSED',
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length))) ?? []
  for (const row of rows)
    console.log(
      row
        .map((cell, column) =>
          column === 0 || column > 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 10 ? 1 : 2)
}
