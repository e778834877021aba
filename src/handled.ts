/** For a promise that is waited for later: until then its failure does not count as unhandled, which would end the process. */
export function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined)
  return promise
}
