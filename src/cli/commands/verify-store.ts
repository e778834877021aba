import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { TrailsealError } from '../../errors.ts'
import type { StoreReport } from '../../integrity/store-report.ts'
import type { OnStoreProgress } from '../../integrity/store-verification.ts'
import { counted, format, Progress } from '../progress.ts'
import { configOf, withStore, type Terminal } from './context.ts'
import { GatewayClient, type GatewayOptions } from './gateway-client.ts'
import { findingLine, type Verdict } from './verdict.ts'

/** The configured store, read by this process. */
export async function verifyStore(command: Command, terminal: Terminal): Promise<Verdict> {
  const { file, kind } = configOf(command, terminal).store
  // To open the store would make an empty one, in which nothing is wrong.
  if (kind === 'sqlite' && !existsSync(file))
    throw new TrailsealError(
      'bad_input_file',
      `There is no store at ${file}: it was removed, or TRAILSEAL_DATA_DIR names another directory.`,
    )
  using steps = new Steps(terminal)
  const report = await withStore(command, terminal, ({ verification }) => verification.verify(steps.show))
  return storeVerdict(report, [])
}

/** What a gateway finds in the store that it works on. */
export async function verifyStoreOf(options: GatewayOptions, terminal: Terminal): Promise<Verdict> {
  const client = new GatewayClient(options, terminal)
  const response = await client.request('verifications', { method: 'POST' })
  using steps = new Steps(terminal)
  return storeVerdict(await reportOf(response, steps.show), [
    'whether the gateway tells the truth: this is what it found; verify --url URL --workspace WS computes the hashes here',
  ])
}

interface Line {
  readonly progress?: { readonly step: string; readonly done: number; readonly total: number | null }
  readonly report?: StoreReport
  readonly problem?: { readonly detail?: string }
}

async function reportOf(response: Response, onProgress: OnStoreProgress): Promise<StoreReport> {
  const unfinished = (why: string, cause: unknown = null) =>
    new TrailsealError('unreachable', `The gateway could not finish: ${why}`, { cause })
  try {
    const input = response.body ? Readable.fromWeb(response.body) : Readable.from([])
    for await (const text of createInterface({ input })) {
      const { progress, report, problem } = JSON.parse(text) as Line
      if (progress) onProgress(progress.step, progress.done, progress.total)
      if (problem) throw unfinished(problem.detail ?? 'it did not say why.')
      if (report) return report
    }
  } catch (error) {
    throw error instanceof TrailsealError ? error : unfinished('the connection broke.', error)
  }
  throw unfinished('its answer ended early.')
}

/** A bar a step. */
class Steps implements Disposable {
  readonly #terminal: Terminal
  #step = ''
  #progress: Progress | null = null

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  readonly show: OnStoreProgress = (step, done, total) => {
    if (step !== this.#step) {
      this[Symbol.dispose]()
      const unit = step.endsWith('words') ? 'words' : 'events'
      this.#progress = new Progress(`verify ${step}`, unit, { stream: this.#terminal.stderr })
      this.#step = step
    }
    this.#progress?.update(done, total)
  };

  [Symbol.dispose](): void {
    this.#progress?.[Symbol.dispose]()
  }
}

function storeVerdict(report: StoreReport, unknown: readonly string[]): Verdict {
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
      ...unknown,
    ],
    findings: report.findings.map(findingLine),
    report,
  }
}
