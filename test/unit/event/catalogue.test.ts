import { describe, expect, test } from '@jest/globals'
import { CATEGORIES, catalogue, classify } from '../../../src/event/catalogue.ts'

/** Elastic Common Schema 8.17, allowed values. */
const ECS_CATEGORIES =
  'api authentication configuration database driver email file host iam intrusion_detection library malware network package process registry session threat vulnerability web'
const ECS_TYPES =
  'access admin allowed change connection creation deletion denied end error group indicator info installation protocol start user'

describe('catalogue of actions', () => {
  test('lists each action once, with values that ECS allows', () => {
    expect(new Set(catalogue.map((entry) => entry.action)).size).toBe(catalogue.length)
    for (const { ecsCategory, ecsType, verb, phrase } of catalogue) {
      expect(ECS_CATEGORIES.split(' ')).toEqual(expect.arrayContaining([...ecsCategory]))
      expect(ECS_TYPES.split(' ')).toEqual(expect.arrayContaining([...ecsType]))
      expect(verb).toMatch(/^[A-Z]+$/)
      expect(phrase).not.toBe('')
    }
  })

  test('has actions in each category of the contract', () => {
    const used = new Set(catalogue.map((entry) => entry.category))
    expect([...used, 'other'].sort()).toEqual([...CATEGORIES].sort())
  })

  test.each([
    ['account.signed_in', 'LOGIN', 'account'],
    ['account.sign_in_failed', 'LOGIN', 'account'],
    ['account.role_changed', 'UPDATE', 'account'],
    ['evidence.uploaded', 'CREATE', 'evidence'],
    ['evidence.archived', 'UPDATE', 'evidence'],
    ['obligation.status_changed', 'UPDATE', 'obligation'],
    ['passport.shared', 'SHARE', 'passport'],
    ['passport.revoked', 'REVOKE', 'passport'],
    ['billing.payment_method_changed', 'UPDATE', 'billing'],
    ['export.requested', 'EXPORT', 'audit'],
    ['token.created', 'CREATE', 'account'],
    ['ConsoleLogin', 'LOGIN', 'account'],
    ['AssumeRole', 'LOGIN', 'account'],
  ])('%s is %s in %s', (action, verb, category) => {
    expect(classify(action)).toMatchObject({ listed: true, verb, category })
  })

  test.each([
    ['file.bulk_deleted', 'DELETE', 'file'],
    ['invoice.uploaded', 'CREATE', 'other'],
    ['certification.scope.edited', 'UPDATE', 'certification'],
    ['api.viewed', 'READ', 'api'],
    ['robot.danced', 'DANCED', 'other'],
    ['DeleteParameter', 'DELETE', 'other'],
    ['GetSecretValue', 'READ', 'other'],
    ['DescribeVpcs', 'READ', 'other'],
    ['RunInstances', 'CREATE', 'other'],
    ['PutObject', 'CREATE', 'other'],
    ['Decrypt', 'DECRYPT', 'other'],
    ['createdAt', 'AT', 'other'],
    ['File', 'FILE', 'other'],
    ['constructor', 'CONSTRUCTOR', 'other'],
    ['__proto__', 'PROTO', 'other'],
    ['datei.gelöscht', 'GELÖSCHT', 'other'],
    ['...', '...', 'other'],
  ])('the unlisted %s is read as %s in %s', (action, verb, category) => {
    expect(classify(action)).toMatchObject({ listed: false, verb, category })
  })
})
