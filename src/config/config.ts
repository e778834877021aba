import { join, resolve } from 'node:path'
import { EnvironmentReader, type Environment } from './environment.ts'
import type { Secret } from './secret.ts'

const PROCESS_ROLES = ['gateway', 'projector', 'exports', 'retention'] as const
type ProcessRole = (typeof PROCESS_ROLES)[number]
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
type LogLevel = (typeof LOG_LEVELS)[number]

/** What an operator can set (contract §2), checked and with every default filled in. */
export interface Config {
  readonly http: {
    readonly host: string
    readonly port: number
    /** What people and mails are sent to; without a path. */
    readonly publicUrl: URL
  }
  /** Absolute path. */
  readonly dataDir: string
  readonly store: { readonly kind: 'sqlite'; readonly file: string }
  /** Prefix of every log's origin. */
  readonly origin: string
  readonly signing: {
    /** PEM text or the path of a PEM file; null: `keyFile` is made at the first start. */
    readonly key: Secret | null
    readonly keyFile: string
  }
  readonly adminToken: Secret | null
  /** Path of a plans file; null: the shipped one. */
  readonly plansFile: string | null
  readonly roles: readonly ProcessRole[]
  readonly logLevel: LogLevel
}

/**
 * Environment → config → secrets: the one place that knows the variables' names.
 * Errors: `bad_configuration` with one sentence a fault; values never show in it.
 */
export function readConfig(environment: Environment): Config {
  const read = new EnvironmentReader(environment)
  const dataDir = resolve(read.text('TRAILSEAL_DATA_DIR') ?? 'trailseal-data')
  const http = readHttp(read)
  refuseContradictions(read)
  refuseWhatIsNotBuilt(read)
  const config: Config = {
    http,
    dataDir,
    store: { kind: 'sqlite', file: join(dataDir, 'trailseal.sqlite') },
    origin: readOrigin(read, http.publicUrl),
    signing: { key: read.secret('TRAILSEAL_SIGNING_KEY'), keyFile: join(dataDir, 'signing-key.pem') },
    adminToken: readAdminToken(read),
    plansFile: read.text('TRAILSEAL_PLANS'),
    roles: read.choices('TRAILSEAL_ROLES', PROCESS_ROLES),
    logLevel: read.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
  }
  read.stopAtFaults()
  return config
}

function readHttp(read: EnvironmentReader): Config['http'] {
  const host = read.text('HOST') ?? '127.0.0.1'
  const port = read.integer('PORT', 8787, 0, 65_535)
  const publicUrl = read.url('TRAILSEAL_PUBLIC_URL', ['https:', 'http:'])
  if (
    publicUrl &&
    (publicUrl.username ||
      publicUrl.password ||
      publicUrl.search ||
      publicUrl.hash ||
      publicUrl.pathname !== '/')
  )
    read.fault('TRAILSEAL_PUBLIC_URL must have neither credentials nor path, query or fragment', null)
  return { host, port, publicUrl: publicUrl ?? new URL(`http://localhost:${port}`) }
}

/**
 * A key name of C2SP signed-note: no space, no plus; and no trailing slash, because `/<workspace>` follows.
 * By default the host without its port: a log keeps its name when the server moves to another port.
 */
function readOrigin(read: EnvironmentReader, publicUrl: URL): string {
  const origin = read.text('TRAILSEAL_ORIGIN') ?? publicUrl.hostname
  if (/^[\x21-\x2a\x2c-\x7e]{1,190}$/.test(origin) && !origin.endsWith('/')) return origin
  return read.fault(
    'TRAILSEAL_ORIGIN must be a schema-less URL such as audit.example.com: visible ASCII without +, no slash at the end',
    origin,
  )
}

/** Headers carry it, so it has to fit into one; short ones could be guessed. */
function readAdminToken(read: EnvironmentReader): Secret | null {
  const token = read.secret('TRAILSEAL_ADMIN_TOKEN')
  if (token === null || /^[\x21-\x39\x3b-\x7e]{20,512}$/.test(token.reveal())) return token
  return read.fault('TRAILSEAL_ADMIN_TOKEN must be 20 to 512 visible ASCII characters without a colon', null)
}

function refuseContradictions(read: EnvironmentReader): void {
  const store = read.choice(
    'TRAILSEAL_STORE',
    ['sqlite', 'elasticsearch'],
    elasticsearchUrl(read) ? 'elasticsearch' : 'sqlite',
  )
  if (store === 'sqlite') {
    const needless = ['ELASTICSEARCH_URL', ...ELASTICSEARCH_SETTINGS].filter(
      (name) => read.text(name) !== null,
    )
    if (needless.length > 0)
      read.fault(`${needless.join(', ')} set, but the store is sqlite: unset one or the other`, null)
  } else {
    if (!elasticsearchUrl(read)) read.fault('TRAILSEAL_STORE=elasticsearch needs ELASTICSEARCH_URL', null)
    if (read.text('TRAILSEAL_SIGNING_KEY') === null)
      read.fault(
        'The Elasticsearch store needs TRAILSEAL_SIGNING_KEY, because its gateways share the key',
        null,
      )
    if (read.text('ELASTICSEARCH_API_KEY') !== null && read.text('ELASTICSEARCH_USERNAME') !== null)
      read.fault('Set either ELASTICSEARCH_API_KEY or ELASTICSEARCH_USERNAME, not both', null)
    if ((read.text('ELASTICSEARCH_USERNAME') === null) !== (read.text('ELASTICSEARCH_PASSWORD') === null))
      read.fault('ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD belong together', null)
    read.fault(
      'The Elasticsearch store is not part of this version: unset TRAILSEAL_STORE and the ELASTICSEARCH_ variables',
      null,
    )
  }
  if (read.text('SMTP_URL') !== null && read.text('MAIL_FROM') === null)
    read.fault('SMTP_URL needs MAIL_FROM, the sender of the mails', null)
  if ((read.text('TRAILSEAL_PDF_CERT') === null) !== (read.text('TRAILSEAL_PDF_KEY') === null))
    read.fault('TRAILSEAL_PDF_CERT and TRAILSEAL_PDF_KEY belong together', null)
}

const ELASTICSEARCH_SETTINGS = [
  'ELASTICSEARCH_API_KEY',
  'ELASTICSEARCH_USERNAME',
  'ELASTICSEARCH_PASSWORD',
  'ELASTICSEARCH_CA',
]

function elasticsearchUrl(read: EnvironmentReader): string | null {
  return read.text('ELASTICSEARCH_URL')
}

/** Settings of the contract whose part is not built yet: to ignore them silently would lose somebody's mail or jobs. */
function refuseWhatIsNotBuilt(read: EnvironmentReader): void {
  const later: [name: string, protocols: readonly string[], what: string][] = [
    ['REDIS_URL', ['redis:', 'rediss:'], 'Jobs on Redis are'],
    ['SMTP_URL', ['smtp:', 'smtps:'], 'Mail by SMTP is'],
    ['BLOB_URL', ['file:', 's3:'], 'Choosing a blob store is'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:'], 'OpenTelemetry export is'],
  ]
  for (const [name, protocols, what] of later)
    if (read.url(name, protocols)) read.fault(`${what} not part of this version: unset ${name}`, null)
  if (read.text('TRAILSEAL_PDF_CERT') !== null && read.text('TRAILSEAL_PDF_KEY') !== null)
    read.fault(
      'PDF exports are not part of this version: unset TRAILSEAL_PDF_CERT and TRAILSEAL_PDF_KEY',
      null,
    )
}
