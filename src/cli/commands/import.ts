import { createReadStream, statSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { Option, type Command } from 'commander'
import { TrailsealError } from '../../errors.ts'
import { importFormats, type ImportFormat } from '../../ingest/formats.ts'
import { importEvents, type ImportSink, type ImportSummary } from '../../ingest/import-events.ts'
import { format, Progress } from '../progress.ts'
import { print, tell, withStore, type Terminal } from './context.ts'
import { gatewaySink } from './gateway-client.ts'

interface ImportCommandOptions {
  readonly workspace: string
  readonly format: ImportFormat
  readonly url?: string
  readonly token?: string
  readonly skipInvalid?: boolean
  readonly json?: boolean
}

export function addImportCommand(program: Command, terminal: Terminal): void {
  program
    .command('import')
    .description(
      'append the events of an NDJSON file (plain, gzip or Zstandard); running it again adds nothing',
    )
    .argument('<FILE>', 'path, or - for standard input')
    .option('--workspace <WS>', 'whose log; in the local store it is made when it is not there', 'default')
    .addOption(
      new Option('--format <FORMAT>', 'what the lines are')
        .choices(Object.keys(importFormats))
        .default('trailseal'),
    )
    .option('--url <URL>', 'send to this gateway instead of the local store')
    .option('--token <TOKEN>', 'token for --url (or TRAILSEAL_TOKEN in the environment)')
    .option('--skip-invalid', 'leave out lines that are no events, and say which')
    .option('--json', 'one JSON object on standard output')
    .action(async (file: string, options: ImportCommandOptions, command: Command) => {
      // Else V8 lets the garbage of a long import grow to several times what lives.
      setFlagsFromString('--heap-growing-percent=40')
      const summary = await importInto(file, options, command, terminal)
      if (options.json === true) return print(terminal, JSON.stringify(summary))
      print(terminal, sentence(options.workspace, summary))
    })
}

async function importInto(
  file: string,
  options: ImportCommandOptions,
  command: Command,
  terminal: Terminal,
): Promise<ImportSummary> {
  // First: a file that can't be read must not leave a workspace behind.
  const input = openInput(file, terminal)
  if (options.url !== undefined) return await run(input, options, terminal, gatewaySink(options, terminal))
  return await withStore(command, terminal, async ({ administration, importSink }) => {
    const made = await administration.ensureWorkspace(options.workspace)
    if (made) tell(terminal, `made workspace ${options.workspace} on plan ${made.plan}`)
    return await run(input, options, terminal, importSink(options.workspace))
  })
}

async function run(
  input: Input,
  options: ImportCommandOptions,
  terminal: Terminal,
  sink: ImportSink,
): Promise<ImportSummary> {
  using progress = new Progress('import', 'events', { stream: terminal.stderr })
  return await importEvents({
    body: input.body,
    format: options.format,
    sink,
    skipInvalid: options.skipInvalid === true,
    onInvalid: (message) => tell(terminal, message),
    onProgress: (read) => progress.update(read, input.estimate(read)),
  })
}

interface Input {
  readonly body: AsyncIterable<Uint8Array>
  /** How many events there will be, judged by the part of the file that was read. */
  estimate(read: number): number | null
}

function openInput(file: string, terminal: Terminal): Input {
  if (file === '-') return { body: terminal.stdin as AsyncIterable<Buffer>, estimate: () => null }
  let size: number
  try {
    const facts = statSync(file)
    if (!facts.isFile()) throw new Error('it is not a file')
    size = facts.size
  } catch (cause) {
    throw new TrailsealError('bad_input_file', `${file} can't be read.`, { cause })
  }
  const stream = createReadStream(file)
  return {
    body: stream,
    estimate: (read) => (stream.bytesRead > 0 ? Math.round((read * size) / stream.bytesRead) : null),
  }
}

function sentence(workspace: string, { read, added, known, skipped, invalid }: ImportSummary): string {
  const parts = [`${format(added)} added`, `${format(known)} already there`]
  if (skipped > 0) parts.push(`${format(skipped)} not recorded by the plan`)
  if (invalid > 0) parts.push(`${format(invalid)} left out`)
  return `${workspace}: ${format(read)} events read, ${parts.join(', ')}`
}
