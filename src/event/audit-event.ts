/** Any JSON value, as RFC 8259 has them. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

type ActorType = 'user' | 'api_token' | 'system'
export type Outcome = 'success' | 'failure'

export interface Actor {
  readonly type: ActorType
  /** Required unless the actor is the system itself. */
  readonly id?: string
  readonly email?: string
  readonly name?: string
  readonly role?: string
}

export interface Resource {
  readonly type: string
  readonly id?: string
  readonly name?: string
  readonly url?: string
}

/**
 * A prepared event: validated, normalised, truncated and redacted, and not yet in any log.
 * This is what `ingest/prepare` makes and what `sequencer` takes. Field names are those of the wire
 * (docs/format.md), so that the canonical form needs no mapping.
 */
export interface AuditEvent {
  /** The client's own id, unique in the workspace. Absent: the sequencer gives `seq_<n>`. */
  readonly id?: string
  /** When it happened, RFC 3339 in UTC with milliseconds. */
  readonly timestamp: string
  readonly actor: Actor
  readonly action: string
  readonly verb: string
  readonly category: string
  readonly outcome: Outcome
  readonly resource: Resource
  readonly related?: readonly Resource[]
  readonly before?: JsonObject
  readonly after?: JsonObject
  readonly justification?: string
  readonly source?: { readonly ip?: string; readonly user_agent?: string }
  readonly metadata?: JsonObject
  /** How many values were taken out because they were, or looked like, secrets or file contents. */
  readonly redacted?: number
}

/** What the sequencer adds to an event to make it an entry of a log (docs/format.md, Entry). */
export interface LogPosition {
  readonly id: string
  /** Origin of the log: `<TRAILSEAL_ORIGIN>/<workspace>`. */
  readonly log: string
  readonly seq: number
  /** When the gateway took it, same form as `timestamp`; never decreases along a log, so the sequencer sets it. */
  readonly received_at: string
  /** Base64 leaf hash of entry seq − 1; 32 zero bytes for seq 0. */
  readonly prev: string
  /** 16 random bytes, base64. */
  readonly salt: string
}

/** The parsed form of a log entry: what is hashed, stored, exported and shown. */
export type LogEntry = AuditEvent & LogPosition & { readonly v: 1 }
