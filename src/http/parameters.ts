import { z } from 'zod'
import { TrailsealError } from '../errors.ts'

/** A whole number in decimal digits: `Number` would take `0x5`, `1e3` and spaces. */
export function integerParameter(least: number, most: number) {
  return z
    .string()
    .regex(/^(0|[1-9][0-9]{0,15})$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(least).max(most))
}

export const flagParameter = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .pipe(z.boolean())

/**
 * Query parameters, strictly: unknown names, repeated single ones, malformed escapes, NUL and lone surrogates are
 * `bad_request` that names the parameter. An empty value is as good as none, so that forms can send all their fields.
 */
export function parseParameters<Schema extends z.ZodObject>(url: string, schema: Schema): z.output<Schema> {
  const given = collect(url, schema)
  const parsed = schema.safeParse(Object.fromEntries(given))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `\`${String(path[0])}\`: ${message}`)
  throw new TrailsealError('bad_request', `Query parameters: ${faults.join('; ')}.`)
}

function collect(url: string, schema: z.ZodObject): Map<string, string | string[]> {
  const given = new Map<string, string | string[]>()
  const start = url.indexOf('?')
  if (start === -1) return given
  for (const pair of url.slice(start + 1).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1))
    const parameter = parameterOf(schema, name)
    if (!parameter) throw unknown(name, schema)
    const former = given.get(name)
    if (value === '') continue
    if (isRepeatable(parameter)) given.set(name, Array.isArray(former) ? [...former, value] : [value])
    else if (former === undefined) given.set(name, value)
    else throw new TrailsealError('bad_request', `The query parameter \`${name}\` can be given once.`)
  }
  return given
}

function parameterOf(schema: z.ZodObject, name: string): z.core.$ZodType | undefined {
  const shape: Record<string, z.core.$ZodType> = schema.shape
  // `__proto__` and its like are inherited names, not parameters.
  return Object.hasOwn(shape, name) ? shape[name] : undefined
}

function decode(text: string): string {
  let decoded: string
  try {
    // Throws on malformed escapes and on what is not UTF-8, which includes lone surrogates.
    decoded = decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new TrailsealError('bad_request', 'The query parameters are not properly percent-encoded UTF-8.', {
      cause,
    })
  }
  if (decoded.includes('\0'))
    throw new TrailsealError('bad_request', 'A query parameter contains a NUL character.')
  return decoded
}

function isRepeatable(parameter: z.core.$ZodType): boolean {
  return (
    parameter instanceof z.ZodArray ||
    (parameter instanceof z.ZodOptional && isRepeatable(parameter.def.innerType))
  )
}

function unknown(name: string, schema: z.ZodObject): TrailsealError {
  const known = Object.keys(schema.shape)
  const advice = known.length === 0 ? 'There are none here.' : `There are: ${known.join(', ')}.`
  return new TrailsealError(
    'bad_request',
    `The query parameter \`${name.slice(0, 100)}\` is not known. ${advice}`,
  )
}
