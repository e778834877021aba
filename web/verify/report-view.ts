import type { ExportFinding, ExportReport } from '../../src/verify/export-report.ts'
import type { Outcome } from './check.ts'

/** Made of elements and texts only: whatever a file says is shown as text. */
export function element(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly (Node | string)[]
): HTMLElement {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

export function outcomeView(outcome: Outcome): readonly HTMLElement[] {
  if (outcome.kind === 'report') return reportView(outcome.report)
  if (outcome.kind === 'wrong')
    return [verdict(false, 'NOT verified', 'Something was changed.'), steps([wrongStep(outcome.message)])]
  return [verdict(false, 'Nothing was verified', outcome.message)]
}

function reportView(report: ExportReport): readonly HTMLElement[] {
  const { ok, checked, unknown, findings, findings_count: count } = report
  const more = count - findings.length
  const rows = `${report.rows.toLocaleString('en-US')} events as ${report.format.toUpperCase()}, log ${report.origin}`
  return [
    ok
      ? verdict(true, 'Verified: nothing was changed', rows)
      : verdict(false, 'NOT verified', `${counted(count)} below; ${rows}`),
    ...(count > 0
      ? [
          element('h2', {}, 'What is wrong'),
          steps([
            ...findings.map((finding) => wrongStep(`${placeOf(finding)}: ${finding.message}`)),
            ...(more > 0 ? [wrongStep(`and ${more} more`)] : []),
          ]),
        ]
      : []),
    element('h2', {}, 'What was checked'),
    checked.length > 0
      ? steps(checked.map((line) => step('good', 'checked', line)))
      : element('p', { class: 'soft' }, 'Nothing held.'),
    element('h2', {}, 'What this page can’t know'),
    steps(unknown.map((line) => step('open', 'open', line))),
    element('h2', {}, 'Key'),
    element('p', { class: 'mono wrap' }, report.key.vkey),
    element(
      'p',
      { class: 'soft' },
      report.key.given
        ? 'This is the key that you gave.'
        : 'Only the manifest names this key: compare it with one that you know from elsewhere.',
    ),
  ]
}

function counted(count: number): string {
  return count === 1 ? 'one finding' : `${count.toLocaleString('en-US')} findings`
}

function placeOf({ what, row, seq }: ExportFinding): string {
  const parts = [what, row === undefined ? '' : String(row), seq === undefined ? '' : `(seq ${seq})`]
  return parts.filter((part) => part !== '').join(' ')
}

function verdict(isGood: boolean, title: string, text: string): HTMLElement {
  return element(
    'div',
    { class: `verdict ${isGood ? 'is-good' : 'is-bad'}` },
    element('h2', {}, title),
    element('p', {}, text),
  )
}

function wrongStep(line: string): HTMLElement {
  return step('bad', 'WRONG', line)
}

function step(tone: 'good' | 'bad' | 'open', word: string, line: string): HTMLElement {
  return element('li', { class: tone }, element('span', {}, word), element('span', {}, line))
}

function steps(items: readonly HTMLElement[]): HTMLElement {
  return element('ul', { class: 'steps' }, ...items)
}
