import { clauseFromWord, isOperator } from './query-clause.ts'
import { badQuery, QueryScanner } from './query-scanner.ts'
import { ALL, simplify } from './query-simplify.ts'
import type { Query } from './query-syntax.ts'
import { phraseOf, type Field } from './query-values.ts'

const MAX_NESTING = 32
const MAX_CLAUSES = 256

/**
 * Reads a query (contract §6; docs: the query language) into its syntax tree, simplified.
 *
 *     query  = or
 *     or     = and *( "OR" and )
 *     and    = not *( [ "AND" ] not )
 *     not    = *( "NOT" / "-" ) clause
 *     clause = "(" or ")" / phrase / word / field ":" value
 *
 * An empty text is every event. A word without any letter or digit counts for nothing beside others, and is an error
 * alone: a query that says something never means everything.
 *
 * Errors: `bad_query` with `position` and a sentence that says what was expected there.
 */
export function parseQuery(text: string): Query {
  const parser = new Parser(new QueryScanner(text))
  return parser.query()
}

/** What a clause is: null for a word that has nothing to search for. */
type Parsed = Query | null

class Parser {
  readonly #scanner: QueryScanner
  #nesting = 0
  #clauses = 0
  /** Set inside `field:( … )`. */
  #field: Field | null = null

  constructor(scanner: QueryScanner) {
    this.#scanner = scanner
  }

  query(): Query {
    const scanner = this.#scanner
    scanner.skipSpaces()
    if (scanner.peek() === '') return ALL
    const parsed = this.#or('')
    if (scanner.peek() === ')')
      throw badQuery(scanner.at, 'Expected the end of the query: this ) has no ( before it.')
    if (parsed === null) throw badQuery(0, 'Expected something to search for: at least one letter or digit.')
    return simplify(parsed)
  }

  #or(after: string): Parsed {
    const parts = [this.#and(after)]
    while (this.#operator('OR')) parts.push(this.#and('OR'))
    return group('or', parts)
  }

  #and(after: string): Parsed {
    const parts = [this.#not(after)]
    for (;;) {
      if (this.#operator('AND')) parts.push(this.#not('AND'))
      else if (this.#atEnd() || this.#nextWord() === 'OR') return group('and', parts)
      else parts.push(this.#not(''))
    }
  }

  /** `after`: the operator before, for the sentence where nothing follows. */
  #not(after: string): Parsed {
    const scanner = this.#scanner
    scanner.skipSpaces()
    const word = this.#nextWord()
    if (word === 'NOT') {
      scanner.at += word.length
      return this.#nested(() => negation(this.#not('NOT')))
    }
    if (word !== '' && isOperator(word)) throw badQuery(scanner.at, expected(after, `not ${word}`))
    if (scanner.peek() === '-' && this.#startsClause(scanner.at + 1)) {
      scanner.at++
      return this.#nested(() => negation(this.#clause()))
    }
    if (this.#atEnd())
      throw badQuery(
        scanner.at,
        expected(after, scanner.peek() === '' ? 'not the end of the query' : 'not )'),
      )
    return this.#clause()
  }

  /** Whether a minus before this place negates: punctuation alone, such as `--`, is a word of no account. */
  #startsClause(at: number): boolean {
    const next = this.#scanner.text.charAt(at)
    return next !== '' && next !== '-' && next !== ')' && !/\s/u.test(next)
  }

  #clause(): Parsed {
    const scanner = this.#scanner
    const next = scanner.peek()
    if (next === '(') return this.#group(null)
    if (++this.#clauses > MAX_CLAUSES)
      throw badQuery(scanner.at, `Expected at most ${MAX_CLAUSES} words, phrases and values in a query.`)
    if (next === '"') return phraseOf(scanner, this.#field)
    const clause = clauseFromWord(scanner, this.#field)
    return clause?.type === 'group' ? this.#group(clause.field) : clause
  }

  #group(field: Field | null): Parsed {
    const scanner = this.#scanner
    const open = scanner.at++
    const outer = this.#field
    this.#field = field ?? outer
    scanner.skipSpaces()
    // `field:=()` is what printQuery writes for "one of no values".
    const nothing = this.#field?.kind === 'exact' && scanner.peek() === ')'
    const inner = nothing ? ({ type: 'none' } as const) : this.#nested(() => this.#or(''))
    this.#field = outer
    if (!scanner.take(')')) throw badQuery(scanner.at, `Expected a closing ) for the ( at position ${open}.`)
    if (inner === null && field)
      throw badQuery(open, `Expected a value with a letter or a digit for ${field.name}.`)
    return inner
  }

  #nested<Result>(parse: () => Result): Result {
    if (++this.#nesting > MAX_NESTING)
      throw badQuery(this.#scanner.at, `Expected at most ${MAX_NESTING} levels of brackets and NOT.`)
    const result = parse()
    this.#nesting--
    return result
  }

  #atEnd(): boolean {
    this.#scanner.skipSpaces()
    const next = this.#scanner.peek()
    return next === '' || next === ')'
  }

  /** The next word if it is an operator, else ''. Operators are words of their own, in upper case. */
  #nextWord(): string {
    const scanner = this.#scanner
    scanner.skipSpaces()
    return /(AND|OR|NOT)(?=[\s()"]|$)/uy.exec(scanner.text.slice(scanner.at, scanner.at + 4))?.[0] ?? ''
  }

  #operator(name: 'AND' | 'OR'): boolean {
    if (this.#nextWord() !== name) return false
    this.#scanner.at += name.length
    return true
  }
}

function group(type: 'and' | 'or', parts: readonly Parsed[]): Parsed {
  const kept = parts.filter((part) => part !== null)
  return kept.length === 0 ? null : { type, parts: kept }
}

function negation(part: Parsed): Parsed {
  return part && { type: 'not', part }
}

function expected(after: string, instead: string): string {
  return `Expected a word, a phrase, a field or ( ${after === '' ? 'here' : `after ${after}`}, ${instead}.`
}
