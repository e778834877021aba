/** Some weeks of a small team's work, the same at every run but for its end, which is `now`. */
const PEOPLE = [
  { type: 'user', id: 'u_ada', email: 'ada@example.com', name: 'Ada Lovelace', role: 'owner' },
  { type: 'user', id: 'u_grace', email: 'grace@example.com', name: 'Grace Hopper', role: 'member' },
  { type: 'user', id: 'u_alan', email: 'alan@example.com', name: 'Alan Turing', role: 'member' },
  {
    type: 'user',
    id: 'u_katherine',
    email: 'katherine@example.com',
    name: 'Katherine Johnson',
    role: 'member',
  },
] as const
const ROBOT = { type: 'api_token', id: 'tok_ci', name: 'Build pipeline', role: 'ingest' } as const
const SYSTEM = { type: 'system' } as const
const STATUSES = ['Gap', 'Partial', 'Complete'] as const
const FILES = [
  'risk_assessment_vacuum_robot.pdf',
  'sbom_gateway_2.4.json',
  'penetration_test_q3.pdf',
  'eu_declaration.pdf',
]

export const ADA = PEOPLE[0]
export const GRACE = PEOPLE[1]

export function sampleHistory(now: number, count = 400): object[] {
  const random = generator(7)
  const pick = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value
  const statuses = new Map<number, number>()
  return Array.from({ length: count }, (_, at) => {
    const timestamp = new Date(now - (count - at - random() * 0.9) * 4_200_000).toISOString()
    return { id: `sample_${at}`, timestamp, source: source(random), ...action(pick, at, statuses) }
  })
}

function action(
  pick: <Value>(values: readonly Value[]) => Value,
  at: number,
  statuses: Map<number, number>,
): object {
  const actor = pick(PEOPLE)
  const number = 4 + (Math.floor(at / 4) % 12)
  const obligation = {
    type: 'OBLIGATION',
    id: `o_${number}`,
    name: `Art. ${number}`,
    url: `https://app.example.com/o/${number}`,
  }
  const file = pick(FILES)
  const resource = {
    type: 'FILE',
    id: `f_${FILES.indexOf(file)}`,
    name: file,
    url: `https://app.example.com/files/${FILES.indexOf(file)}`,
  }
  switch (at % 9) {
    case 0:
      return { actor, action: 'account.signed_in', resource: { type: 'SESSION', id: `s_${at}` } }
    case 1:
      return {
        actor,
        action: 'evidence.uploaded',
        resource,
        related: [obligation],
        after: { name: file, size: 18_000 + at },
      }
    case 2:
    case 5: {
      const step = (statuses.get(number) ?? -1) + 1
      statuses.set(number, step)
      return {
        ...{ actor, action: 'obligation.status_changed', resource: obligation },
        before: { status: STATUSES[step % 3], owner: 'u_grace', due: '2026-12-11' },
        after: { status: STATUSES[(step + 1) % 3], owner: 'u_grace', due: '2026-12-11' },
        justification: pick([
          'Evidence reviewed with the notified body',
          'Risk file updated',
          'Agreed in the weekly review',
        ]),
      }
    }
    case 3:
      return {
        actor,
        action: 'account.sign_in_failed',
        outcome: 'failure',
        resource: { type: 'SESSION' },
        metadata: { reason: 'wrong password' },
      }
    case 4:
      return {
        actor: ROBOT,
        action: 'api.called',
        resource: { type: 'ENDPOINT', name: 'GET /v1/obligations' },
        metadata: { status: 200, ms: 12 + (at % 40) },
      }
    case 6:
      return {
        actor,
        action: 'passport.shared',
        resource: { type: 'PASSPORT', id: 'p_1', name: 'Vacuum robot VR-200' },
        after: { with: 'importer@example.org' },
      }
    case 7:
      return {
        actor: SYSTEM,
        action: 'certification.renewed',
        resource: { type: 'CERTIFICATE', id: 'c_3', name: 'EN 18031-1' },
      }
    default:
      return { actor, action: 'file.downloaded', resource }
  }
}

function source(random: () => number): object {
  const agents = [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
  ]
  return { ip: `203.0.113.${Math.floor(random() * 250)}`, user_agent: agents[random() < 0.7 ? 0 : 1] }
}

/** Lehmer's, enough for made-up data. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
