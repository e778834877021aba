import Bowser from 'bowser'

/** Agents repeat: a busy gateway sees a few hundred. They come from outside, so the cache starts anew when full. */
const known = new Map<string, string | null>()
const MAX_KNOWN = 2_048
const MAX_KNOWN_LENGTH = 512
const MAX_NAME = 64

/** What is named for agents that list a chain of products, the outermost tool first. */
const TOOLS = /\b(Terraform|Pulumi|aws-cli|aws-internal|S3Console|Boto3|aws-sdk-[a-z0-9]+|kubectl)\/v?(\d*)/i

/** First product of RFC 9110 §10.1.5: a name, then often a slash and a version. */
const PRODUCT = /^([^\s/();,]+)(?:\/v?(\d+))?/

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bWindows\b(?:[ /](?:NT )?(\d+))?/i, 'Windows'],
  [/\b(?:Darwin|macOS|Mac OS X)\b(?:[ /#]+(\d+))?/i, 'macOS'],
  [/\bLinux\b(?:[ /#]+(\d+))?/i, 'Linux'],
]

/**
 * A user agent as browser and system with major versions: `Chrome 126 on Windows 10`, `Boto3 1 on Linux 5`. What names no version
 * stays a name (`AWS Internal`). Null where nothing is left. Short results of an earlier truncation come out unchanged.
 */
export function truncateUserAgent(text: string): string | null {
  const cached = known.get(text)
  if (cached !== undefined) return cached
  const short = shorten(text.trim().replace(/^\[(.*)\]$/s, '$1'))
  if (text.length <= MAX_KNOWN_LENGTH) {
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(text, short)
  }
  return short
}

function shorten(text: string): string | null {
  // the parser's patterns are written for agents of ordinary length
  const bounded = text.slice(0, 1_024)
  if (bounded === '') return null
  if (/^(?:Mozilla|Opera)\//.test(bounded)) return browserName(bounded) ?? toolName(bounded)
  return toolName(bounded)
}

function browserName(text: string): string | null {
  const { browser, os } = Bowser.parse(text)
  if (browser.name === undefined || browser.name === '') return null
  const version = os.name === 'Windows' ? os.versionName : os.version
  return onSystem(withMajor(browser.name, browser.version), os.name && withMajor(os.name, version))
}

function toolName(text: string): string {
  // without a slash there is no product and version, only a name ("AWS Internal", "Chrome 126 on Windows 10")
  if (!text.includes('/')) return text.slice(0, MAX_NAME)
  const product = TOOLS.exec(text) ?? PRODUCT.exec(text)
  if (product === null) return text.slice(0, MAX_NAME)
  for (const [pattern, name] of SYSTEMS) {
    const system = pattern.exec(text)
    if (system !== null) return onSystem(withMajor(product[1], product[2]), withMajor(name, system[1]))
  }
  return withMajor(product[1], product[2])
}

function withMajor(name = '', version: string | undefined): string {
  const major = version?.split('.', 1)[0]
  return major === undefined || major === ''
    ? name.slice(0, MAX_NAME)
    : `${name.slice(0, MAX_NAME)} ${major.slice(0, 8)}`
}

function onSystem(agent: string, system: string | undefined): string {
  return system === undefined || system === '' ? agent : `${agent} on ${system}`
}
