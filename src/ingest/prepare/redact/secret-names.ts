/**
 * Which field names announce a secret. Names are read in any casing and with any separator (`secretAccessKey`, `SECRET_ACCESS_KEY`,
 * `x-api-key`), by what they end in: `tokenId`, `passwordLastUsed` and `secretArn` describe a secret without being one.
 */
export type NameKind =
  /** Says nothing. */
  | 'plain'
  /** Holds a secret. */
  | 'secret'
  /** Holds a secret that may be a number: passwords and one-time codes. */
  | 'password'
  /** Holds the contents of a file when it is long. */
  | 'content'
  /** Holds a script or the like that must not be read at any length. */
  | 'opaque'
  /** Identifies or describes: never a secret by its name, even inside a `credentials` object. */
  | 'description'

const kinds = new Map<string, NameKind>()
const MAX_KINDS = 8_192

/** Matched against the end of the name without separators, so `dbpassword` counts too. */
const SECRET_ENDINGS =
  /(?:secret|token|credential|authorization|cookie|apikey|privatekey|secretkey|accesskey|signingkey|encryptionkey|masterkey|sharedkey|sharedaccesskey|accountkey|authkey|hmackey|recoverykey|subscriptionkey|keymaterial|bearer|jwt|connectsid)s?$/
const PASSWORD_ENDINGS =
  /(?:password|passwd|passphrase|passcode|recoverycode|backupcode|otpcode|mfacode|tokencode|passwort|kennwort|contraseña|contrasena|motdepasse|senha|wachtwoord|пароль|密码)s?$/
/** Too short to be looked for inside longer names: whole words only. */
const PASSWORD_WORDS = new Set(['pwd', 'pass', 'pin', 'otp', 'totp', 'cvv', 'cvc', 'pw'])
/** `sid` alone is a statement's or an account's identifier. */
const SECRET_WORDS = new Set(['phpsessid', 'jsessionid', 'sessid', 'creds', 'plaintext'])

/** Words behind a secret's name that leave it a secret: `secretString`, `password2`, `privateKeyPem`, `token_hash`. */
const CARRIERS =
  /(?:value|header|string|binary|hash|plain|plaintext|text|raw|confirmation|confirm|repeat|base|base64|b64|pem|data|encoded|encrypted|old|new|current|previous|\d+)$/

/** Names that end like a secret and are none: cursors, idempotency keys, switches. */
const HARMLESS =
  /(?:next|page|pagination|continuation|client|clientrequest|idempotency|change|lock|sync|resume|cursor|marker|start|previous|prev|http|max|min|total|prompt|completion|input|output|cancellation|design|css|symbol|public)tokens?$|(?:has|is|requires?|missing|invalid|expired|force)(?:password|secret|token|cookie|credential)s?$/

const CONTENT_WORDS = new Set([
  'content',
  'contents',
  'body',
  'data',
  'bytes',
  'blob',
  'base64',
  'file',
  'attachment',
])
const OPAQUE_NAMES = new Set(['userdata', 'rawuserdata', 'userdatascript'])

const DESCRIPTIONS = new Set(
  (
    'id ids arn arns name names type kind role roles status state date time at on expiration expires expiry expired version versions region scope scopes user ' +
    'username email host hostname url uri port algorithm description policy enabled created updated prefix last4 count length size ' +
    'label labels tag tags reason by member workspace owner provider issuer audience location path plan used method required stage stages ttl days'
  ).split(' '),
)

/** The kind of a field name. Names repeat, so each is read once. */
export function nameKind(name: string): NameKind {
  const known = kinds.get(name)
  if (known !== undefined) return known
  const kind = readName(name)
  // names come from outside: the cache starts anew instead of growing
  if (kinds.size >= MAX_KINDS) kinds.clear()
  kinds.set(name, kind)
  return kind
}

function readName(name: string): NameKind {
  const words = name
    .slice(0, 256)
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
  const joined = words.join('')
  if (OPAQUE_NAMES.has(joined)) return 'opaque'
  const last = words.at(-1) ?? ''
  for (let rest = joined, word = last; rest !== '';) {
    const kind = secretKind(rest, word)
    if (kind !== 'plain') return kind
    const carrier = CARRIERS.exec(rest)
    if (carrier === null) break
    rest = rest.slice(0, carrier.index)
    word = words.findLast((candidate) => rest.endsWith(candidate)) ?? ''
  }
  if (CONTENT_WORDS.has(last)) return 'content'
  return DESCRIPTIONS.has(last) ? 'description' : 'plain'
}

function secretKind(joined: string, last: string): 'secret' | 'password' | 'plain' {
  if (HARMLESS.test(joined)) return 'plain'
  if (PASSWORD_ENDINGS.test(joined) || PASSWORD_WORDS.has(last)) return 'password'
  return SECRET_ENDINGS.test(joined) || SECRET_WORDS.has(last) ? 'secret' : 'plain'
}

/** Whether the name of a variable, header or parameter announces a secret. */
export function isSecretName(name: string): boolean {
  const kind = nameKind(name)
  return kind === 'secret' || kind === 'password'
}
