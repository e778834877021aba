import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
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
    /** Origins of pages that may show the viewer in a frame. */
    readonly embedOrigins: readonly string[]
  }
  /** Absolute path. */
  readonly dataDir: string
  /** The embedded store's file; beside a cluster, whatever a process keeps for itself stays in the data directory too. */
  readonly store: { readonly kind: 'sqlite' | 'elasticsearch'; readonly file: string }
  /** Set for the Elasticsearch store, and for `trailseal setup`. */
  readonly elasticsearch: ElasticsearchConfig | null
  /** Where jobs wait; null: in the embedded store, or in a file of this process. */
  readonly redisUrl: Secret | null
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
  readonly mail: {
    /** Null: mails are written as files to `folder`. */
    readonly smtpUrl: Secret | null
    /** An address, or a name and an address in angle brackets. */
    readonly from: string
    readonly folder: string
  }
  /** PEM texts or paths of PEM files; null: a self-signed certificate is made when the first PDF needs it. */
  readonly pdf: { readonly certificate: string; readonly key: Secret } | null
  /** Where finished exports are kept. */
  readonly blobs: BlobsConfig
  readonly roles: readonly ProcessRole[]
  readonly logLevel: LogLevel
}

type BlobsConfig =
  | { readonly kind: 'file'; readonly folder: string }
  | {
      readonly kind: 's3'
      readonly bucket: string
      /** Empty, or ending in a slash. */
      readonly prefix: string
      /** Null: AWS. */
      readonly endpoint: URL | null
      readonly region: string | null
    }

export interface ElasticsearchConfig {
  /** May carry user and password. */
  readonly url: Secret
  readonly apiKey: Secret | null
  readonly username: string | null
  readonly password: Secret | null
  /** Path of a PEM file with the authority of the cluster's certificate. */
  readonly caFile: string | null
  /** First part of the name of everything in the cluster: several installations can share one. */
  readonly prefix: string
}

/**
 * Environment → config → secrets: the one place that knows the variables' names.
 * Errors: `bad_configuration` with one sentence a fault; values never show in it.
 */
export function readConfig(environment: Environment): Config {
  const read = new EnvironmentReader(environment)
  const dataDir = resolve(read.text('TRAILSEAL_DATA_DIR') ?? 'trailseal-data')
  const http = readHttp(read)
  const elasticsearch = readElasticsearch(read)
  refuseContradictions(read)
  refuseWhatIsNotBuilt(read)
  const config: Config = {
    http,
    dataDir,
    store: { kind: elasticsearch ? 'elasticsearch' : 'sqlite', file: join(dataDir, 'trailseal.sqlite') },
    elasticsearch,
    redisUrl: read.secretUrl('REDIS_URL', ['redis:', 'rediss:']),
    origin: readOrigin(read, http.publicUrl),
    signing: { key: read.secret('TRAILSEAL_SIGNING_KEY'), keyFile: join(dataDir, 'signing-key.pem') },
    adminToken: readAdminToken(read),
    plansFile: read.text('TRAILSEAL_PLANS'),
    pdf: readPdf(read),
    mail: readMail(read, http.publicUrl, dataDir),
    blobs: readBlobs(read) ?? { kind: 'file', folder: join(dataDir, 'blobs') },
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
  return {
    ...{ host, port, embedOrigins: readEmbedOrigins(read) },
    publicUrl: publicUrl ?? new URL(`http://localhost:${port}`),
  }
}

/** They become part of a header and of a page: each has to be an origin to the letter. */
function readEmbedOrigins(read: EnvironmentReader): readonly string[] {
  const origins = read.text('TRAILSEAL_EMBED_ORIGINS')?.split(/[\s,]+/) ?? []
  const isOrigin = (text: string): boolean => /^https?:/.test(text) && URL.parse(text)?.origin === text
  if (origins.every(isOrigin)) return [...new Set(origins)]
  return read.fault(
    'TRAILSEAL_EMBED_ORIGINS must be a list of origins such as https://app.example.com, without paths',
    [],
  )
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

function readPdf(read: EnvironmentReader): Config['pdf'] {
  const certificate = read.text('TRAILSEAL_PDF_CERT')
  const key = read.secret('TRAILSEAL_PDF_KEY')
  return certificate === null || key === null ? null : { certificate, key }
}

function readMail(read: EnvironmentReader, publicUrl: URL, dataDir: string): Config['mail'] {
  const given = read.text('MAIL_FROM')
  if (given !== null && !isSender(given))
    read.fault('MAIL_FROM must be an address, or a name and an address: Audit log <audit@example.com>', null)
  return {
    smtpUrl: read.secretUrl('SMTP_URL', ['smtp:', 'smtps:']),
    from: given ?? `Trailseal <trailseal@${publicUrl.hostname}>`,
    folder: join(dataDir, 'mail'),
  }
}

/** It becomes a header: one address, and nothing that could begin another header. */
function isSender(text: string): boolean {
  const [, inBrackets, bare] = /^(?:[^<>@,;:"\\\p{Cc}]{1,100} <([^<>]+)>|([^<>]+))$/u.exec(text) ?? []
  return /^[^\s<>@,;:"()\p{Cc}]{1,64}@[^\s<>@,;:"()\p{Cc}]{1,253}$/u.test(inBrackets ?? bare ?? '')
}

function readBlobs(read: EnvironmentReader): BlobsConfig | null {
  const url = read.url('BLOB_URL', ['file:', 's3:'])
  if (url === null) return null
  if (url.protocol === 's3:') return readBucket(url, read)
  const isPath = url.host === '' && url.pathname.length > 1 && `${url.search}${url.hash}` === ''
  // an escaped slash is no path
  if (isPath && !/%2f/i.test(url.pathname)) return { kind: 'file', folder: fileURLToPath(url) }
  return read.fault('BLOB_URL must have an absolute path: file:///var/lib/trailseal/blobs', null)
}

/** `s3://bucket/prefix`, with `?region=` and, for what is not AWS, `&endpoint=http(s)://host`. Credentials are the AWS SDK's matter. */
function readBucket(url: URL, read: EnvironmentReader): BlobsConfig | null {
  const { host: bucket, pathname, searchParams, username, password, hash } = url
  const path = pathname.replace(/^\/|\/$/g, '')
  const endpoint = searchParams.get('endpoint')
  const isEndpoint =
    endpoint === null || (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol))
  const isPlain = `${username}${password}${hash}` === '' && /^[A-Za-z0-9/_.-]*$/.test(path)
  const isKnown = [...searchParams.keys()].every((name) => name === 'endpoint' || name === 'region')
  if (/^[a-z0-9][a-z0-9.-]{1,62}$/.test(bucket) && isEndpoint && isPlain && isKnown)
    return {
      ...{ kind: 's3', bucket, prefix: path === '' ? '' : `${path}/`, region: searchParams.get('region') },
      endpoint: endpoint === null ? null : new URL(endpoint),
    }
  return read.fault(
    'BLOB_URL must be s3://bucket/prefix, with ?region=… and &endpoint=https://… where they are needed; credentials come from the environment',
    null,
  )
}

/** Headers carry it, so it has to fit into one; short ones could be guessed. */
function readAdminToken(read: EnvironmentReader): Secret | null {
  const token = read.secret('TRAILSEAL_ADMIN_TOKEN')
  if (token === null || /^[\x21-\x39\x3b-\x7e]{20,512}$/.test(token.reveal())) return token
  return read.fault('TRAILSEAL_ADMIN_TOKEN must be 20 to 512 visible ASCII characters without a colon', null)
}

function refuseContradictions(read: EnvironmentReader): void {
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
  'ELASTICSEARCH_INDEX_PREFIX',
]

/** Null: the embedded store. */
function readElasticsearch(read: EnvironmentReader): ElasticsearchConfig | null {
  const given = read.text('ELASTICSEARCH_URL')
  const store = read.choice(
    'TRAILSEAL_STORE',
    ['sqlite', 'elasticsearch'],
    given ? 'elasticsearch' : 'sqlite',
  )
  if (store === 'sqlite') {
    const needless = ['ELASTICSEARCH_URL', ...ELASTICSEARCH_SETTINGS].filter(
      (name) => read.text(name) !== null,
    )
    if (needless.length > 0)
      read.fault(`${needless.join(', ')} set, but the store is sqlite: unset one or the other`, null)
    return null
  }
  if (!given) return read.fault('TRAILSEAL_STORE=elasticsearch needs ELASTICSEARCH_URL', null)
  refuseHalfLogins(read)
  const url = read.secretUrl('ELASTICSEARCH_URL', ['http:', 'https:'])
  return (
    url && {
      url,
      apiKey: read.secret('ELASTICSEARCH_API_KEY'),
      username: read.text('ELASTICSEARCH_USERNAME'),
      password: read.secret('ELASTICSEARCH_PASSWORD'),
      caFile: read.text('ELASTICSEARCH_CA'),
      prefix: readPrefix(read),
    }
  )
}

function readPrefix(read: EnvironmentReader): string {
  const prefix = read.text('ELASTICSEARCH_INDEX_PREFIX') ?? 'trailseal'
  if (/^[a-z][a-z0-9_-]{0,39}$/.test(prefix)) return prefix
  return read.fault(
    'ELASTICSEARCH_INDEX_PREFIX must be lower-case letters, digits, _ and -, beginning with a letter, at most 40 of them',
    prefix,
  )
}

function refuseHalfLogins(read: EnvironmentReader): void {
  const { username, password } = URL.parse(read.text('ELASTICSEARCH_URL') ?? '') ?? {
    username: '',
    password: '',
  }
  const inUrl = username !== '' || password !== ''
  const login = read.text('ELASTICSEARCH_USERNAME') !== null
  if (read.text('TRAILSEAL_SIGNING_KEY') === null)
    read.fault(
      'The Elasticsearch store needs TRAILSEAL_SIGNING_KEY, because its gateways share the key',
      null,
    )
  if (read.text('ELASTICSEARCH_API_KEY') !== null && (login || inUrl))
    read.fault('Set either ELASTICSEARCH_API_KEY or ELASTICSEARCH_USERNAME, not both', null)
  if (login && inUrl) read.fault('Set ELASTICSEARCH_USERNAME or a user in ELASTICSEARCH_URL, not both', null)
  if (login !== (read.text('ELASTICSEARCH_PASSWORD') !== null))
    read.fault('ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD belong together', null)
}

/** Settings of the contract whose part is not built yet: to ignore them silently would lose somebody's mail or jobs. */
function refuseWhatIsNotBuilt(read: EnvironmentReader): void {
  const later: [name: string, protocols: readonly string[], what: string][] = [
    ['OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:'], 'OpenTelemetry export is'],
  ]
  for (const [name, protocols, what] of later)
    if (read.url(name, protocols)) read.fault(`${what} not part of this version: unset ${name}`, null)
}
