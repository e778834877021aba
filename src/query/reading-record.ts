import type { JsonObject } from '../event/audit-event.ts'
import { actorOf } from '../workspaces/workspaces.ts'
import type { Principal } from '../workspaces/workspace-store.ts'
import type { QueryDependencies, ReadingEvent } from './dependencies.ts'
import { MAX_FILTER_LENGTH, pickFilters } from './filters.ts'
import type { Filters, ListRequest } from './query-facade.ts'

/** What was read, for the log. */
export interface Reading {
  readonly action: ReadingEvent['action']
  /** Method of the query facade. */
  readonly request: string
  readonly filters?: Filters | ListRequest
  /** What was named: id of an event, `TYPE/ID` of a history, path of a bundle of entries. */
  readonly target?: string
}

/**
 * Runs a read, and for an auditor puts a record of it into the workspace's own log before the result is given out
 * (contract §3): one for each request, refused ones included. Fails when the record can't be made.
 */
export async function recorded<Result>(
  { record }: Pick<QueryDependencies, 'record'>,
  principal: Principal,
  workspace: string,
  reading: Reading,
  read: () => Promise<Result>,
): Promise<Result> {
  if (principal.role !== 'auditor') return await read()
  let result
  try {
    result = await read()
  } catch (error) {
    await record(workspace, readingEvent(principal, workspace, reading, 'failure'))
    throw error
  }
  await record(workspace, readingEvent(principal, workspace, reading, 'success'))
  return result
}

const LONGEST_TARGET = 512

function readingEvent(
  principal: Principal,
  workspace: string,
  { action, request, filters = {}, target }: Reading,
  outcome: ReadingEvent['outcome'],
): ReadingEvent {
  return {
    actor: actorOf(principal),
    action,
    outcome,
    // not the resource that was named: its history shows what happened to it, not who looked
    resource: { type: 'AUDIT_LOG', id: workspace },
    metadata: {
      request,
      token_id: principal.tokenId,
      filters: loggable(filters),
      ...(target === undefined ? {} : { target: loggableText(target, LONGEST_TARGET) }),
    },
  }
}

/** All filters of any request that `filtersQuery` takes; of longer ones, which it refuses, the beginning. */
function loggable(filters: Filters): JsonObject {
  const text = JSON.stringify(pickFilters(filters), (_, value: unknown) =>
    typeof value === 'string' ? loggableText(value, MAX_FILTER_LENGTH) : value,
  )
  return text.length <= MAX_FILTER_LENGTH
    ? (JSON.parse(text) as JsonObject)
    : { too_long: loggableText(text, 1_000) }
}

/** Requests may hold lone surrogates and NUL, which no event may. */
function loggableText(text: string, longest: number): string {
  return text.slice(0, longest).toWellFormed().replaceAll('\0', '\u{FFFD}')
}
