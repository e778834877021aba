import type { StoreFinding } from '../../integrity/store-report.ts'

/** What every kind of verification ends with. */
export interface Verdict {
  readonly ok: boolean
  /** What was checked, a line each. */
  readonly checked: readonly string[]
  /** What can't be known from what was given. */
  readonly unknown: readonly string[]
  readonly findings: readonly string[]
  /** For --json. */
  readonly report: object
}

export function findingLine(finding: StoreFinding): string {
  const { workspace, what, seq, id, tile, document, message } = finding
  const place = [
    workspace,
    what,
    seq === undefined ? '' : `#${seq}`,
    id === undefined ? '' : `(${id})`,
    tile ?? '',
    document === undefined ? '' : `in ${document}`,
  ]
  return `${place.filter((part) => part !== undefined && part !== '').join(' ')}: ${message}`
}
