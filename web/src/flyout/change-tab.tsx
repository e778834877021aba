import type { ListedEvent } from '../api/types.ts'
import { diffFields, type FieldChange } from './field-diff.ts'

/** Before and after as a diff of fields; what stayed the same is folded. */
export function ChangeTab({ event }: { readonly event: ListedEvent }) {
  const { before, after, justification } = event
  return (
    <>
      {justification ? (
        <blockquote className="justification">
          <span className="soft">Justification</span>
          <bdi>{justification}</bdi>
        </blockquote>
      ) : null}
      {before === undefined && after === undefined ? (
        <p className="soft">
          This event records no values before or after. The Details tab has all that it says.
        </p>
      ) : (
        <FieldDiff changes={diffFields(before, after)} />
      )}
    </>
  )
}

export function FieldDiff({ changes }: { readonly changes: readonly FieldChange[] }) {
  const changed = changes.filter(({ kind }) => kind !== 'same')
  const same = changes.filter(({ kind }) => kind === 'same')
  return (
    <>
      {changed.length > 0 ? <DiffTable changes={changed} /> : <p className="soft">No field changed.</p>}
      {same.length > 0 ? (
        <details className="folded">
          <summary>
            {same.length} unchanged {same.length === 1 ? 'field' : 'fields'}
          </summary>
          <DiffTable changes={same} />
        </details>
      ) : null}
    </>
  )
}

function DiffTable({ changes }: { readonly changes: readonly FieldChange[] }) {
  return (
    <table className="diff">
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ path, kind, before, after }) => (
          <tr key={path} className={`diff-${kind}`}>
            <th scope="row">
              <bdi>{path}</bdi>
            </th>
            <td>{before === null ? <span className="soft">not there</span> : <Value text={before} />}</td>
            <td>{after === null ? <span className="soft">not there</span> : <Value text={after} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Long values scroll in their own place: up to 64 kB come in one event. */
export function Value({ text }: { readonly text: string }) {
  return text.length > 300 ? (
    <div className="long-value" tabIndex={0} role="group" aria-label="Long value">
      <bdi>{text}</bdi>
    </div>
  ) : (
    <bdi>{text === '' ? '""' : text}</bdi>
  )
}
