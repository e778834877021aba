// The architecture as a table: each folder of src/ and the folders it may import.
// ARCHITECTURE.md explains why; this file makes it true.
const MAY_IMPORT = {
  // kernel: pure, no I/O, also runs in the browser
  event: [],
  tlog: [],
  // ports (file at the top of the folder) and their adapters (subfolders)
  signing: ['tlog'],
  workspaces: ['event'],
  ledger: ['event', 'tlog', 'workspaces'],
  search: ['event', 'workspaces'],
  jobs: [],
  blobs: [],
  mail: [],
  // stages, in the order an event meets them
  ingest: ['event', 'workspaces', 'sequencer'],
  sequencer: ['event', 'tlog', 'signing', 'ledger'],
  projection: ['event', 'ledger', 'search'],
  query: ['event', 'tlog', 'workspaces', 'ledger', 'search'],
  verify: ['event', 'tlog'],
  // the whole store held against itself: the ledger by the verifier, the projection by the ledger
  integrity: ['event', 'tlog', 'workspaces', 'ledger', 'search', 'projection', 'verify'],
  export: ['event', 'tlog', 'workspaces', 'query', 'verify', 'jobs', 'blobs', 'mail'],
  retention: ['event', 'tlog', 'workspaces', 'ledger', 'verify', 'blobs', 'jobs'],
  // delivery
  http: ['event', 'tlog', 'workspaces', 'ingest', 'query', 'verify', 'export', 'retention'],
  // installs templates, policies and keys in a cluster, before there is any port to speak to
  setup: ['workspaces', 'config'],
  // import decodes files here; workspaces gives it the roles that a token can have
  cli: ['event', 'tlog', 'setup', 'ingest', 'workspaces', 'integrity', 'verify', 'config', 'compose'],
  // support
  config: [],
  telemetry: [],
  drivers: [],
}

const KERNEL = ['event', 'tlog']
const PORTS = ['signing', 'workspaces', 'ledger', 'search', 'jobs', 'blobs', 'mail']
const SHARED = 'errors|clock|slices|turns|handled|escape-html'
const anyOf = (names) => names.join('|')

const folderRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} may import: ${allowed.join(', ') || 'nothing'} (plus errors, clock, slices, turns, handled, escape-html)`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [
      `^src/(${anyOf([folder, ...allowed])})(/|[.]ts$)`,
      `^src/(${SHARED})[.]ts$`,
      ...(KERNEL.includes(folder) ? [] : ['^src/telemetry/']),
      // adapters, and only adapters, may use the driver wrappers
      ...(PORTS.includes(folder) || ['setup', 'retention'].includes(folder) ? ['^src/drivers/'] : []),
    ],
  },
}))

// Each third-party runtime package has one home.
const VENDOR_HOME = {
  express: 'http/',
  pino: 'telemetry/',
  'prom-client': 'telemetry/',
  bull: 'jobs/bull/',
  ioredis: 'drivers/redis/',
  nodemailer: 'mail/smtp/',
  '@aws-sdk/[^/]+': 'blobs/s3/',
  'node:sqlite': 'drivers/sqlite/',
  '@elastic/elasticsearch': '(drivers|ledger|search)/elasticsearch/',
}

const vendorRules = Object.entries(VENDOR_HOME).map(([vendor, home]) => ({
  name: `${vendor}-only-in-its-home`,
  comment: `${vendor} is imported only by src/${home}`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${home}` },
  to: { path: `(^|/)node_modules/${vendor}/` },
}))

module.exports = {
  forbidden: [
    ...folderRules,
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'kernel-has-no-io',
      comment: 'event/ and tlog/ also run in the browser and in the offline verifier',
      severity: 'error',
      from: { path: `^src/(${anyOf(KERNEL)})/` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'ports-stay-abstract',
      comment: 'a port (src/ledger/ledger.ts) knows neither its adapters nor any driver',
      severity: 'error',
      from: { path: `^src/(${anyOf(PORTS)})/[^/]+[.]ts$` },
      to: { path: [`^src/(${anyOf(PORTS)})/[^/]+/`, '^src/drivers/'] },
    },
    {
      name: 'adapters-only-from-compose',
      comment:
        'adapters are chosen in src/compose.ts (and what it splits off, src/compose-*.ts) and nowhere else',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/compose[.]ts$', '^src/compose-[a-z]+[.]ts$', `^src/(${anyOf(PORTS)})/([^/]+)/`],
      },
      to: { path: `^src/(${anyOf(PORTS)})/[^/]+/` },
    },
    {
      name: 'adapters-do-not-meet',
      comment: 'an adapter may not import another adapter',
      severity: 'error',
      from: { path: `^src/(${anyOf(PORTS)})/([^/]+)/` },
      to: { path: `^src/(${anyOf(PORTS)})/[^/]+/`, pathNot: '^src/$1/$2/' },
    },
    ...vendorRules,
    {
      name: 'src-not-to-test',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|web|examples)/' },
    },
    {
      name: 'web-uses-the-kernel-only',
      comment: 'the viewer verifies proofs itself: it may use event, tlog and verify, never a stage with I/O',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/', pathNot: '^src/(event|tlog|verify|errors)(/|[.]ts$)' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
}
