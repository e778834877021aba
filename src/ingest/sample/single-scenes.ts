import type { Actor, JsonObject, Resource } from '../../event/audit-event.ts'
import { ACTORS, thing } from './cast.ts'

/** What happens, without when and from where. */
export interface Scene {
  readonly actor: Actor
  readonly action: string
  readonly resource: Resource
  readonly related?: readonly Resource[]
  readonly outcome?: 'failure'
  readonly before?: JsonObject
  readonly after?: JsonObject
  readonly justification?: string
  readonly metadata?: JsonObject
}

/**
 * A line a scene: who | action (`!` failed) | type, id and name of the resource | before | after | reason | obligation concerned.
 */
const SCRIPT = `
maren | workspace.created | WORKSPACE ws_sample Nordlicht Robotics |  | {"name":"Nordlicht","plan":"portfolio"}
maren | workspace.renamed | WORKSPACE ws_sample Nordlicht Robotics | {"name":"Nordlicht"} | {"name":"Nordlicht Robotics"}
maren | workspace.settings_changed | WORKSPACE ws_sample Nordlicht Robotics | {"language":"en","retention_reminder":false} | {"language":"en","retention_reminder":true}
maren | workspace.updated | WORKSPACE ws_sample Nordlicht Robotics | {"dashboard":"owners"} | {"dashboard":"members"}
maren | billing.payment_method_added | SUBSCRIPTION sub_1 Nordlicht Robotics |  | {"method":"SEPA","country":"SE"}
maren | billing.plan_changed | SUBSCRIPTION sub_1 Nordlicht Robotics | {"plan":"portfolio","seats":3} | {"plan":"command","seats":5} | The notified body asks for a year of history.
maren | workspace.plan_changed | WORKSPACE ws_sample Nordlicht Robotics | {"plan":"portfolio"} | {"plan":"command"}
maren | billing.payment_method_changed | SUBSCRIPTION sub_1 Nordlicht Robotics | {"method":"SEPA"} | {"method":"card"}
maren | billing.payment_method_removed | SUBSCRIPTION sub_1 Nordlicht Robotics | {"method":"SEPA","country":"SE"}
system | billing.invoice_paid | INVOICE in_2026_11 Invoice 2026-11 |  | {"amount":"490.00","currency":"EUR"}
maren | account.invited | ACCOUNT u_amina Amina El-Sayed |  | {"role":"member"}
amina | account.invitation_accepted | ACCOUNT u_amina Amina El-Sayed | {"state":"invited"} | {"state":"active"}
maren | account.invited | ACCOUNT u_piet Piet de Groot |  | {"role":"member"}
maren | account.invitation_revoked | ACCOUNT u_piet Piet de Groot |  |  | Wrong address.
maren | user.invited | USER u_piet Piet de Groot |  | {"role":"guest"}
maren | user.created | USER u_piet Piet de Groot |  | {"role":"guest","email":"piet@nordlicht.example"}
maren | user.updated | USER u_piet Piet de Groot | {"department":null} | {"department":"Field service"}
maren | user.role_changed | USER u_piet Piet de Groot | {"role":"guest"} | {"role":"member"} | Takes over the reports under Art. 14.
maren | account.role_changed | ACCOUNT u_chiara Chiara Ferrante | {"role":"member"} | {"role":"auditor"} | External auditor from October on.
maren | token.created | TOKEN tok_sample_shipper Shipper of the plant |  | {"role":"ingest","expires_in_days":365}
tomasz | account.mfa_enabled | ACCOUNT u_tomasz Tomasz Wieczorek | {"mfa":"off"} | {"mfa":"passkey"}
jonas | account.mfa_disabled | ACCOUNT u_jonas Jonas Breitner | {"mfa":"app"} | {"mfa":"off"} | Lost phone; turned on again the same day.
jonas | account.password_reset_requested | ACCOUNT u_jonas Jonas Breitner
jonas | account.password_changed | ACCOUNT u_jonas Jonas Breitner
amina | account.email_changed | ACCOUNT u_amina Amina El-Sayed | {"email":"a.elsayed@nordlicht.example"} | {"email":"amina@nordlicht.example"}
tomasz | assessment.started | ASSESSMENT as_7 Vacuum robot VR-200, self-assessment |  | {"questions":64}
tomasz | assessment.answer_changed | ASSESSMENT as_7 Vacuum robot VR-200, self-assessment | {"question":"4.2 Secure by default","answer":"open"} | {"question":"4.2 Secure by default","answer":"partly"}
tomasz | assessment.answer_changed | ASSESSMENT as_7 Vacuum robot VR-200, self-assessment | {"question":"4.2 Secure by default","answer":"partly"} | {"question":"4.2 Secure by default","answer":"yes"}
tomasz | assessment.completed | ASSESSMENT as_7 Vacuum robot VR-200, self-assessment | {"state":"open"} | {"state":"completed","score":61}
amina | assessment.reopened | ASSESSMENT as_7 Vacuum robot VR-200, self-assessment | {"state":"completed"} | {"state":"open"} | Firmware 2.4 changes the answers on updates.
amina | assessment.completed | ASSESSMENT as_7 Vacuum robot VR-200, self-assessment | {"state":"open"} | {"state":"completed","score":64}
amina | assessment.deleted | ASSESSMENT as_6 Trial assessment | {"state":"open","questions":64} |  | Made for training only.
amina | evidence.linked | FILE f_103 penetration_test_report_2026.pdf |  | {"obligation":"o_10"} |  | OBLIGATION o_10 Art. 10 Vulnerability handling
amina | evidence.unlinked | FILE f_102 sbom_gateway_2.4.json | {"obligation":"o_13"} |  |  | OBLIGATION o_13 Art. 13 Obligations of manufacturers
tomasz | evidence.replaced | FILE f_101 risk_assessment_vacuum_robot.pdf | {"version":3,"size":181204} | {"version":4,"size":190877} | Adds the charging dock. | OBLIGATION o_13 Art. 13 Obligations of manufacturers
tomasz | evidence.archived | FILE f_105 update_policy.docx | {"state":"current"} | {"state":"archived"}
tomasz | evidence.deleted | FILE f_90 draft_scan.png | {"size":40112} |  | Duplicate of f_103.
tomasz | !evidence.deleted | FILE f_101 risk_assessment_vacuum_robot.pdf |  |  | linked to an obligation that is complete
maren | obligation.assigned | OBLIGATION o_10 Art. 10 Vulnerability handling | {"owner":"u_tomasz"} | {"owner":"u_amina"}
amina | obligation.justification_edited | OBLIGATION o_10 Art. 10 Vulnerability handling | {"justification":"Handled by the supplier."} | {"justification":"Handled by our own team since October; see the policy."}
amina | certification.requested | CERTIFICATE c_18031 EN 18031-1 |  | {"body":"Notified Body 0123"}
system | certification.issued | CERTIFICATE c_18031 EN 18031-1 |  | {"valid_until":"2028-10-31"}
system | certification.expired | CERTIFICATE c_14 ISO 14001 | {"state":"valid"} | {"state":"expired"}
maren | certification.revoked | CERTIFICATE c_9 Test mark, prototype |  |  | The prototype is not sold.
system | certification.renewed | CERTIFICATE c_27 ISO 27001 | {"valid_until":"2026-11-30"} | {"valid_until":"2029-11-30"}
maren | passport.issued | PASSPORT p_200 Vacuum robot VR-200 |  | {"model":"VR-200","version":1} |  | FILE f_104 eu_declaration_of_conformity.pdf
maren | passport.shared | PASSPORT p_200 Vacuum robot VR-200 |  | {"with":"importer@example.org"}
maren | passport.revoked | PASSPORT p_150 Vacuum robot VR-150 | {"state":"issued"} | {"state":"revoked"} | End of life.
jonas | file.uploaded | FILE f_201 user_manual_vr200_fi.pdf |  | {"size":2400118}
jonas | file.renamed | FILE f_201 user_manual_vr200_fi.pdf | {"name":"manual final (2).pdf"} | {"name":"user_manual_vr200_fi.pdf"}
jonas | file.shared | FILE f_201 user_manual_vr200_fi.pdf |  | {"with":"translation@example.org"}
tomasz | file.downloaded | FILE f_201 user_manual_vr200_fi.pdf
jonas | file.deleted | FILE f_200 manual_old.pdf | {"size":2100004}
pipeline | !api.call | ENDPOINT - PUT /v1/evidence/f_102 |  |  | 403
maren | token.revoked | TOKEN tok_sample_shipper Shipper of the plant | {"role":"ingest"} |  | The plant got its own workspace.
CLOUD
chiara | audit.searched | AUDIT_LOG - Audit log
chiara | audit.read | AUDIT_LOG - Audit log
chiara | audit.viewed | AUDIT_LOG - Audit log
chiara | audit.history_viewed | AUDIT_LOG - Audit log
chiara | audit.proof_viewed | AUDIT_LOG - Audit log
chiara | audit.verified | AUDIT_LOG - Audit log |  | {"result":"ok"}
chiara | export.requested | EXPORT exp_sample audit-log-november.xlsx
system | export.completed | EXPORT exp_sample audit-log-november.xlsx
chiara | export.downloaded | EXPORT exp_sample audit-log-november.xlsx
chiara | export.deleted | EXPORT exp_sample audit-log-november.xlsx
system | !export.failed | EXPORT exp_sample_2 all.pdf |  |  | cancelled
maren | audit.archive_requested | ARCHIVE_REQUEST arc_sample 2025-01-01 to 2025-12-31 |  |  | Yearly review by the notified body.
system | audit.archive_fulfilled | ARCHIVE_REQUEST arc_sample 2025-01-01 to 2025-12-31
maren | user.suspended | USER u_piet Piet de Groot | {"state":"active"} | {"state":"suspended"}
maren | user.removed | USER u_piet Piet de Groot |  |  | Left the company.
system | user.deleted | USER u_piet Piet de Groot
maren | account.removed | ACCOUNT u_piet Piet de Groot
maren | workspace.deleted | WORKSPACE ws_trial Trial |  |  | The trial workspace was empty.
`

/** Calls of a cloud account, named as CloudTrail names them. */
const CLOUD_SESSIONS =
  'ConsoleLogin AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity SwitchRole GetSessionToken GetFederationToken'
const CLOUD_CHANGES =
  'CreateUser UpdateUser CreateLoginProfile UpdateLoginProfile CreateAccessKey UpdateAccessKey AttachUserPolicy PutUserPolicy AddUserToGroup EnableMFADevice ChangePassword DeactivateMFADevice RemoveUserFromGroup DetachUserPolicy DeleteUserPolicy DeleteAccessKey DeleteLoginProfile DeleteUser !LeaveOrganization'

/** Each kind of event that everyday work does not bring, once or a few times, in an order that makes sense. */
export function singleScenes(): readonly Scene[] {
  return SCRIPT.trim()
    .split('\n')
    .flatMap((line) => (line === 'CLOUD' ? cloud() : [readScene(line)]))
}

function readScene(line: string): Scene {
  const [who = '', action = '', resource = '', before = '', after = '', reason = '', related = ''] = line
    .split('|')
    .map((part) => part.trim())
  const hasFailed = action.startsWith('!')
  return {
    actor: ACTORS[who as keyof typeof ACTORS],
    action: action.replace('!', ''),
    resource: thing(resource),
    ...(related === '' ? {} : { related: [thing(related)] }),
    ...(before === '' ? {} : { before: JSON.parse(before) as JsonObject }),
    ...(after === '' ? {} : { after: JSON.parse(after) as JsonObject }),
    ...(reason === '' ? {} : hasFailed ? { metadata: { reason } } : { justification: reason }),
    ...(hasFailed ? { outcome: 'failure' } : {}),
  }
}

function cloud(): readonly Scene[] {
  const scene = (action: string, resource: string): Scene =>
    readScene(`cloud | ${action} | ${resource} | | | ${action.startsWith('!') ? 'AccessDenied' : ''}`)
  return [
    ...CLOUD_SESSIONS.split(' ').map((action) => scene(action, 'AWS::IAM::Role sample-deploy sample-deploy')),
    ...CLOUD_CHANGES.split(' ').map((action) =>
      scene(action, 'AWS::IAM::User sample-operator sample-operator'),
    ),
  ]
}
