import { TrailsealError } from '../../errors.ts'

const RETRY_SECONDS = 2

/** What only a change of settings helps against; everything else may pass. */
const SETTINGS = ['WRONGPASS', 'NOAUTH', 'NOPERM', 'TLS']

/**
 * A failure between us and Redis as one sentence without any credential: `bad_configuration` for what only a change of settings
 * helps against, else `store_unavailable`. The cause keeps no command: its arguments hold payloads, and with AUTH the password.
 */
export function redisFailure(error: unknown, host: string): TrailsealError {
  if (error instanceof TrailsealError) return error
  const { code, text } = reasonOf(error)
  const cause = new Error(text)
  const sentence = `Redis at ${host} ${predicate(code, text)}.`
  return SETTINGS.includes(code)
    ? new TrailsealError('bad_configuration', sentence, { cause })
    : new TrailsealError('store_unavailable', sentence, { cause, retryAfterSeconds: RETRY_SECONDS })
}

/** Errors of Redis begin with a word in capitals; those of sockets carry it as their code. */
function reasonOf(error: unknown): { readonly code: string; readonly text: string } {
  const { message, code, lastNodeError } = error as {
    message?: unknown
    code?: unknown
    lastNodeError?: unknown
  }
  const text = typeof message === 'string' ? message : 'no reason given'
  if (lastNodeError !== undefined) return reasonOf(lastNodeError)
  const socketCode = typeof code === 'string' ? code : ''
  if (
    /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO|wrong version number/i.test(`${socketCode} ${text}`)
  )
    return { code: 'TLS', text }
  return { code: /^([A-Z]{4,}) /.exec(text)?.[1] ?? socketCode, text }
}

function predicate(code: string, text: string): string {
  switch (code) {
    case 'WRONGPASS':
      return 'refuses the user name or the password in REDIS_URL'
    case 'NOAUTH':
      return 'wants a password: set it in REDIS_URL'
    case 'NOPERM':
      return 'does not let the user in REDIS_URL run a command that jobs need'
    case 'TLS':
      return 'has no TLS connection that this machine trusts'
    case 'LOADING':
      return 'is still reading its data'
    case 'READONLY':
      return 'is a replica and takes no writes'
    case 'MISCONF':
    case 'OOM':
      return 'takes no writes now: its disk or its memory is full'
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `can't be reached`
    default:
      return /timed out|ETIMEDOUT/.test(`${text} ${code}`)
        ? 'did not answer in time'
        : 'can not be used now: the connection broke, or its answer makes no sense'
  }
}
