import { spawnSync } from 'node:child_process'

const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

// Suites that need something which a bare machine lacks are left out there, and one line says how to run them: a skipped
// test would count as one. .ci/run installs all of it, so nothing is left out where it decides.
const needs = [
  {
    suites: '/(acceptance|contract|fault|property)/[^/]*elasticsearch[^/]*\\.test\\.ts$',
    isThere: Boolean(process.env.ELASTICSEARCH_URL),
    how: 'Suites on Elasticsearch are left out: set ELASTICSEARCH_URL (8.19 or 9.x) to run them.',
  },
  {
    suites: '/acceptance/elasticsearch-secure\\.test\\.ts$',
    isThere: Boolean(process.env.ELASTICSEARCH_SECURE_URL),
    how: 'The suite on an Elasticsearch with security is left out: set ELASTICSEARCH_SECURE_URL, _USERNAME and _PASSWORD to run it.',
  },
  {
    suites: '/contract/jobs-bull\\.test\\.ts$',
    isThere: Boolean(process.env.REDIS_URL),
    how: 'The suite of jobs on Redis is left out: set REDIS_URL (6.2 or later) to run it.',
  },
  {
    suites: '/fault/redis[^/]*\\.test\\.ts$',
    isThere: has('redis-server'),
    how: 'Suites that kill Redis are left out: install redis-server to run them.',
  },
  {
    suites: '/unit/export/pdf-format\\.test\\.ts$',
    isThere: has('pdfsig') && has('pdftotext'),
    how: 'The suite that checks PDFs with poppler is left out: install poppler-utils to run it.',
  },
  {
    suites: '/contract/blobs-s3\\.test\\.ts$',
    isThere: has('versitygw'),
    how: 'The suite of blobs on S3 is left out: it needs a server, `go install github.com/versity/versitygw/cmd/versitygw@latest`.',
  },
  {
    suites: '/e2e/.*\\.test\\.ts$',
    isThere: has('chromium'),
    how: 'Suites in a browser are left out: install chromium to run them.',
  },
  {
    suites: '/fault/disk\\.test\\.ts$',
    isThere:
      spawnSync('unshare', [...(process.getuid?.() === 0 ? [] : ['--map-root-user']), '--mount', 'true'])
        .status === 0,
    how: 'The suite on full and read-only disks is left out: it needs mount namespaces (Linux, unshare).',
  },
]
const leftOut = needs.filter(({ isThere }) => !isThere)
if (process.env.JEST_WORKER_ID === undefined) for (const { how } of leftOut) process.stderr.write(`${how}\n`)

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testPathIgnorePatterns: ['/node_modules/', ...leftOut.map(({ suites }) => suites)],
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript', tsx: false }, target: 'es2024' },
        module: { type: 'es6' },
      },
    ],
  },
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/test/support/summary-reporter.js'],
  // Two cores: real databases and processes run in these tests.
  maxWorkers: 2,
}
