import { randomBytes } from 'node:crypto'

/** A real cluster with security, and an account that may do everything. Without it jest leaves these suites out (jest.config.js). */
export function secureCluster() {
  const {
    ELASTICSEARCH_SECURE_URL: url = '',
    ELASTICSEARCH_SECURE_USERNAME: username = '',
    ELASTICSEARCH_SECURE_PASSWORD: password = '',
  } = process.env
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return {
    ...{ url, username, password },
    /** What all names of one test begin with. */
    prefix: `t${randomBytes(5).toString('hex')}`,
    fetch: (path: string, init: RequestInit) =>
      fetch(`${url}${path}`, { ...init, headers: { authorization, 'content-type': 'application/json' } }),
  }
}
