import { createHash } from 'node:crypto'
import type { LogEntry } from '../../event/audit-event.ts'
import { classify } from '../../event/catalogue.ts'
import { EXACT_FIELDS, FACET_FIELDS } from '../query-syntax.ts'
import type { SearchDocument } from '../search-index.ts'
import { exactTerm, textName } from './fields.ts'

/** Version of the Elastic Common Schema that the names are of. */
const ECS_VERSION = '8.17.0'
/** RFC 6962 §2.1: what is hashed before an entry. */
const LEAF = Uint8Array.of(0)

/**
 * The document of an event: what searches need, and, made of a committed entry, ECS fields for whoever looks with Kibana. `log` is
 * the workspace with the generation of its projection. `bare`: only what searches need and integrity, which no cluster refuses.
 */
export function eventDocument(document: SearchDocument, log: string, bare: boolean): object {
  const { workspace, seq, timestamp, texts, paths, exact, committed } = document
  const text: Record<string, string> = {}
  for (const [field, value] of Object.entries(texts)) text[textName(field as keyof typeof texts)] = value
  if (paths !== '') text['paths'] = paths
  const facet: Record<string, string> = {}
  for (const field of FACET_FIELDS) {
    const [value] = exact[field] ?? []
    if (value !== undefined) facet[field] = value
  }
  const terms = exactTerms(document)
  const ecs = committed && !bare ? ecsFields(committed.entry) : { event: {}, trailseal: {} }
  return {
    ...ecs,
    // As text: a bare number of four digits would be read as a year.
    '@timestamp': new Date(timestamp).toISOString(),
    organization: { id: workspace },
    event: { ...ecs.event, sequence: seq, ...(committed && integrity(committed.bytes)) },
    trailseal: { ...ecs.trailseal, log, facet, exact: terms, text },
  }
}

/** What the exact filters of a query compare with. */
export function exactTerms({ exact }: SearchDocument): string[] {
  return EXACT_FIELDS.flatMap((field) => (exact[field] ?? []).map((value) => exactTerm(field, value)))
}

/** What the log committed to; with it anybody can check a single document. */
function integrity(bytes: Uint8Array): object {
  return {
    hash: createHash('sha256').update(LEAF).update(bytes).digest('base64'),
    original: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'),
  }
}

function ecsFields(entry: LogEntry): { event: object; trailseal: object } {
  const { actor, action, outcome, resource, related, justification, source } = entry
  const { ecsCategory, ecsType } = classify(action)
  return {
    ...{ ecs: { version: ECS_VERSION } },
    event: {
      ...{ kind: 'event', dataset: 'trailseal.audit', id: entry.id, action, outcome },
      ...{ category: ecsCategory, type: ecsType, created: entry.received_at },
      ...(justification === undefined ? {} : { reason: justification }),
    },
    ...{ user: { id: actor.id, email: actor.email, name: actor.name, roles: actor.role } },
    ...(source?.ip === undefined ? {} : { source: { ip: source.ip } }),
    ...(source?.user_agent === undefined ? {} : { user_agent: { original: source.user_agent } }),
    trailseal: {
      // By the name that people know: a dashboard can't choose between three fields.
      actor: actor.email ?? actor.name ?? actor.id ?? actor.type,
      ...{ actor_type: actor.type, resource, related, redacted: entry.redacted },
      ...{ before: entry.before, after: entry.after, metadata: entry.metadata },
    },
  }
}
