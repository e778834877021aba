/** Lets one piece of asynchronous work begin when the one before has settled, in the order in which they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as `work` does; a failure is its caller's alone. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<null>()
    this.#last = promise
    await before
    try {
      return await work()
    } finally {
      resolve(null)
    }
  }
}
