import { isSecretName } from './secret-names.ts'

/** Stands where a secret was. */
export const REDACTED = '[redacted]'

/** How many values were taken out so far. */
export interface Tally {
  count: number
}

/**
 * A secret recognisable by itself. `secret` matches the whole or, where `replacement` is given, the secret with what stays around it.
 * Every repetition is bounded or followed by what it can't match: texts are chosen by whoever sends them.
 */
interface ValuePattern {
  readonly secret: RegExp
  readonly replacement?: (match: string, ...groups: string[]) => string
}

/** Issuers' token formats, each as its issuer documents it. */
const ISSUED_TOKENS = new RegExp(
  [
    /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){1,3}/, // JWT, JWE (RFC 7519, RFC 7516)
    /\bgh[pousr]_[A-Za-z0-9]{36,}/, // GitHub
    /\bgithub_pat_\w{22,}/,
    /\bgl(?:pat|ptt|dt|rt|oas|cbt|ft|soat|agent|imt)-[\w-]{20,}/, // GitLab
    /\bxox[abeoprs]-[\w-]{10,}|\bxapp-\d-[\w-]{10,}/, // Slack
    /\bhooks\.slack\.com\/services\/[\w/]{20,}/,
    /\b[sr]k_(?:live|test)_\w{10,}|\bwhsec_[\w+/=]{20,}/, // Stripe
    /\bAIza[\w-]{35}|\bGOCSPX-[\w-]{20,}|\bya29\.[\w-]{20,}/, // Google
    /\bnpm_[A-Za-z0-9]{36}|\bpypi-AgE[\w-]{50,}/,
    /\bSG\.[\w-]{16,32}\.[\w-]{32,64}/, // SendGrid
    /\bsk-(?:proj|ant|svcacct|admin|or)-[\w-]{20,}|\bsk-[A-Za-z0-9]{32,}/, // OpenAI, Anthropic
    /\bdop_v1_[a-f0-9]{64}|\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|\bhf_[A-Za-z0-9]{34}/, // DigitalOcean, Shopify, Hugging Face
    /\bhv[sbr]\.[\w-]{24,}|\bdapi[a-f0-9]{32}|\bAGE-SECRET-KEY-1[0-9A-Z]{58}/, // Vault, Databricks, age
    /\b(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[\w+/=]{60,}/, // AWS session tokens
    /\b\d{8,10}:AA[\w-]{33}/, // Telegram
    /\bdiscord(?:app)?\.com\/api\/webhooks\/\d{10,30}\/[\w-]{10,}/,
    /\bts_[\w-]{43}/, // our own
  ]
    .map((pattern) => pattern.source)
    .join('|'),
  'g',
)

const PRIVATE_KEY =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g

/** RFC 3986 §3.2.1 `user:password@`. The user stays: auditors need it. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/?#:@"'<>]{0,200}:)([^\s/?#"'<>]{1,400})@/gi

/** RFC 6750, RFC 7617 and their like; a credential has a digit or both cases, a word of prose has not. */
const AUTH_SCHEME =
  /\b(Bearer|Token|ApiKey|Basic|Digest)(\s{1,4})(?=[a-z._~+/-]{0,200}[A-Z0-9])([A-Za-z0-9._~+/-]{12,}={0,2})/gi

/** RFC 9110 §11.6.2, written out: here the credentials may be of any form. */
const AUTHORIZATION_HEADER =
  /\b(Authorization["']?:\s{0,4}["']?(?:Bearer|Basic|Digest|Token|ApiKey|Negotiate|AWS4-HMAC-SHA256)\s{1,4})([^\s"'[][^"'\r\n]{0,4096})/gi

/** RFC 6265 headers written out. */
const COOKIE_HEADER = /\b((?:Set-)?Cookie:\s{0,4})([^\s=;]{1,200}=[^\r\n]{1,4096})/gi

/** Signatures of pre-signed URLs: whoever has the URL has the file. */
const URL_SIGNATURE = /([?&](?:X-Amz-Signature|X-Goog-Signature|sig|signature)=)([^&\s"'#]{8,})/gi

/** A secret access key has no form of its own; 40 such characters beside an access key id are one. */
const AWS_KEY_ID = /\bA(?:KIA|SIA)[A-Z2-7]{16}\b/
const AWS_SECRET_KEY = /(?<![\w+/=])(?=[\w+/]{0,39}[a-z])(?=[\w+/]{0,39}[A-Z])[A-Za-z0-9+/]{40}(?![\w+/=])/g

/** `name=value`, `name: value`, `"name":"value"`, `--name value`, `name is value`, up to the value. The name decides. */
const ASSIGNMENT =
  /(?<![\w.-])(-{0,2}[A-Za-z][\w.-]{1,80})(["']?(?:\s{0,4}[=:]\s{0,4}|%3D|%22%3A(?:%20)?|\s{1,4}is\s{1,4})|(?<=--[\w.-]{2,80})\s{1,4})/gi
const ASSIGNED_VALUE = /"(?:[^"\\]|\\.){1,2000}"|'[^']{1,2000}'|[^\s&;,"'<>)}\]]{1,2000}/y

/** `ALTER USER u PASSWORD '…'`, `CREATE USER u IDENTIFIED BY '…'`. */
const SQL_PASSWORD = /\b((?:PASSWORD|IDENTIFIED(?: WITH \w{1,40})? BY) )'[^']{1,500}'/gi

/** `<name>value</name>`: SOAP and SAML bodies. */
const ELEMENT = /<([A-Za-z][\w:.-]{1,80})>([^<]{1,2000})<\//g

const PATTERNS: readonly ValuePattern[] = [
  { secret: PRIVATE_KEY },
  { secret: ISSUED_TOKENS },
  { secret: URL_PASSWORD, replacement: (_match, before = '') => `${before}${REDACTED}@` },
  { secret: COOKIE_HEADER, replacement: (_match, header = '') => header + REDACTED },
  { secret: AUTHORIZATION_HEADER, replacement: (_match, before = '') => before + REDACTED },
  { secret: AUTH_SCHEME, replacement: replaceCredentials },
  { secret: SQL_PASSWORD, replacement: (_match, before = '') => `${before}'${REDACTED}'` },
  { secret: URL_SIGNATURE, replacement: (_match, before = '') => before + REDACTED },
]

/**
 * Cheap tests in front of the patterns: most texts of an event hold nothing that any of them begins with.
 * Case variants are spelled out, since matching without regard to case costs three times as much.
 */
const VALUE_HINT =
  /:\/\/[^/\s]*@|eyJ|gh[pousr]_|github_pat|gl[a-z]{2,5}-|xox|xapp-|slack\.com|webhooks\/|[sr]k[_-]|whsec_|AIza|GOCSPX|ya29|npm_|pypi-|SG\.|dop_v1|shp[a-z]{2}_|hf_|hv[sbr]\.|dapi|AGE-S|IQoJ|F[wQ]oG|:AA|\bts_|-----BEGIN|(?:PASSWORD|[Pp]assword|BY|by) '|[Bb]earer|BEARER|[Bb]asic|BASIC|[Dd]igest|[Aa]uthorization|[Tt]oken|TOKEN|[Aa]pi[Kk]ey|APIKEY|[Ss]ig(?:nature)?=|[Cc]ookie|COOKIE|AKIA|ASIA/
const NAME_HINT =
  /[Pp]ass|PASS|[Pp][Ww]|PW|[Ss]ecret|SECRET|[Tt]oken|TOKEN|[Kk]ey|KEY|[Cc]red|CRED|[Aa]uthoriz|AUTHORIZ|[Cc]ookie|COOKIE|[Jj][Ww][Tt]|JWT|SESS|[Ss]ess|connect\.sid|[Bb]earer|[Rr]ecovery|[Bb]ackup|[Oo]tp|OTP|[^a-z]pin[^a-z]|PIN|cv[vc]|CV[VC]/
/** What joins a name to its value. */
const JOINT_HINT = /[=:]|%3[DdAa]|--| is |<\//

/** Whether a text may hold a secret: false is certain. */
export function mayHoldSecret(text: string): boolean {
  if (text.length < 5 || harmless.has(text)) return false
  if (VALUE_HINT.test(text) || mayAssignSecret(text)) return true
  if (text.length <= LONGEST_REMEMBERED) remember(text)
  return false
}

/** Field names, types, states and users come again and again. They come from outside, so the set starts anew when it is full. */
const harmless = new Set<string>()
const LONGEST_REMEMBERED = 32
const MOST_REMEMBERED = 8_192

function remember(text: string): void {
  if (harmless.size >= MOST_REMEMBERED) harmless.clear()
  harmless.add(text)
}

function mayAssignSecret(text: string): boolean {
  return NAME_HINT.test(text) && JOINT_HINT.test(text)
}

/** The text without the secrets in it; the same text where there are none. Applying it again changes nothing. */
export function redactText(text: string, tally: Tally): string {
  if (!mayHoldSecret(text)) return text
  const withoutValues = VALUE_HINT.test(text) ? redactValues(text, tally) : text
  if (!mayAssignSecret(withoutValues)) return withoutValues
  return redactAssignments(redactElements(withoutValues, tally), tally)
}

function redactValues(text: string, tally: Tally): string {
  let result = text
  for (const { secret, replacement } of PATTERNS) {
    result = result.replace(secret, (match: string, ...groups: string[]) => {
      const replaced = replacement === undefined ? REDACTED : replacement(match, ...groups)
      if (replaced !== match) tally.count++
      return replaced
    })
  }
  if (!AWS_KEY_ID.test(result)) return result
  return result.replace(AWS_SECRET_KEY, () => {
    tally.count++
    return REDACTED
  })
}

function redactElements(text: string, tally: Tally): string {
  if (!text.includes('</')) return text
  return text.replace(ELEMENT, (match: string, name: string, value: string) => {
    if (!isSecretName(name) || isHarmlessValue(value)) return match
    tally.count++
    return `<${name}>${REDACTED}</`
  })
}

function redactAssignments(text: string, tally: Tally): string {
  let result = ''
  let copied = 0
  ASSIGNMENT.lastIndex = 0
  for (let found = ASSIGNMENT.exec(text); found !== null; found = ASSIGNMENT.exec(text)) {
    const [, name = '', joint = ''] = found
    // "arn:aws:…:secret:name" is a path of words, not an assignment
    if (!isSecretName(name) || (joint.startsWith(':') && text[found.index - 1] === ':')) continue
    ASSIGNED_VALUE.lastIndex = ASSIGNMENT.lastIndex
    const value = ASSIGNED_VALUE.exec(text)?.[0]
    if (value === undefined || isHarmlessValue(value)) continue
    if (isProse(joint, value, text.slice(ASSIGNED_VALUE.lastIndex, ASSIGNED_VALUE.lastIndex + 20))) continue
    const quote = /^["']/.exec(value)?.[0] ?? ''
    tally.count++
    result += text.slice(copied, ASSIGNMENT.lastIndex) + quote + REDACTED + quote
    copied = ASSIGNMENT.lastIndex = ASSIGNED_VALUE.lastIndex
  }
  return copied === 0 ? text : result + text.slice(copied)
}

/**
 * "Password: please choose another", "the token is expired": behind a colon or "is", without quotes, a plain word or a short one is no secret. A colon
 * with one word up to the end of the line is a setting, as in YAML.
 */
function isProse(joint: string, value: string, following: string): boolean {
  if (!/^\s{0,4}(?::|is)\s+$/i.test(joint) || /^["']/.test(value)) return false
  if (joint.includes(':') && value.length > 3 && /^[ \t]*(?:[\r\n]|$)/.test(following)) return false
  return /^(?:[\p{L}-]+[.!?]?|\S{1,3})$/u.test(value)
}

function replaceCredentials(match: string, scheme = '', space = '', credentials = ''): string {
  const isBasic = scheme.toLowerCase() === 'basic'
  const looksRandom =
    /\d/.test(credentials) || (/[a-z]/.test(credentials) && /[A-Z]/.test(credentials.slice(1)))
  const real = isBasic
    ? Buffer.from(credentials, 'base64').includes(':')
    : looksRandom && credentials.length >= 16
  return real ? scheme + space + REDACTED : match
}

/** Values under a secret's name that reveal nothing: empty, switched, or taken out before. */
export function isHarmlessValue(value: string): boolean {
  return /^["']?(?:|true|false|null|none|undefined|\*+|\[redacted.*|<[\w -]*>|\$\{?\w+\}?|HIDDEN_DUE_TO_SECURITY_REASONS)["']?$/i.test(
    value,
  )
}
