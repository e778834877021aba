import type { SubmittedEvent } from '../../event/schema.ts'
import { EVIDENCE, MACHINE_SOURCE, OBLIGATIONS, PEOPLE, PIPELINE, SOURCES, thing } from './cast.ts'
import { singleScenes, type Scene } from './single-scenes.ts'

const WEEKS = 6
const DAY_MS = 86_400_000
const WORKING_DAY_MS = 10 * 3_600_000
const STARTS_AT_MS = 7 * 3_600_000
const STATUSES = ['Gap', 'Partial', 'Complete'] as const
const REASONS = [
  'Evidence reviewed with the notified body.',
  'Agreed in the weekly review.',
  'Risk file updated for firmware 2.4.',
]
const session = thing('SESSION - Nordlicht Compliance')
const endpoint = thing('ENDPOINT - GET /v1/obligations')
const passport = thing('PASSPORT p_200 Vacuum robot VR-200')
const TEAM = [PEOPLE.maren, PEOPLE.tomasz, PEOPLE.amina, PEOPLE.jonas]

interface Moment {
  readonly at: number
  readonly scene: Scene
}

/**
 * Six weeks of a small made-up company that end at `now` (milliseconds): every kind of event that the catalogue lists, things with
 * a history, failures, reasons. Oldest first, the same at every call with the same `now`. All of them say `metadata.sample`.
 */
export function sampleHistory(now: number): readonly SubmittedEvent[] {
  const random = generator(20_261_123)
  const days = workingDays(now)
  const moments = [...everyday(days, random), ...spread(singleScenes(), days)]
  return moments
    .filter(({ at }) => at < now)
    .sort((one, other) => one.at - other.at)
    .map(({ at, scene }, index) => ({
      ...scene,
      id: sampleId(index),
      timestamp: new Date(at).toISOString(),
      ...(scene.actor.type === 'system' ? {} : { source: sourceOf(scene) }),
      metadata: { ...scene.metadata, sample: true },
    }))
}

function sampleId(index: number): string {
  return `trailseal-sample-${String(index).padStart(4, '0')}`
}

/** Starts of the working days, oldest first; the last one lies a whole day before `now`. */
function workingDays(now: number): readonly number[] {
  const today = now - (now % DAY_MS)
  return Array.from({ length: WEEKS * 7 }, (_, at) => today - (WEEKS * 7 - at) * DAY_MS)
    .filter((day) => ![0, 6].includes(new Date(day).getUTCDay()))
    .map((day) => day + STARTS_AT_MS)
}

/** Once each, in their order, evenly over the days; the seconds look as if somebody had worked. */
function spread(scenes: readonly Scene[], days: readonly number[]): Moment[] {
  return scenes.map((scene, at) => {
    const place = ((at + 0.5) / scenes.length) * days.length
    const day = days[Math.floor(place)] ?? 0
    return { scene, at: day + Math.floor((place % 1) * WORKING_DAY_MS) + ((at * 7_919) % 55_000) }
  })
}

/** What every day brings: sign-ins, uploads, statuses that move on, views, calls of machines. */
function everyday(days: readonly number[], random: () => number): Moment[] {
  const statuses = new Map<string, number>()
  return days.flatMap((day, number) =>
    scenesOf(number, statuses, random)
      .map((scene) => ({ scene, at: day + Math.floor(random() * WORKING_DAY_MS) }))
      .sort((one, other) => one.at - other.at),
  )
}

function scenesOf(number: number, statuses: Map<string, number>, random: () => number): Scene[] {
  const some = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value
  const who = some(TEAM)
  const obligation = some(OBLIGATIONS)
  const evidence = some(EVIDENCE)
  const size = 18_000 + Math.floor(random() * 400_000)
  return [
    { actor: who, action: 'account.signed_in', resource: session },
    { actor: some(TEAM), action: 'account.signed_in', resource: session },
    { actor: who, action: 'account.signed_out', resource: session },
    ...(number % 4 === 1 ? [failedSignIn(some(TEAM))] : []),
    {
      ...{ actor: who, action: 'evidence.uploaded', resource: evidence, related: [obligation] },
      after: { name: evidence.name ?? '', size },
    },
    { actor: some(TEAM), action: 'evidence.viewed', resource: evidence },
    ...(number % 2 === 0 ? [statusChange(obligation, who, statuses, some(REASONS))] : []),
    ...(number % 3 === 0 ? [{ actor: PEOPLE.chiara, action: 'passport.viewed', resource: passport }] : []),
    ...(number % 3 === 1 ? [{ actor: who, action: 'file.viewed', resource: evidence }] : []),
    {
      ...{ actor: PIPELINE, action: 'api.called', resource: endpoint },
      metadata: { status: 200, milliseconds: 12 + Math.floor(random() * 90) },
    },
  ]
}

function failedSignIn(actor: Scene['actor']): Scene {
  return {
    actor,
    action: 'account.sign_in_failed',
    resource: session,
    outcome: 'failure',
    metadata: { reason: 'wrong password' },
  }
}

function statusChange(
  resource: Scene['resource'],
  actor: Scene['actor'],
  statuses: Map<string, number>,
  justification: string,
): Scene {
  const step = statuses.get(resource.id ?? '') ?? 0
  statuses.set(resource.id ?? '', step + 1)
  const state = (at: number) => ({ status: STATUSES[at % 3] ?? '', owner: actor.id ?? '', due: '2026-12-11' })
  return {
    ...{ actor, action: 'obligation.status_changed', resource, justification },
    before: state(step),
    after: { ...state(step + 1) },
  }
}

function sourceOf({ actor }: Scene): NonNullable<SubmittedEvent['source']> {
  if (actor.type === 'api_token') return MACHINE_SOURCE
  const place = Object.values(PEOPLE).findIndex(({ id }) => id === actor.id)
  return SOURCES[Math.max(0, place) % SOURCES.length] ?? SOURCES[0]
}

/** Lehmer's generator: made-up data needs no better. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
