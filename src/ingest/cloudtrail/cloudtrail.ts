import { isIP } from 'node:net'
import type { Actor } from '../../event/audit-event.ts'
import { fitMetadata, fitText } from '../fit-json.ts'
import { resourcesOf } from './resources.ts'

type JsonRecord = Readonly<Record<string, unknown>>

/**
 * A CloudTrail record (AWS CloudTrail user guide, "record contents", event version 1.x) as a submitted event. Action, actor, outcome, resource and source take the fields that mean
 * these; everything else stays under `metadata` with CloudTrail's own names. Only the full address and user agent are lost, as contract §5 wants it.
 * What is no object is returned as it is, for the validation to refuse.
 */
export function fromCloudTrail(record: unknown): unknown {
  if (!isRecord(record)) return record
  const { eventID, eventTime, eventName, sourceIPAddress, userAgent, ...rest } = record
  const ip = fitText(sourceIPAddress, 64)
  const isAddress = ip !== undefined && isIP(ip) !== 0
  const [resource, ...related] = resourcesOf(record)
  const agent = fitText(userAgent, 1_024)
  return {
    ...(eventID !== undefined && { id: eventID }),
    timestamp: eventTime,
    actor: actorOf(asRecord(record['userIdentity'])),
    action: eventName,
    outcome: hasFailed(record) ? 'failure' : 'success',
    resource,
    ...(related.length > 0 && { related: related.slice(0, 100) }),
    ...((isAddress || agent !== undefined) && {
      source: { ...(isAddress && { ip }), ...(agent !== undefined && { user_agent: agent }) },
    }),
    // a service's name in place of an address ("cloudformation.amazonaws.com") says who acted on whose behalf
    metadata: fitMetadata(isAddress || sourceIPAddress === undefined ? rest : { ...rest, sourceIPAddress }),
  }
}

/** Failed calls carry an error code; failed console sign-ins only say so in their response. */
function hasFailed(record: JsonRecord): boolean {
  const code = record['errorCode']
  return (
    (code !== undefined && code !== null) ||
    asRecord(record['responseElements'])['ConsoleLogin'] === 'Failure'
  )
}

/** People and roles are users, other accounts act through credentials, AWS itself is the system. */
function actorOf(identity: JsonRecord): Actor {
  const principal = fitText(identity['principalId'], 512) ?? fitText(identity['arn'], 512)
  const account = fitText(identity['accountId'], 512)
  const service = fitText(identity['invokedBy'], 512)
  switch (identity['type']) {
    case 'AWSService':
      return system(service)
    case 'AWSAccount':
      return { type: 'api_token', id: principal ?? account ?? 'unknown', ...named(account) }
    case 'Root':
      return { type: 'user', id: principal ?? account ?? 'root', name: 'root' }
    case 'AssumedRole':
      return principal === undefined ? system(service) : assumedRole(identity, principal)
    default: {
      const name = fitText(identity['userName'], 512)
      const id =
        principal ?? fitText(identity['userId'], 512) ?? fitText(identity['credentialId'], 512) ?? name
      return id === undefined ? system(service ?? account) : { type: 'user', id, ...named(name) }
    }
  }
}

/** `arn:aws:sts::123:assumed-role/ROLE/SESSION`: shown as ROLE/SESSION, with ROLE as the role. */
function assumedRole(identity: JsonRecord, principal: string): Actor {
  const issuer = asRecord(asRecord(identity['sessionContext'])['sessionIssuer'])
  const role = fitText(issuer['userName'], 128)
  const name =
    fitText(identity['arn'], 512)?.split(':assumed-role/', 2)[1] ?? principal.split(':', 2)[1] ?? role
  return { type: 'user', id: principal, ...named(name), ...(role !== undefined && { role }) }
}

function system(service: string | undefined): Actor {
  return { type: 'system', ...(service !== undefined && { id: service, name: service }) }
}

function named(name: string | undefined): { name?: string } {
  return name === undefined ? {} : { name }
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asRecord(value: unknown): JsonRecord {
  return isRecord(value) ? value : {}
}
