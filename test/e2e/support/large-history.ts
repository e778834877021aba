/**
 * Ten months of a whole company's work: always the same events, oldest first, one every 26 seconds. Most are short, as in
 * life: sign-ins, calls, views; every third changes something.
 */
export const LARGE_COUNT = 1_000_000
const START = Date.UTC(2025, 0, 1)
const STEP_MS = 26_000
const PEOPLE = 400

const FIRST_NAMES =
  'Ada Grace Alan Katherine Edsger Barbara Donald Frances Tim Radia Ken Margaret Niklaus Hedy John Anita Linus Shafi Leslie Adele'.split(
    ' ',
  )
const LAST_NAMES =
  'Lovelace Hopper Turing Johnson Dijkstra Liskov Knuth Allen Berners Perlman Thompson Hamilton Wirth Lamarr Backus Borg Torvalds Goldwasser Lamport Goldberg'.split(
    ' ',
  )
const PRODUCTS = ['vacuum_robot', 'smart_lock', 'baby_monitor', 'gateway', 'thermostat', 'doorbell']
const DOCUMENTS = [
  'risk_assessment',
  'penetration_test',
  'sbom',
  'eu_declaration',
  'user_manual',
  'test_report',
]
const REASONS = [
  'Evidence reviewed with the notified body',
  'Risk file updated after the incident',
  'Agreed in the weekly review',
  'The supplier sent a new version',
]
const STATUSES = ['Gap', 'Partial', 'Complete']
const AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

/** Says where to look for what stands in the history once. */
export const NEEDLE = { evidence: 'ev_0500007', word: 'zirconium', placeOfWord: 600_004 } as const

const person = (at: number): object => {
  const number = at % PEOPLE
  const name = `${FIRST_NAMES[number % 20] ?? ''} ${LAST_NAMES[(number + Math.floor(number / 20)) % 20] ?? ''}`
  const email = `${name.toLowerCase().replace(' ', '.')}@example.com`
  return { type: 'user', id: `u_${number}`, name, email, role: number % 20 === 0 ? 'owner' : 'member' }
}
const EVERYBODY = Array.from({ length: PEOPLE }, (_, at) => person(at))
const pick = <Value>(values: readonly Value[], at: number): Value => values[at % values.length] as Value

/** The event at a place, in the form in which it is sent. */
export function largeHistoryEvent(at: number): object {
  // A fixed scattering of the place: no state, so that any part of the history can be made alone.
  const chance = Math.imul(at ^ 0x5bd1e995, 0x9e3779b1) >>> 8
  return {
    timestamp: new Date(START + at * STEP_MS + (chance % 20_000)).toISOString(),
    actor: pick(EVERYBODY, chance),
    source: { ip: `203.0.${chance % 200}.9`, user_agent: AGENT },
    ...deed(at, chance >>> 3),
  }
}

function deed(at: number, chance: number): object {
  const obligation = { type: 'OBLIGATION', id: `o_${chance % 90}`, name: `Art. ${chance % 90}` }
  const name = `${pick(DOCUMENTS, chance)}_${pick(PRODUCTS, chance >>> 4)}_v${chance % 40}.pdf`
  const file = {
    type: 'FILE',
    id: `f_${chance % 5_000}`,
    name,
    url: `https://app.example.com/files/${chance % 5_000}`,
  }
  switch (at % 9) {
    case 0:
      return { action: 'account.signed_in', resource: { type: 'SESSION', id: `s_${at}` } }
    case 1:
      return {
        action: 'obligation.status_changed',
        resource: { ...obligation, url: `https://app.example.com/o/${chance % 90}` },
        before: { status: pick(STATUSES, chance), owner: `u_${chance % PEOPLE}` },
        after: { status: pick(STATUSES, chance + 1), owner: `u_${chance % PEOPLE}` },
        justification:
          at === NEEDLE.placeOfWord ? `The ${NEEDLE.word} cell was replaced` : pick(REASONS, chance),
      }
    case 2:
      return { action: 'file.viewed', resource: file }
    case 3:
      return {
        action: 'evidence.uploaded',
        resource: { type: 'EVIDENCE', id: `ev_${String(at).padStart(7, '0')}`, name },
        related: [obligation],
      }
    case 4:
      return { action: 'api.called', resource: { type: 'ENDPOINT', name: 'GET /v1/obligations' } }
    case 5:
      return { action: 'account.sign_in_failed', outcome: 'failure', resource: { type: 'SESSION' } }
    case 6:
      return {
        action: 'passport.viewed',
        resource: { type: 'PASSPORT', id: `p_${chance % 60}`, name: pick(PRODUCTS, chance) },
      }
    case 7:
      return {
        action: 'assessment.answer_changed',
        resource: { type: 'ASSESSMENT', id: `a_${chance % 300}` },
        before: { answer: chance % 2 === 0 },
        after: { answer: chance % 2 === 1 },
      }
    default:
      return { action: 'file.downloaded', resource: file }
  }
}
