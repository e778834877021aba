import type { Actor, Resource } from '../../event/audit-event.ts'

/** Who acts in the sample history: a made-up maker of robots that prepares its products for the market. */
export const PEOPLE = {
  maren: person('u_maren', 'Maren Lindqvist', 'owner'),
  tomasz: person('u_tomasz', 'Tomasz Wieczorek', 'member'),
  amina: person('u_amina', 'Amina El-Sayed', 'member'),
  jonas: person('u_jonas', 'Jonas Breitner', 'member'),
  chiara: person('u_chiara', 'Chiara Ferrante', 'auditor'),
} as const

export const PIPELINE: Actor = {
  type: 'api_token',
  id: 'tok_pipeline',
  name: 'Build pipeline',
  role: 'ingest',
}
export const ACTORS = {
  ...PEOPLE,
  pipeline: PIPELINE,
  cloud: { type: 'api_token', id: 'AIDASAMPLE7', name: 'cloud-deploy' },
  system: { type: 'system', name: 'Scheduler' },
} satisfies Readonly<Record<string, Actor>>

/** Sample addresses of RFC 5737 and RFC 3849, and what browsers say of themselves. */
export const SOURCES = [
  {
    ip: '203.0.113.24',
    user_agent:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  },
  {
    ip: '198.51.100.7',
    user_agent:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
  },
  {
    ip: '2001:db8:12::9',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  },
] as const
export const MACHINE_SOURCE = { ip: '192.0.2.80', user_agent: 'curl/8.15.0' } as const

/** Kinds of things that the made-up product has a page for. */
const PAGES: Readonly<Record<string, string>> = {
  ASSESSMENT: 'assessments',
  CERTIFICATE: 'certificates',
  FILE: 'files',
  OBLIGATION: 'obligations',
  PASSPORT: 'passports',
}

export const OBLIGATIONS = [
  'OBLIGATION o_10 Art. 10 Vulnerability handling',
  'OBLIGATION o_13 Art. 13 Obligations of manufacturers',
  'OBLIGATION o_14 Art. 14 Reporting',
  'OBLIGATION o_28 Art. 28 Declaration of conformity',
  'OBLIGATION o_31 Art. 31 Technical documentation',
].map(thing)

export const EVIDENCE = [
  'FILE f_101 risk_assessment_vacuum_robot.pdf',
  'FILE f_102 sbom_gateway_2.4.json',
  'FILE f_103 penetration_test_report_2026.pdf',
  'FILE f_104 eu_declaration_of_conformity.pdf',
  'FILE f_105 update_policy.docx',
].map(thing)

/** `TYPE id name`; `-` where there is no id. */
export function thing(text: string): Resource {
  const [type = '', id = '', ...words] = text.split(' ')
  const page = PAGES[type]
  return {
    type,
    ...(id === '-' ? {} : { id }),
    name: words.join(' '),
    ...(page === undefined ? {} : { url: `https://app.example.com/${page}/${id}` }),
  }
}

function person(id: string, name: string, role: string) {
  const first = name.split(' ', 1)[0] ?? name
  return { type: 'user', id, name, email: `${first.toLowerCase()}@nordlicht.example`, role } as const
}
