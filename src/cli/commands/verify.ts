import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { sha256, verifySignature } from '../../compose.ts'
import { TrailsealError } from '../../errors.ts'
import type { StoreReport } from '../../integrity/store-report.ts'
import { counted, Progress, format } from '../progress.ts'
import { NotVerified } from '../not-verified.ts'
import { configOf, print, tell, withStore, type Terminal } from './context.ts'
import { findingLine, type Verdict } from './verdict.ts'
import { verifyGateway } from './verify-gateway.ts'
import { verifyPaths } from './verify-export.ts'

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
    .option('--url <URL>', 'the log of --workspace at this gateway, and its search index against it')
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
  const ways = [paths.length > 0, options.store === true, options.url !== undefined].filter(Boolean).length
  if (ways !== 1)
    throw new TrailsealError(
      'bad_request',
      'Say what to verify: a PATH, --store, or --url URL --workspace WS.',
    )
  if (options.store === true) return await verifyStore(command, terminal)
  if (options.url !== undefined) {
    if (options.workspace === undefined) throw new TrailsealError('bad_request', '--url needs --workspace.')
    return await verifyGateway({ ...options, url: options.url, workspace: options.workspace, vkey }, terminal)
  }
  return await verifyPaths(paths, { file: options.file, vkey }, { sha256, verifySignature }, terminal)
}

async function verifyStore(command: Command, terminal: Terminal): Promise<Verdict> {
  const { file, kind } = configOf(command, terminal).store
  // To open the store would make an empty one, in which nothing is wrong.
  if (kind === 'sqlite' && !existsSync(file))
    throw new TrailsealError(
      'bad_input_file',
      `There is no store at ${file}: it was removed, or TRAILSEAL_DATA_DIR names another directory.`,
    )
  const report = await withStore(command, terminal, async ({ verification }) => {
    let step = ''
    let progress: Progress | null = null
    try {
      return await verification.verify((label, done, total) => {
        if (label !== step) {
          progress?.[Symbol.dispose]()
          progress = new Progress(`verify ${label}`, label.endsWith('words') ? 'words' : 'events', {
            stream: terminal.stderr,
          })
          step = label
        }
        progress?.update(done, total)
      })
    } finally {
      ;(progress as Progress | null)?.[Symbol.dispose]()
    }
  })
  return storeVerdict(report)
}

function storeVerdict(report: StoreReport): Verdict {
  const { checked, logs } = report
  return {
    ok: report.ok,
    checked: [
      `${counted(logs.length, 'log')}: ${format(checked.entries)} events, ${format(checked.tiles)} hash tiles, signed heads, record of what was published`,
      `search index: ${format(checked.indexed_events)} events, ${format(checked.indexed_words)} words, store files`,
      ...(checked.expired_from_index > 0
        ? [
            `${format(checked.expired_from_index)} of the events are no longer in the search index: they are older than their plan's window and its grace`,
          ]
        : []),
      ...logs.map(({ workspace, size, root }) => `${workspace}: ${format(size)} events, root ${root}`),
    ],
    unknown: [
      'whether whoever runs this machine replaced the whole store together with its key and records: compare a checkpoint kept elsewhere',
    ],
    findings: report.findings.map(findingLine),
    report,
  }
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
