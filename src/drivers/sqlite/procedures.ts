import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

/** A named procedure of an adapter with its argument: what crosses from the main thread to a SQLite thread. */
export interface SqliteCall {
  readonly procedure: string
  readonly argument: unknown
}

/**
 * An adapter's part that runs inside a SQLite thread. The module exports `schema` (idempotent DDL, run by the writer
 * at start) and `procedures`, whose names carry the adapter's own prefix (`ledger.append`). A procedure is synchronous;
 * on the writer it runs inside a transaction that its caller did not open and must not end.
 */
export interface SqliteModule {
  readonly schema: string
  // The argument's type is known to the adapter on both sides of the thread border only.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly procedures: Readonly<Record<string, (connection: SqliteConnection, argument: any) => unknown>>
}

/** A result whose buffers cross the thread border without being copied: whoever answers with it keeps none of them. */
export class HandedOver {
  readonly value: unknown
  readonly buffers: readonly ArrayBuffer[]

  constructor(value: unknown, buffers: readonly ArrayBuffer[]) {
    this.value = value
    this.buffers = buffers
  }
}

/** The driver's own procedure: writes a counter that nobody reads. */
export const TOUCH = 'driver.touch'

/** One open database inside a SQLite thread: prepared statements are kept by their text. */
export class SqliteConnection {
  readonly database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #procedures = new Map<string, (connection: SqliteConnection, argument: unknown) => unknown>()

  constructor(database: DatabaseSync, modules: readonly SqliteModule[]) {
    this.database = database
    this.#procedures.set(TOUCH, touch)
    for (const module of modules)
      for (const [name, procedure] of Object.entries(module.procedures)) this.#procedures.set(name, procedure)
  }

  /** Integers beyond 2^53 need `prepareBig`: this one throws on them rather than rounding. */
  prepare(sql: string): StatementSync {
    return this.#prepared(sql, false)
  }

  /** Like `prepare`, with every integer of a result as bigint. */
  prepareBig(sql: string): StatementSync {
    return this.#prepared(sql, true)
  }

  /** Runs text that differs from call to call (a compiled query), without keeping its statement. */
  all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.database.prepare(sql).all(...values)
  }

  /** Runs another procedure in the same thread and transaction. */
  call(call: SqliteCall): unknown {
    const procedure = this.#procedures.get(call.procedure)
    if (!procedure) throw new Error(`no such procedure: ${call.procedure}`)
    return procedure(this, call.argument)
  }

  #prepared(sql: string, big: boolean): StatementSync {
    const key = big ? `big ${sql}` : sql
    let statement = this.#statements.get(key)
    if (!statement) {
      statement = this.database.prepare(sql)
      statement.setReadBigInts(big)
      this.#statements.set(key, statement)
    }
    return statement
  }
}

function touch({ database }: SqliteConnection): null {
  const row = database.prepare('PRAGMA user_version').get()
  database.exec(`PRAGMA user_version = ${(Number(row?.['user_version']) + 1) % 2 ** 30}`)
  return null
}
