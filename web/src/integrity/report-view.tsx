import type { Finding } from '../../../src/verify/log-report.ts'
import { Icon } from '../icon.tsx'
import type { BrowserReport } from './verify-in-browser.ts'

const KEYS = {
  first: 'This browser saw the key for the first time and remembers it.',
  same: 'The key is the one that this browser saw first.',
  changed:
    'The key is another than the one this browser saw before: ask the operator whether it was rotated.',
} as const

/** What a verification found, entry by entry. */
export function ReportView({
  report,
  seconds,
}: {
  readonly report: BrowserReport
  readonly seconds: number
}) {
  const { ok, size, checked, findings, findingsCount, firstEntry, key } = report
  const isGood = ok && key !== 'changed'
  return (
    <div className={`verdict verdict-${isGood ? 'green' : 'red'}`} role="status">
      <h3>
        <Icon name={isGood ? 'check' : 'failure'} size={18} />
        {isGood ? 'The log holds' : ok ? 'The log holds, under another key' : 'The log does not hold'}
      </h3>
      <p>
        {checked.entries.toLocaleString()} entries and {checked.tiles.toLocaleString()} hash tiles checked
        against the signed checkpoint for {size.toLocaleString()} entries, in {seconds.toFixed(1)} s.{' '}
        {KEYS[key]}
      </p>
      {firstEntry > 0 ? <p>{hashesOnly(firstEntry, size)}</p> : null}
      {findings.length > 0 ? (
        <>
          <p>
            <strong>
              {findingsCount.toLocaleString()} {findingsCount === 1 ? 'finding' : 'findings'}
            </strong>
          </p>
          <ul className="findings">
            {findings.map((finding, at) => (
              <li key={at}>
                <code>{placeOf(finding)}</code> {finding.message}
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </div>
  )
}

function hashesOnly(firstEntry: number, size: number): string {
  return firstEntry === size
    ? 'Your role does not read raw entries, so their hashes were checked and not their content.'
    : `The first ${firstEntry.toLocaleString()} entries have left the plan: their hashes were checked.`
}

function placeOf({ what, seq, id, tile }: Finding): string {
  return [what, seq === undefined ? '' : `#${seq}`, id ?? '', tile ?? '']
    .filter((part) => part !== '')
    .join(' ')
}
