import { TrailsealError } from '../errors.ts'
import { Secret } from './secret.ts'

/** What the process was started with: `process.env`, with an `--env-file` already in it. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads single variables and gathers every fault, so that a start fails once with all of them.
 * A variable that is set to nothing counts as not set. Messages name variables, never values.
 */
export class EnvironmentReader {
  readonly faults: string[] = []
  readonly #environment: Environment

  constructor(environment: Environment) {
    this.#environment = environment
  }

  text(name: string): string | null {
    const value = this.#environment[name]?.trim()
    return value === undefined || value === '' ? null : value
  }

  secret(name: string): Secret | null {
    const value = this.text(name)
    return value === null ? null : new Secret(value)
  }

  integer(name: string, fallback: number, least: number, most: number): number {
    const text = this.text(name)
    if (text === null) return fallback
    const value = /^(0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    return this.fault(`${name} must be a whole number from ${least} to ${most}`, fallback)
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    const text = this.text(name)
    if (text === null) return fallback
    const choice = choices.find((each) => each === text.toLowerCase())
    return choice ?? this.fault(`${name} must be one of ${choices.join(', ')}`, fallback)
  }

  /** Comma-separated, each one once. */
  choices<Choice extends string>(name: string, choices: readonly Choice[]): readonly Choice[] {
    const text = this.text(name)
    if (text === null) return choices
    const wanted = text.split(',').map((each) => each.trim().toLowerCase())
    if (wanted.every((each) => (choices as readonly string[]).includes(each)))
      return choices.filter((each) => wanted.includes(each))
    return this.fault(`${name} must be a comma-separated list of ${choices.join(', ')}`, choices)
  }

  /** An absolute URL of one of the protocols (`https:`). */
  url(name: string, protocols: readonly string[]): URL | null {
    const text = this.text(name)
    if (text === null) return null
    const url = URL.parse(text)
    if (url && protocols.includes(url.protocol)) return url
    return this.fault(`${name} must be a URL that begins with ${protocols.join(' or ')}`, null)
  }

  /** Like `url`, for one that may carry a password. */
  secretUrl(name: string, protocols: readonly string[]): Secret | null {
    return this.url(name, protocols) === null ? null : this.secret(name)
  }

  fault<Value>(sentence: string, value: Value): Value {
    this.faults.push(sentence)
    return value
  }

  /** Errors: `bad_configuration` with every fault. */
  stopAtFaults(): void {
    if (this.faults.length > 0) throw new TrailsealError('bad_configuration', `${this.faults.join('. ')}.`)
  }
}
