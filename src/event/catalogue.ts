import { ACTIONS, CATEGORIES } from './catalogue-actions.ts'
import type { CatalogueEntry, Category } from './catalogue-actions.ts'

export { CATEGORIES }
export type { CatalogueEntry }

export type Classification = CatalogueEntry & {
  /** Whether the catalogue lists the action, or its words were read. */
  readonly listed: boolean
}

const listed: ReadonlyMap<string, Classification> = new Map(
  ACTIONS.map((entry) => [entry.action, { ...entry, listed: true }]),
)

/** All listed actions, for documentation and for filters. */
export const catalogue: readonly CatalogueEntry[] = ACTIONS

const VERB_OF_WORD: Readonly<Record<string, string>> = {
  ...words(
    'CREATE',
    'upload uploaded create created add added insert inserted put import imported register registered generate generated run allocate allocated invite invited issue issued',
  ),
  ...words(
    'DELETE',
    'delete deleted remove removed destroy destroyed purge purged terminate terminated drop dropped release released deregister deregistered',
  ),
  ...words(
    'UPDATE',
    'update updated change changed edit edited modify modified set rename renamed patch patched enable enabled disable disabled attach attached detach detached associate associated disassociate disassociated authorize authorized link linked unlink unlinked assign assigned complete completed archive archived restore restored rotate rotated tag untag',
  ),
  ...words(
    'READ',
    'view viewed read list listed get describe fetch fetched search searched lookup open opened head',
  ),
  ...words('START', 'start started'),
  ...words('STOP', 'stop stopped'),
  ...words('LOGIN', 'login signin'),
  ...words('LOGOUT', 'logout signout'),
  ...words('SHARE', 'share shared'),
  ...words('EXPORT', 'export exported download downloaded'),
  ...words('REVOKE', 'revoke revoked'),
}

const ECS_TYPE_OF_VERB: Readonly<Record<string, string>> = {
  CREATE: 'creation',
  DELETE: 'deletion',
  UPDATE: 'change',
  READ: 'access',
  EXPORT: 'access',
  SHARE: 'change',
  REVOKE: 'change',
  LOGIN: 'start',
  LOGOUT: 'end',
}

const ECS_CATEGORY_OF: Readonly<Partial<Record<Category, string>>> = {
  account: 'iam',
  api: 'api',
  file: 'file',
  evidence: 'file',
  workspace: 'configuration',
  billing: 'configuration',
}

/** Unlisted actions met before. They come from outside, so the cache starts anew when it is full. */
const derived = new Map<string, Classification>()
const MAX_DERIVED = 4_096

/**
 * Verb, category, ECS fields and phrase of any action. One that the catalogue does not list is read by its words: `invoice.uploaded` ends in
 * its verb, a name in camel case such as CloudTrail's `DeleteParameter` begins with it. A verb unknown too stands in upper case.
 */
export function classify(action: string): Classification {
  const known = listed.get(action) ?? derived.get(action)
  if (known !== undefined) return known
  const classification = readWords(action)
  if (derived.size >= MAX_DERIVED) derived.clear()
  derived.set(action, classification)
  return classification
}

function readWords(action: string): Classification {
  const parts = action.split(/[^\p{L}\p{N}]+/u).filter((part) => part !== '')
  const last = parts.at(-1) ?? action
  const camelWords = last.match(/\p{Lu}?[\p{Ll}\p{N}]+|\p{Lu}+(?!\p{Ll})/gu) ?? [last]
  const verbWord = camelWords.length > 1 && /^\p{Lu}/u.test(last) ? camelWords[0] : camelWords.at(-1)
  const verb = verbOf(verbWord ?? last)
  const first = parts.length > 1 ? (parts[0] ?? '').toLowerCase() : ''
  const category = CATEGORIES.find((candidate) => candidate === first) ?? 'other'
  const ecsCategory = ECS_CATEGORY_OF[category]
  return {
    action,
    verb,
    category,
    ecsCategory: ecsCategory === undefined ? [] : [ecsCategory],
    ecsType: [ECS_TYPE_OF_VERB[verb] ?? 'info'],
    phrase: phraseOf(parts.length > 1 && camelWords.length === 1 ? [last] : camelWords),
    listed: false,
  }
}

function verbOf(word: string): string {
  const lower = word.toLowerCase()
  return Object.hasOwn(VERB_OF_WORD, lower) ? (VERB_OF_WORD[lower] as string) : word.toUpperCase()
}

function phraseOf(actionWords: readonly string[]): string {
  const text = actionWords.join(' ').toLowerCase()
  return actionWords.length === 1 && text.endsWith('ed') ? text : `did ${text} on`
}

function words(verb: string, list: string): Record<string, string> {
  return Object.fromEntries(list.split(' ').map((word) => [word, verb]))
}
