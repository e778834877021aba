import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { TrailsealError } from '../errors.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Shape of one plan in a plans file, which is plain JSON: `{"plans": [ … ]}`. */
export const planSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, _ and -'),
  /** False: events are recorded, and reading them asks for a higher plan. */
  readable: z.boolean(),
  /** Days that an event stays online, counted from `received_at`. */
  online_days: z.int().min(1).max(36_500),
  /** How what has left the online store is handed out: never, by the operator, or at once. */
  archive: z.enum(['none', 'request', 'extended']),
  /** Whether events of category `api` are recorded. */
  api_events: z.boolean(),
})
export type Plan = z.infer<typeof planSchema>

/** Plans by name, in the order of their file. */
export type Plans = ReadonlyMap<string, Plan>

const fileSchema = z.strictObject({
  plans: z
    .array(planSchema)
    .min(1)
    .refine(
      (plans) => new Set(plans.map((plan) => plan.name)).size === plans.length,
      'plan names must be unique',
    ),
})

/**
 * Reads a plans file; without a path the one that is shipped.
 * Errors: `bad_configuration`, with every fault of the file by its path.
 */
export async function readPlans(path: string | null): Promise<Plans> {
  const file = path ?? new URL('../../plans.json', import.meta.url)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new TrailsealError(
      'bad_configuration',
      `The plans file ${path ?? 'plans.json'} could not be read.`,
      { cause },
    )
  }
  return parsePlans(text, path ?? 'plans.json')
}

/** `name` is what the message calls the file. Errors: as `readPlans`. */
export function parsePlans(text: string, name: string): Plans {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new TrailsealError('bad_configuration', `The plans file ${name} is not JSON.`, { cause })
  }
  const parsed = fileSchema.safeParse(json)
  if (parsed.success) return new Map(parsed.data.plans.map((plan) => [plan.name, plan]))
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`)
  throw new TrailsealError('bad_configuration', `The plans file ${name} is not valid: ${faults.join('; ')}.`)
}

/** Events received before this moment (milliseconds since 1970) are invisible to every online read. */
export function windowStart(plan: Plan, nowMs: number): number {
  return nowMs - plan.online_days * DAY_MS
}

/** After a plan's window nothing shows its events any more; so much later an index may delete them (index-templates/ilm). */
const GRACE_DAYS = 30

/** Whether an index may have deleted, by age, what was received at `receivedAt` (milliseconds since 1970, as `nowMs`). */
export function isPastGrace(plan: Plan, receivedAt: number, nowMs: number): boolean {
  return receivedAt < windowStart(plan, nowMs) - GRACE_DAYS * DAY_MS
}
