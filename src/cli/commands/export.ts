import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { Option, type Command } from 'commander'
import type { Trailseal } from '../../compose.ts'
import { TrailsealError } from '../../errors.ts'
import { OPERATOR } from '../../workspaces/workspaces.ts'
import { format as formatNumber, Progress } from '../progress.ts'
import { print, tell, withStore, type Terminal } from './context.ts'

type Exports = Trailseal['exporting']['exports']
type ShownExport = Awaited<ReturnType<Exports['show']>>

interface ExportCommandOptions {
  readonly workspace: string
  readonly format: ShownExport['format']
  readonly query?: string
  readonly from?: string
  readonly to?: string
  readonly out: string
  readonly json?: boolean
}

const LOOK_MS = 100
/** Files beside `--out FILE`: `FILE.manifest.json`, `FILE.proof.json`. */
const BESIDE = ['manifest', 'proof'] as const

export function addExportCommand(program: Command, terminal: Terminal): void {
  program
    .command('export')
    .description(
      'write matching events to a file, with its signed manifest and, for NDJSON, the proof beside it',
    )
    .requiredOption('--workspace <WS>', 'whose log')
    .addOption(
      new Option('--format <FORMAT>', 'kind of file')
        .choices(['csv', 'ndjson', 'xlsx', 'pdf'])
        .makeOptionMandatory(),
    )
    .option('--query <Q>', 'only what matches this query')
    .option('--from <TIME>', 'not before this time (RFC 3339, or a date)')
    .option('--to <TIME>', 'not after this time')
    .requiredOption('--out <FILE>', 'where to write it')
    .option('--json', 'one JSON object on standard output')
    .action(async (options: ExportCommandOptions, command: Command) => {
      const done = await withStore(command, terminal, ({ exporting }) =>
        exportTo(options, exporting, terminal),
      )
      if (options.json === true) return print(terminal, JSON.stringify(done))
      print(
        terminal,
        `${options.workspace}: ${formatNumber(done.rows ?? 0)} events in ${options.out}, SHA-256 ${done.sha256 ?? ''}`,
      )
    })
}

/** The same job as the API's, run here; a gateway on the same store may take it over. */
async function exportTo(
  { workspace, format, query, from, to, out }: ExportCommandOptions,
  exporting: Trailseal['exporting'],
  terminal: Terminal,
): Promise<ShownExport> {
  const filters = {
    ...(query === undefined ? {} : { q: query }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }
  const { exports } = exporting
  const asked = await exports.request(OPERATOR, workspace, { format, filters })
  const done = await untilDone(exporting, asked, terminal)
  await save(exports, done, 'file', out)
  const beside = BESIDE.filter((file) => file !== 'proof' || format === 'ndjson')
  for (const file of beside) await save(exports, done, file, `${out}.${file}.json`)
  tell(
    terminal,
    `To check it anywhere, with ${beside.map((file) => `${out}.${file}.json`).join(' and ')} beside it: trailseal verify ${out} --key KEY`,
  )
  return done
}

async function untilDone(
  exporting: Trailseal['exporting'],
  { workspace, id }: ShownExport,
  terminal: Terminal,
): Promise<ShownExport> {
  const workers = exporting.startWorkers()
  try {
    using progress = new Progress('export', null, { stream: terminal.stderr })
    for (;;) {
      const shown = await exporting.exports.show(OPERATOR, workspace, id)
      if (shown.status === 'done') return shown
      if (shown.status === 'failed') throw failure(shown.error ?? 'for an unknown reason')
      progress.update(Math.floor(shown.progress * 100), 100)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  } finally {
    await workers[Symbol.asyncDispose]()
  }
}

/** Tampering found is the answer "no", with its own exit code. */
function failure(reason: string): TrailsealError {
  const code = reason.endsWith('[tampered]') ? 'tampered' : 'bad_request'
  return new TrailsealError(code, `The export failed: ${reason}`)
}

/** Renamed into its place, so that a file of this name is always whole. */
async function save(
  exports: Exports,
  { workspace, id }: ShownExport,
  file: 'file' | 'manifest' | 'proof',
  path: string,
): Promise<void> {
  const { body } = await exports.open(OPERATOR, workspace, id, file)
  const unfinished = `${path}.part`
  try {
    await pipeline(body, createWriteStream(unfinished))
    await rename(unfinished, path)
  } catch (cause) {
    await rm(unfinished, { force: true })
    throw new TrailsealError('bad_input_file', `${path} can't be written.`, { cause })
  }
}
