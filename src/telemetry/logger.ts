import { pino, type Logger } from 'pino'

export type { Logger }

/** Keys whose values are never logged, wherever they are in the first three levels of a line. */
const SECRET_KEYS = [
  'authorization',
  'cookie',
  'set-cookie',
  'token',
  'password',
  'secret',
  'key',
  'api_key',
  'apiKey',
]

export interface LoggerOptions {
  readonly level: string
  /** Where lines go; standard error by default, because standard output belongs to reports. */
  readonly destination?: { write(line: string): void }
}

/** JSON lines. Query strings, headers and event values are not logged at all; the redaction is the second net. */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const paths = SECRET_KEYS.flatMap((key) =>
    ['', '*.', '*.*.'].map((prefix) => `${prefix}["${key}"]`.replace('.[', '[')),
  )
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '[secret]' },
      serializers: { err: serializeError },
    },
    // Not waiting for a slow terminal or pipe; pino writes out what is left when the process exits.
    destination ?? pino.destination({ fd: 2, sync: false }),
  )
}

/**
 * For lines whose every field is known to be harmless and that are written at every request: looking for secrets in them would
 * cost a tenth of the gateway's time.
 */
export function withoutRedaction(logger: Logger): Logger {
  return logger.child({}, { redact: [] })
}

interface LoggedError {
  readonly type: string
  readonly code?: unknown
  readonly message: string
  readonly stack?: string
  readonly cause?: LoggedError
}

/** Only these fields: an error of a library may carry a whole request with its headers. */
function serializeError(error: unknown): LoggedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'something that is not an error was thrown' }
  return {
    type: error.name,
    ...('code' in error ? { code: error.code } : {}),
    message: withoutTokens(error.message),
    ...(error.stack === undefined ? {} : { stack: withoutTokens(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  }
}

/** Our own tokens are recognisable, also inside a text. */
function withoutTokens(text: string): string {
  return text.replace(/ts_[A-Za-z0-9_-]{43}/g, '[secret]').replace(/:\/\/[^\s/@]+@/g, '://[secret]@')
}
