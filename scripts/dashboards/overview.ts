import { bars, count, extreme, metric, overTime, table, top, uniqueCount } from './lens.ts'
import { dashboard, dataView, savedSearch, type Place, type SavedObject } from './saved-objects.ts'

const VERB = 'trailseal.facet.verb'
const ACTOR = 'trailseal.actor'
const ACTION = 'trailseal.facet.action'
const RESOURCE_TYPE = 'trailseal.facet.resource_type'
const OUTCOME = 'trailseal.facet.outcome'

const FAILED = `${OUTCOME}:failure`
const SIGN_INS = `${VERB}:LOGIN`
const CHANGES = `${VERB}:(CREATE OR UPDATE OR DELETE OR SHARE OR REVOKE)`
const DESTRUCTIVE = `${VERB}:(DELETE OR REVOKE)`
const EXPORTS = `${VERB}:EXPORT`
/** The projection writes all three; the pipeline refuses documents without. */
const UNPROVEN = 'NOT (_exists_:event.hash AND _exists_:event.sequence)'

const figures: readonly SavedObject[] = [
  metric({
    ...{ id: 'trailseal-events-count', title: 'Events', column: count('Events') },
    description: 'Everything that was recorded in the time range.',
  }),
  metric({
    ...{ id: 'trailseal-failed-sign-ins', title: 'Failed sign-ins', column: count('Failed sign-ins') },
    ...{ query: `${SIGN_INS} AND ${FAILED}`, description: 'Sign-ins whose outcome is a failure.' },
  }),
  metric({
    ...{ id: 'trailseal-destructive', title: 'Destructive actions', column: count('Destructive actions') },
    ...{ query: DESTRUCTIVE, description: 'What was deleted or revoked.' },
  }),
  metric({
    ...{ id: 'trailseal-exports-count', title: 'Exports', column: count('Exports') },
    ...{ query: EXPORTS, description: 'What left as a file: exports and downloads.' },
  }),
  metric({
    ...{ id: 'trailseal-actors', title: 'Actors', column: uniqueCount('Actors', ACTOR) },
    description: 'Different people and tokens; an estimate above some thousands.',
  }),
  metric({
    ...{
      id: 'trailseal-unproven',
      title: 'Documents without proof',
      column: count('Documents without proof'),
    },
    ...{ query: UNPROVEN, description: 'Must be 0: documents that say nothing about the log they are of.' },
  }),
]

const panels: readonly { readonly object: SavedObject; readonly place: Place }[] = [
  ...figures.map((object, at) => ({ object, place: { x: at * 8, y: 0, w: 8, h: 6 } })),
  {
    object: bars({
      ...{
        id: 'trailseal-over-time',
        title: 'Events by outcome',
        description: 'How much happened, and what failed.',
      },
      columns: {
        time: overTime('Time'),
        outcome: top('Outcome', OUTCOME, { size: 3, by: 'events' }),
        events: count('Events'),
      },
      ...{ x: 'time', y: 'events', split: 'outcome' },
    }),
    place: { x: 0, y: 6, w: 24, h: 12 },
  },
  {
    object: bars({
      ...{ id: 'trailseal-sign-ins', title: 'Sign-ins and failures', query: SIGN_INS },
      description: 'Sign-ins over time, by outcome.',
      columns: {
        time: overTime('Time'),
        outcome: top('Outcome', OUTCOME, { size: 3, by: 'events' }),
        events: count('Sign-ins'),
      },
      ...{ x: 'time', y: 'events', split: 'outcome' },
    }),
    place: { x: 24, y: 6, w: 24, h: 12 },
  },
  {
    object: table({
      ...{ id: 'trailseal-sign-ins-by-user', title: 'Sign-ins by user and source', query: SIGN_INS },
      description:
        'Who signed in from which network, and how often that failed. Addresses are truncated before they are stored.',
      columns: {
        actor: top('User', ACTOR, { size: 20, by: 'events' }),
        source: top('Source', 'source.ip', { size: 5, by: 'events', dataType: 'ip' }),
        events: count('Sign-ins'),
        failed: count('Failed', FAILED),
        last: extreme('Last', 'max', '@timestamp', 'date'),
      },
    }),
    place: { x: 0, y: 18, w: 24, h: 14 },
  },
  {
    object: bars({
      ...{ id: 'trailseal-changes', title: 'Changes by resource type', query: CHANGES, horizontal: true },
      description: 'What was created, changed, shared, revoked or deleted.',
      columns: {
        type: top('Resource type', RESOURCE_TYPE, { size: 15, by: 'events' }),
        verb: top('Verb', VERB, { size: 5, by: 'events' }),
        events: count('Changes'),
      },
      ...{ x: 'type', y: 'events', split: 'verb' },
    }),
    place: { x: 24, y: 18, w: 24, h: 14 },
  },
  {
    object: table({
      ...{ id: 'trailseal-destructive-actions', title: 'Destructive actions by user', query: DESTRUCTIVE },
      description: 'Who deleted or revoked what sort of thing.',
      columns: {
        actor: top('User', ACTOR, { size: 10, by: 'events' }),
        action: top('Action', ACTION, { size: 10, by: 'events' }),
        type: top('Resource type', RESOURCE_TYPE, { size: 5, by: 'events' }),
        events: count('Events'),
        last: extreme('Last', 'max', '@timestamp', 'date'),
      },
    }),
    place: { x: 0, y: 32, w: 24, h: 14 },
  },
  {
    object: table({
      ...{ id: 'trailseal-exports', title: 'Exports by user', query: EXPORTS },
      description: 'Who took data out, and how.',
      columns: {
        actor: top('User', ACTOR, { size: 10, by: 'events' }),
        action: top('Action', ACTION, { size: 10, by: 'events' }),
        events: count('Events'),
        last: extreme('Last', 'max', '@timestamp', 'date'),
      },
    }),
    place: { x: 24, y: 32, w: 24, h: 14 },
  },
  {
    object: table({
      ...{
        id: 'trailseal-top-actors',
        title: 'Top actors',
        description: 'Who did most, and how much of it failed.',
      },
      columns: {
        actor: top('User', ACTOR, { size: 20, by: 'events' }),
        kind: top('Kind', 'trailseal.actor_type', { size: 3, by: 'events' }),
        events: count('Events'),
        failed: count('Failed', FAILED),
        actions: uniqueCount('Different actions', ACTION),
        last: extreme('Last', 'max', '@timestamp', 'date'),
      },
    }),
    place: { x: 0, y: 46, w: 24, h: 14 },
  },
  {
    object: table({
      ...{ id: 'trailseal-integrity', title: 'Integrity: documents of each log' },
      description:
        'A log without gaps has as many documents as sequence numbers. A second line of the same workspace is an earlier projection of it. This counts; what proves is the checkpoint: trailseal verify.',
      columns: {
        log: top('Log', 'trailseal.log', { size: 50, by: 'events' }),
        events: count('Documents'),
        first: extreme('First seq', 'min', 'event.sequence', 'number'),
        last: extreme('Last seq', 'max', 'event.sequence', 'number'),
        unproven: count('Without proof', UNPROVEN),
        received: extreme('Last received', 'max', 'event.created', 'date'),
      },
    }),
    place: { x: 24, y: 46, w: 24, h: 14 },
  },
  {
    object: savedSearch({
      ...{ id: 'trailseal-latest-events', title: 'Trailseal: latest events' },
      description:
        'Each document carries its canonical bytes (event.original), their leaf hash and their place in the log.',
      columns: [
        ACTOR,
        ACTION,
        OUTCOME,
        RESOURCE_TYPE,
        'trailseal.resource.name',
        'source.ip',
        'event.sequence',
        'event.hash',
      ],
    }),
    place: { x: 0, y: 60, w: 48, h: 20 },
  },
]

/** Everything of dashboards/overview.ndjson, in the order in which one refers to another. */
export const overview: readonly SavedObject[] = [
  dataView('Trailseal events', 'trailseal-events-*', '@timestamp'),
  ...panels.map(({ object }) => object),
  dashboard({
    ...{ id: 'trailseal-overview', title: 'Trailseal: overview', panels },
    description: 'Sign-ins, changes, destructive actions, exports, actors and integrity. Reads only.',
  }),
]
