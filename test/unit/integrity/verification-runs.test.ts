import { expect, test } from '@jest/globals'
import type { StoreReport } from '../../../src/integrity/store-report.ts'
import { VerificationRuns } from '../../../src/integrity/verification-runs.ts'
import { ROLES } from '../../../src/workspaces/workspace-store.ts'
import { OPERATOR } from '../../../src/workspaces/workspaces.ts'

const nothing = () => undefined
const { signal } = new AbortController()

test('only admins, and one at a time, also after one that failed', async () => {
  const runs = [Promise.withResolvers<StoreReport>(), Promise.withResolvers<StoreReport>()]
  let begun = 0
  const verifications = new VerificationRuns({ verify: () => runs[begun++]!.promise })
  for (const role of ROLES.filter((each) => each !== 'admin'))
    expect(() => verifications.begin({ ...OPERATOR, role })).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    )

  const first = verifications.begin(OPERATOR)(nothing, signal)
  expect(() => verifications.begin(OPERATOR)).toThrow(expect.objectContaining({ code: 'overloaded' }))
  runs[0]!.reject(new Error('the store is gone'))
  await expect(first).rejects.toThrow('the store is gone')

  const report = { ok: true } as StoreReport
  runs[1]!.resolve(report)
  expect(await verifications.begin(OPERATOR)(nothing, signal)).toBe(report)
  expect(begun).toBe(2)
})

test('ends when the process does, at its next step, and without a report of what it could not read any more', async () => {
  const ending = new AbortController()
  const steps: string[] = []
  const verifications = new VerificationRuns({
    verify: (onProgress) => {
      onProgress?.('log acme', 1, 2)
      ending.abort()
      // What fails in the index is a finding there, and so would this be.
      expect(() => onProgress?.('search index, events', 1, 2)).toThrow(/shutting down/)
      return Promise.resolve({ ok: false } as StoreReport)
    },
  })
  const run = verifications.begin(OPERATOR)((step) => steps.push(step), ending.signal)
  await expect(run).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(steps).toEqual(['log acme'])
  expect(verifications.begin(OPERATOR)).toBeInstanceOf(Function)
})
