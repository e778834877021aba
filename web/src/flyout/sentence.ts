import { classify } from '../../../src/event/catalogue.ts'
import type { Resource } from '../../../src/event/audit-event.ts'
import type { ListedEvent } from '../api/types.ts'
import { actorName } from '../events/cells.tsx'
import { diffFields } from './field-diff.ts'

const LONGEST_VALUE = 60

/** "Ada Lovelace changed the status of obligation Art. 13 from Gap to Partial". */
export function sentenceOf(event: ListedEvent): string {
  const { phrase } = classify(event.action)
  return `${actorName(event.actor)} ${phrase} ${resourceInWords(event.resource)}${changeInWords(event)}`
}

function resourceInWords({ type, name, id }: Resource): string {
  const kind = type.toLowerCase().replaceAll('_', ' ')
  const which = name || id || ''
  return which === '' ? kind : `${kind} ${which}`
}

/** Only one field changed, and shortly: then it says the whole story. */
function changeInWords({ before, after }: ListedEvent): string {
  const [change, ...others] = diffFields(before, after).filter(({ kind }) => kind !== 'same')
  if (!change || others.length > 0 || change.before === null || change.after === null) return ''
  if (change.before.length > LONGEST_VALUE || change.after.length > LONGEST_VALUE) return ''
  return ` from ${change.before} to ${change.after}`
}
