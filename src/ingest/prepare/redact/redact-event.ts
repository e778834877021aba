import type { Actor, Resource } from '../../../event/audit-event.ts'
import type { SubmittedEvent } from '../../../event/schema.ts'
import { redactObject, redactString } from './redact.ts'
import type { Tally } from './redact.ts'

/**
 * The event without secrets and file contents in any of its texts; counts what was taken out. Types and roles are words of a
 * vocabulary and ids of events are compared byte by byte: these stay as they are (see `prepareEvent` for ids that look like secrets).
 */
export function redactEvent(event: SubmittedEvent, tally: Tally): SubmittedEvent {
  const { actor, resource, related, before, after, justification, metadata } = event
  return {
    ...event,
    actor: redactFields(actor, ACTOR_TEXTS, tally),
    action: redactString(event.action, tally),
    resource: redactFields(resource, RESOURCE_TEXTS, tally),
    ...(related && { related: related.map((item) => redactFields(item, RESOURCE_TEXTS, tally)) }),
    ...(before && { before: redactObject(before, tally) }),
    ...(after && { after: redactObject(after, tally) }),
    ...(justification !== undefined && { justification: redactString(justification, tally) }),
    ...(metadata && { metadata: redactObject(metadata, tally) }),
  }
}

const ACTOR_TEXTS = ['id', 'email', 'name', 'role'] as const satisfies readonly (keyof Actor)[]
const RESOURCE_TEXTS = ['id', 'name', 'url'] as const satisfies readonly (keyof Resource)[]

/** Copies only where something was found. */
function redactFields<Holder extends object>(
  holder: Holder,
  fields: readonly (keyof Holder)[],
  tally: Tally,
): Holder {
  let copy: Holder | null = null
  for (const field of fields) {
    const text = holder[field]
    if (typeof text !== 'string') continue
    const redacted = redactString(text, tally)
    if (redacted !== text) copy = { ...(copy ?? holder), [field]: redacted }
  }
  return copy ?? holder
}
