import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { sha256, verifySignature } from '../../compose.ts'
import { TrailsealError } from '../../errors.ts'
import { counted } from '../progress.ts'
import { NotVerified } from '../not-verified.ts'
import { print, tell, type Terminal } from './context.ts'
import type { Verdict } from './verdict.ts'
import { verifyGateway } from './verify-gateway.ts'
import { verifyPaths } from './verify-export.ts'
import { verifyStore, verifyStoreOf } from './verify-store.ts'

interface VerifyOptions {
  readonly store?: boolean
  readonly url?: string
  readonly workspace?: string
  readonly token?: string
  readonly key?: string
  readonly file?: string
  readonly json?: boolean
}

export function addVerifyCommand(program: Command, terminal: Terminal): void {
  program
    .command('verify')
    .description(
      'check that nothing was changed: a whole store, a gateway, an export, or the proof of one event',
    )
    .argument(
      '[PATH...]',
      'an export (any of its files finds the others beside it: FILE, FILE.manifest.json, FILE.proof.json), or a .tlog-proof file; checked offline, without server or store',
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing was changed; 1 something was, with the reason; 2 the check could not be made (a file is missing or unreadable, wrong usage, no server).',
    )
    .option('--store', 'the configured store, without a server: logs, tiles, heads, projection and files')
    .option(
      '--url <URL>',
      'the log of --workspace at this gateway, and its search index against it; or, with --store and an admin token, what the gateway finds in its whole store',
    )
    .option('--workspace <WS>', 'for --url')
    .option('--token <TOKEN>', 'for --url (or TRAILSEAL_TOKEN in the environment)')
    .option('--key <VKEY|FILE>', "the log's verifier key, kept from earlier")
    .option(
      '--file <FILE>',
      'the exported file where it is not beside its manifest, or the event that a .tlog-proof is about',
    )
    .option('--json', 'the report as one JSON object on standard output')
    .action(async (paths: string[], options: VerifyOptions, command: Command) => {
      const verdict = await verdictOf(paths, options, command, terminal)
      if (options.json === true) print(terminal, JSON.stringify(verdict.report))
      else show(terminal, verdict)
      if (!verdict.ok) throw new NotVerified()
    })
}

async function verdictOf(
  paths: readonly string[],
  options: VerifyOptions,
  command: Command,
  terminal: Terminal,
): Promise<Verdict> {
  const vkey = options.key === undefined ? null : readKey(options.key)
  const { url, workspace, token, store = false } = options
  if (paths.length > 0 === (store || url !== undefined))
    throw new TrailsealError(
      'bad_request',
      'Say what to verify: a PATH, --store, --url URL --workspace WS, or --url URL --store.',
    )
  if (store && url === undefined) return await verifyStore(command, terminal)
  if (url !== undefined) {
    if (store === (workspace !== undefined))
      throw new TrailsealError('bad_request', '--url needs either --workspace or --store.')
    const caller = { url, ...(token === undefined ? {} : { token }) }
    return workspace === undefined
      ? await verifyStoreOf(caller, terminal)
      : await verifyGateway({ ...caller, workspace, vkey }, terminal)
  }
  return await verifyPaths(paths, { file: options.file, vkey }, { sha256, verifySignature }, terminal)
}

function show(terminal: Terminal, verdict: Verdict): void {
  for (const line of verdict.checked) print(terminal, `  checked  ${line}`)
  for (const line of verdict.unknown) print(terminal, `  not known here: ${line}`)
  for (const line of verdict.findings) print(terminal, `  WRONG    ${line}`)
  if (verdict.ok) print(terminal, 'ok: nothing was changed')
  else tell(terminal, `trailseal: NOT verified: ${counted(verdict.findings.length, 'finding')}`)
}

function readKey(given: string): string {
  // A vkey has plus signs and no file name of ours has: NAME+HEX8+BASE64.
  if (/^[^+]+\+[0-9a-f]{8}\+/.test(given)) return given.trim()
  try {
    return readFileSync(given, 'utf8').trim()
  } catch (cause) {
    throw new TrailsealError(
      'bad_input_file',
      `--key is neither a verifier key nor a readable file: ${given}`,
      { cause },
    )
  }
}
