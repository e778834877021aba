/** What people filter by as "action type" (contract §5). */
export const CATEGORIES = [
  'account',
  'assessment',
  'evidence',
  'obligation',
  'passport',
  'billing',
  'api',
  'certification',
  'file',
  'workspace',
  'audit',
  'other',
] as const
export type Category = (typeof CATEGORIES)[number]

/** What is known of an action beforehand. */
export interface CatalogueEntry {
  readonly action: string
  /** LOGIN, CREATE, UPDATE, DELETE, READ, SHARE, EXPORT, REVOKE, …: upper case. */
  readonly verb: string
  readonly category: Category
  /** Elastic Common Schema 8.x, `event.category` and `event.type`. */
  readonly ecsCategory: readonly string[]
  readonly ecsType: readonly string[]
  /** Follows the actor and precedes the resource in a sentence: "changed the status of". */
  readonly phrase: string
}

type Row = readonly [action: string, verb: string, ecsCategory: string, ecsType: string, phrase: string]

/** The actions of the product and of the logs it imports, by category. ECS values separated by spaces. */
const ROWS: Readonly<Partial<Record<Category, readonly Row[]>>> = {
  account: [
    ['account.signed_in', 'LOGIN', 'authentication session', 'start', 'signed in to'],
    ['account.sign_in_failed', 'LOGIN', 'authentication', 'start', 'failed to sign in to'],
    ['account.signed_out', 'LOGOUT', 'authentication session', 'end', 'signed out of'],
    [
      'account.mfa_enabled',
      'UPDATE',
      'iam authentication',
      'user change',
      'turned on two-factor sign-in for',
    ],
    [
      'account.mfa_disabled',
      'UPDATE',
      'iam authentication',
      'user change',
      'turned off two-factor sign-in for',
    ],
    ['account.password_changed', 'UPDATE', 'iam', 'user change', 'changed the password of'],
    ['account.password_reset_requested', 'UPDATE', 'iam', 'user info', 'asked to reset the password of'],
    ['account.email_changed', 'UPDATE', 'iam', 'user change', 'changed the e-mail address of'],
    ['account.role_changed', 'UPDATE', 'iam', 'user change', 'changed the role of'],
    ['account.invited', 'CREATE', 'iam', 'user creation', 'invited'],
    ['account.invitation_accepted', 'UPDATE', 'iam', 'user change', 'accepted the invitation to'],
    ['account.invitation_revoked', 'REVOKE', 'iam', 'user deletion', 'revoked the invitation of'],
    ['account.removed', 'DELETE', 'iam', 'user deletion', 'removed'],
    ['user.created', 'CREATE', 'iam', 'user creation', 'created the user'],
    ['user.updated', 'UPDATE', 'iam', 'user change', 'changed the user'],
    ['user.invited', 'CREATE', 'iam', 'user creation', 'invited'],
    ['user.role_changed', 'UPDATE', 'iam', 'user change', 'changed the role of'],
    ['user.suspended', 'UPDATE', 'iam', 'user change', 'suspended the user'],
    ['user.removed', 'DELETE', 'iam', 'user deletion', 'removed the user'],
    ['user.deleted', 'DELETE', 'iam', 'user deletion', 'deleted the user'],
    ['token.created', 'CREATE', 'iam', 'creation', 'created the token'],
    ['token.revoked', 'REVOKE', 'iam', 'deletion', 'revoked the token'],
    // CloudTrail: sign-ins and assumed identities of sts and signin
    ['ConsoleLogin', 'LOGIN', 'authentication session', 'start', 'signed in to the console of'],
    ['AssumeRole', 'LOGIN', 'authentication session', 'start', 'assumed the role'],
    ['AssumeRoleWithSAML', 'LOGIN', 'authentication session', 'start', 'assumed the role'],
    ['AssumeRoleWithWebIdentity', 'LOGIN', 'authentication session', 'start', 'assumed the role'],
    ['SwitchRole', 'LOGIN', 'authentication session', 'start', 'switched to the role'],
    ['GetSessionToken', 'LOGIN', 'authentication session', 'start', 'got a session for'],
    ['GetFederationToken', 'LOGIN', 'authentication session', 'start', 'got a session for'],
    // CloudTrail: users, their access keys and their roles in iam
    ['CreateUser', 'CREATE', 'iam', 'user creation', 'created the user'],
    ['UpdateUser', 'UPDATE', 'iam', 'user change', 'changed the user'],
    ['DeleteUser', 'DELETE', 'iam', 'user deletion', 'deleted the user'],
    ['CreateLoginProfile', 'CREATE', 'iam', 'user change', 'gave a console password to'],
    ['UpdateLoginProfile', 'UPDATE', 'iam', 'user change', 'changed the console password of'],
    ['DeleteLoginProfile', 'DELETE', 'iam', 'user change', 'took the console password from'],
    ['CreateAccessKey', 'CREATE', 'iam', 'user change', 'created an access key for'],
    ['UpdateAccessKey', 'UPDATE', 'iam', 'user change', 'changed an access key of'],
    ['DeleteAccessKey', 'DELETE', 'iam', 'user change', 'deleted an access key of'],
    ['AttachUserPolicy', 'UPDATE', 'iam', 'user change', 'attached a policy to'],
    ['DetachUserPolicy', 'UPDATE', 'iam', 'user change', 'detached a policy from'],
    ['PutUserPolicy', 'UPDATE', 'iam', 'user change', 'set a policy of'],
    ['DeleteUserPolicy', 'DELETE', 'iam', 'user change', 'deleted a policy of'],
    ['AddUserToGroup', 'UPDATE', 'iam', 'group change', 'added to a group'],
    ['RemoveUserFromGroup', 'UPDATE', 'iam', 'group change', 'removed from a group'],
    ['ChangePassword', 'UPDATE', 'iam', 'user change', 'changed the password of'],
    [
      'DeactivateMFADevice',
      'UPDATE',
      'iam authentication',
      'user change',
      'turned off two-factor sign-in for',
    ],
    ['EnableMFADevice', 'UPDATE', 'iam authentication', 'user change', 'turned on two-factor sign-in for'],
    [
      'LeaveOrganization',
      'UPDATE',
      'iam configuration',
      'change',
      'took out of its organization the account',
    ],
  ],
  assessment: [
    ['assessment.started', 'CREATE', 'configuration', 'creation', 'started'],
    ['assessment.answer_changed', 'UPDATE', 'configuration', 'change', 'changed an answer in'],
    ['assessment.completed', 'UPDATE', 'configuration', 'change end', 'completed'],
    ['assessment.reopened', 'UPDATE', 'configuration', 'change start', 'reopened'],
    ['assessment.deleted', 'DELETE', 'configuration', 'deletion', 'deleted'],
  ],
  evidence: [
    ['evidence.uploaded', 'CREATE', 'file', 'creation', 'uploaded'],
    ['evidence.linked', 'UPDATE', 'file', 'change', 'linked to an obligation'],
    ['evidence.unlinked', 'UPDATE', 'file', 'change', 'unlinked from an obligation'],
    ['evidence.replaced', 'UPDATE', 'file', 'change', 'replaced'],
    ['evidence.viewed', 'READ', 'file', 'access', 'viewed'],
    ['evidence.archived', 'UPDATE', 'file', 'change', 'archived'],
    ['evidence.deleted', 'DELETE', 'file', 'deletion', 'deleted'],
  ],
  obligation: [
    ['obligation.status_changed', 'UPDATE', 'configuration', 'change', 'changed the status of'],
    ['obligation.justification_edited', 'UPDATE', 'configuration', 'change', 'edited the justification of'],
    ['obligation.assigned', 'UPDATE', 'configuration', 'change', 'assigned'],
  ],
  passport: [
    ['passport.issued', 'CREATE', 'configuration', 'creation', 'issued'],
    ['passport.revoked', 'REVOKE', 'configuration', 'deletion', 'revoked'],
    ['passport.shared', 'SHARE', 'configuration', 'change', 'shared'],
    ['passport.viewed', 'READ', 'configuration', 'access', 'viewed'],
  ],
  billing: [
    ['billing.plan_changed', 'UPDATE', 'configuration', 'change', 'changed the plan of'],
    ['billing.payment_method_added', 'CREATE', 'configuration', 'creation', 'added a payment method to'],
    ['billing.payment_method_changed', 'UPDATE', 'configuration', 'change', 'changed the payment method of'],
    [
      'billing.payment_method_removed',
      'DELETE',
      'configuration',
      'deletion',
      'removed a payment method from',
    ],
    ['billing.invoice_paid', 'UPDATE', 'configuration', 'info', 'paid'],
  ],
  api: [
    ['api.called', 'CALL', 'api web', 'access', 'called'],
    ['api.call', 'CALL', 'api web', 'access', 'called'],
  ],
  certification: [
    ['certification.requested', 'CREATE', 'configuration', 'creation', 'requested'],
    ['certification.issued', 'CREATE', 'configuration', 'creation', 'issued'],
    ['certification.renewed', 'UPDATE', 'configuration', 'change', 'renewed'],
    ['certification.expired', 'UPDATE', 'configuration', 'end', 'let expire'],
    ['certification.revoked', 'REVOKE', 'configuration', 'deletion', 'revoked'],
  ],
  file: [
    ['file.uploaded', 'CREATE', 'file', 'creation', 'uploaded'],
    ['file.viewed', 'READ', 'file', 'access', 'viewed'],
    ['file.downloaded', 'EXPORT', 'file', 'access', 'downloaded'],
    ['file.renamed', 'UPDATE', 'file', 'change', 'renamed'],
    ['file.shared', 'SHARE', 'file', 'change', 'shared'],
    ['file.deleted', 'DELETE', 'file', 'deletion', 'deleted'],
  ],
  workspace: [
    ['workspace.created', 'CREATE', 'configuration', 'creation', 'created'],
    ['workspace.renamed', 'UPDATE', 'configuration', 'change', 'renamed'],
    ['workspace.updated', 'UPDATE', 'configuration', 'change', 'changed the settings of'],
    ['workspace.plan_changed', 'UPDATE', 'configuration', 'change', 'changed the plan of'],
    ['workspace.settings_changed', 'UPDATE', 'configuration', 'change', 'changed the settings of'],
    ['workspace.deleted', 'DELETE', 'configuration', 'deletion', 'deleted'],
  ],
  audit: [
    ['audit.searched', 'READ', 'database', 'access', 'searched'],
    ['audit.read', 'READ', 'database', 'access', 'read'],
    ['audit.viewed', 'READ', 'database', 'access', 'viewed'],
    ['audit.history_viewed', 'READ', 'database', 'access', 'viewed the history of'],
    ['audit.proof_viewed', 'READ', 'database', 'access', 'fetched the proof of'],
    ['audit.verified', 'READ', 'database', 'info', 'verified'],
    ['audit.archive_requested', 'EXPORT', 'database', 'access', 'asked for the archive of'],
    ['audit.archive_fulfilled', 'EXPORT', 'database', 'access', 'delivered the archive of'],
    ['export.requested', 'EXPORT', 'database', 'access', 'requested an export of'],
    ['export.completed', 'EXPORT', 'database', 'access', 'completed the export of'],
    ['export.failed', 'EXPORT', 'database', 'error', 'failed to export'],
    ['export.downloaded', 'EXPORT', 'database file', 'access', 'downloaded the export of'],
    ['export.deleted', 'DELETE', 'database file', 'deletion', 'removed the file of the export of'],
  ],
}

export const ACTIONS: readonly CatalogueEntry[] = Object.entries(ROWS).flatMap(([category, rows]) =>
  rows.map(([action, verb, ecsCategory, ecsType, phrase]) => ({
    action,
    verb,
    category: category as Category,
    ecsCategory: ecsCategory.split(' '),
    ecsType: ecsType.split(' '),
    phrase,
  })),
)
