import { expect, test } from '@jest/globals'
import type { StoreReport } from '../../../src/integrity/store-report.ts'
import { VerificationRuns } from '../../../src/integrity/verification-runs.ts'
import { ROLES } from '../../../src/workspaces/workspace-store.ts'
import { OPERATOR } from '../../../src/workspaces/workspaces.ts'

const nothing = () => undefined

test('only admins, and one at a time, also after one that failed', async () => {
  const runs = [Promise.withResolvers<StoreReport>(), Promise.withResolvers<StoreReport>()]
  let begun = 0
  const verifications = new VerificationRuns({ verify: () => runs[begun++]!.promise })
  for (const role of ROLES.filter((each) => each !== 'admin'))
    expect(() => verifications.begin({ ...OPERATOR, role })).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    )

  const first = verifications.begin(OPERATOR)(nothing)
  expect(() => verifications.begin(OPERATOR)).toThrow(expect.objectContaining({ code: 'overloaded' }))
  runs[0]!.reject(new Error('the store is gone'))
  await expect(first).rejects.toThrow('the store is gone')

  const report = { ok: true } as StoreReport
  runs[1]!.resolve(report)
  expect(await verifications.begin(OPERATOR)(nothing)).toBe(report)
  expect(begun).toBe(2)
})
