/** Words of the generated texts: `common` stands in 30 % of the events, `rare` in one of 50,000. */
const WORDS =
  'risk control policy review vendor device firmware update access evidence annex supplier incident report assessment vacuum robot battery radio'.split(
    ' ',
  )
const ACTIONS = [
  'evidence.uploaded',
  'evidence.linked',
  'obligation.status_changed',
  'assessment.answer_changed',
  'passport.shared',
  'account.signed_in',
  'workspace.member_invited',
]

/** Small deterministic generator (mulberry32): every run has the same events. */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

const START = Date.UTC(2026, 0, 1)

/** Submitted events of about 600 bytes as JSON, in order of time as shippers send them. */
export function* submittedEvents(count: number, seed = 1): Generator<Record<string, unknown>> {
  const random = randomNumbers(seed)
  const pick = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value
  const sentence = (length: number) => Array.from({ length }, () => pick(WORDS)).join(' ')
  for (let at = 0; at < count; at++) {
    const user = Math.floor(random() * 200)
    yield {
      timestamp: new Date(START + at * 25).toISOString(),
      actor: {
        type: 'user',
        id: `u_${user}`,
        email: `user${user}@example.com`,
        name: `User ${user}`,
        role: 'member',
      },
      action: pick(ACTIONS),
      outcome: random() < 0.05 ? 'failure' : 'success',
      resource: {
        type: 'FILE',
        id: `f_${Math.floor(random() * 100_000)}`,
        name: `${pick(WORDS)}_${pick(WORDS)}_${at % 1000}.pdf`,
      },
      before: { status: 'gap', owner: `u_${(user * 7) % 200}`, note: sentence(5) },
      after: {
        status: pick(['partial', 'covered']),
        owner: `u_${(user * 3) % 200}`,
        note: `${random() < 0.3 ? 'common ' : ''}${at % 50_000 === 49_999 ? `rare${Math.floor(at / 50_000)} ` : ''}${sentence(8)}`,
      },
      source: {
        ip: `203.0.${user}.9`,
        user_agent:
          'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
      },
      metadata: { request: `req-${at}`, region: pick(['eu-1', 'eu-2', 'us-1']) },
    }
  }
}
