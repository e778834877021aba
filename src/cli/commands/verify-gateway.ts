import { sha256, verifySignature } from '../../compose.ts'
import { canonicalize } from '../../event/canonical-json.ts'
import { TrailsealError } from '../../errors.ts'
import { parseCheckpoint } from '../../tlog/checkpoint.ts'
import { encodeBase64, encodeUtf8 } from '../../tlog/encoding.ts'
import { leafHash } from '../../tlog/leaf.ts'
import { decodeEntryBundle, TILE_WIDTH, tilePath } from '../../tlog/tile.ts'
import type { LogReader } from '../../verify/log-reader.ts'
import { verifyLog } from '../../verify/verify-log.ts'
import { format, Progress } from '../progress.ts'
import type { Terminal } from './context.ts'
import { GatewayClient, type GatewayOptions } from './gateway-client.ts'
import { findingLine, type Verdict } from './verdict.ts'

/** The log of one workspace over HTTP (C2SP tlog-tiles). */
class GatewayLogReader implements LogReader {
  readonly #client: GatewayClient
  readonly #checkpoint: string
  /** Of bundles that can't be read whole: the first entry that is missing, by the bundle's index. */
  readonly #missing = new Map<number, number>()
  /** A bundle is given whole or not at all: this is where the first whole one begins. */
  readonly firstEntry: number

  constructor(client: GatewayClient, checkpoint: string, firstShown: number) {
    this.#client = client
    this.#checkpoint = checkpoint
    this.firstEntry = Math.ceil(firstShown / TILE_WIDTH) * TILE_WIDTH
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- read once, so that the log may grow meanwhile
  async checkpoint(): Promise<string> {
    return this.#checkpoint
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    return await this.#client.bytes(`log/${tilePath({ level, index, width })}`)
  }

  /** Batches of the verifier are bundles. Of one that lacks an entry, those before it are given. */
  async entries(first: number, count: number): Promise<readonly (Uint8Array | null)[]> {
    const index = Math.floor(first / TILE_WIDTH)
    const start = index * TILE_WIDTH
    const width = first - start + count
    const whole = await this.#bundle(index, width)
    if (whole) return whole.slice(first - start)
    const found = await this.#readable(index, width)
    this.#missing.set(index, start + found.length)
    return Array.from({ length: count }, (_, at) => found[first - start + at] ?? null)
  }

  isOutOfReach(seq: number): boolean {
    return seq > (this.#missing.get(Math.floor(seq / TILE_WIDTH)) ?? Number.MAX_SAFE_INTEGER)
  }

  async #bundle(index: number, width: number): Promise<readonly Uint8Array[] | null> {
    const bundle = await this.#client.bytes(`log/${tilePath({ level: 'entries', index, width })}`)
    return bundle && decodeEntryBundle(bundle, width)
  }

  /** The longest beginning of a bundle, by bisection: an older checkpoint has it narrower, so gateways give it narrower. */
  async #readable(index: number, width: number): Promise<readonly Uint8Array[]> {
    let found: readonly Uint8Array[] = []
    for (let missing = width; missing - found.length > 1;) {
      const middle = Math.floor((found.length + missing) / 2)
      const entries = await this.#bundle(index, middle)
      if (entries) found = entries
      else missing = middle
    }
    return found
  }
}

/** Verifies a whole log over HTTP, then what the search facade shows against the log. */
export async function verifyGateway(
  options: GatewayOptions & { readonly workspace: string; readonly vkey: string | null },
  terminal: Terminal,
): Promise<Verdict> {
  const client = new GatewayClient(options, terminal)
  const checkpoint = await readCheckpoint(client)
  if (checkpoint === null) return headless(options.workspace)
  const { origin, size } = parseCheckpoint(checkpoint)
  const vkey = options.vkey ?? (await client.text('log/vkey')).trim()
  const head = await client.json<Integrity>('integrity')
  const firstEntry = head.first_seq ?? 0
  const log = await verifyLog({
    reader: new GatewayLogReader(client, checkpoint, firstEntry),
    ...{ sha256, verifySignature, origin, vkeys: [vkey] },
    onProgress: progressOn('verify log', terminal),
  })
  const index = await compareSearch(client, { firstEntry, size }, progressOn('verify search index', terminal))
  const findings = [
    ...[...log.findings, ...compareHead(head)].map((finding) =>
      findingLine({ workspace: options.workspace, ...finding }),
    ),
    ...index,
  ]
  return {
    ok: findings.length === 0,
    checked: [
      `log ${origin}: ${format(log.checked.entries)} events and ${format(log.checked.tiles)} hash tiles under the signed checkpoint for ${format(size)} entries, root ${log.root}`,
      `search: ${format(Math.max(0, size - firstEntry))} events looked for, and compared with the content that the log has`,
      ...(firstEntry > 0
        ? [`${format(firstEntry)} older events have left the plan's window: their hashes were used`]
        : []),
    ],
    unknown: [
      ...(options.vkey === null
        ? [
            'whether the key is the right one: it came from the gateway itself; keep it, and give it with --key',
          ]
        : []),
      'what no answer of the gateway shows: words, filters and facets of its index, documents beside the logs; verify --url URL --store has the gateway compare them',
    ],
    findings,
    report: { ...log, ok: findings.length === 0, index_findings: index },
  }
}

/** Null where there is none, though a search shows events. Errors: `not_found` for a log without entries. */
async function readCheckpoint(client: GatewayClient): Promise<string | null> {
  try {
    return await client.text('log/checkpoint')
  } catch (error) {
    if (!(error instanceof TrailsealError) || error.code !== 'not_found') throw error
    const { events } = await client.json<ListedPage>('events?limit=1')
    if (events.length === 0) throw error
    return null
  }
}

function headless(workspace: string): Verdict {
  const message = 'The log says that it has no entry, and a search shows some: the head of the log was lost.'
  const findings = [findingLine({ workspace, what: 'head', message })]
  return { ok: false, checked: [], unknown: [], findings, report: { ok: false, findings } }
}

/** What the gateway says of the log beside its checkpoint. */
interface Integrity {
  readonly first_seq?: number
  readonly size: number
  readonly root: string
  readonly checkpoint: string
}

/** The head of the store against the checkpoint that was made with it. */
function compareHead({ size, root, checkpoint }: Integrity): { what: 'head'; message: string }[] {
  const signed = parseCheckpoint(checkpoint)
  const finding = (part: string) => ({
    ...{ what: 'head' as const, message: `The head of the store has another ${part} than its checkpoint.` },
  })
  return [
    ...(signed.size === size ? [] : [finding('size')]),
    ...(encodeBase64(signed.root) === root ? [] : [finding('root')]),
  ]
}

interface Listed {
  readonly seq: number
  readonly leaf_hash: string
  readonly tampered?: true
}

interface ListedPage {
  readonly events: readonly Listed[]
  readonly next_cursor: string | null
}

const MOST_FINDINGS = 100
const CHANGED = 'The event that is shown is not the one in the log.'
const TWICE = 'The event is shown twice.'
const ABSENT = 'The search does not show this event.'

/** Pages through everything that a search shows, and compares it with the sequence of the log. */
async function compareSearch(
  client: GatewayClient,
  { firstEntry, size }: { firstEntry: number; size: number },
  onProgress: (done: number, total: number) => void,
): Promise<string[]> {
  const shown = new Uint8Array(size)
  const changed = new Uint8Array(size)
  const beyond: string[] = []
  let done = 0
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: ListedPage = await client.json(
      `events?order=asc&limit=1000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    for (const event of page.events) {
      const isChanged = event.tampered === true || hashOf(event) !== event.leaf_hash
      const times = shown[event.seq]
      // What was appended since the checkpoint was read is not looked for; what never was is no event of the log.
      if (times === undefined) {
        if (isChanged && beyond.length < MOST_FINDINGS) beyond.push(`search #${event.seq}: ${CHANGED}`)
        continue
      }
      if (isChanged) changed[event.seq] = 1
      shown[event.seq] = Math.min(times + 1, 2)
    }
    done += page.events.length
    onProgress(done, size - firstEntry)
    cursor = page.next_cursor
  }
  return [
    ...runs(size, (seq) => changed[seq] === 1, CHANGED),
    ...runs(size, (seq) => shown[seq] === 2, TWICE),
    ...runs(size, (seq) => seq >= firstEntry && shown[seq] === 0, ABSENT),
    ...beyond,
  ].slice(0, MOST_FINDINGS)
}

/** A finding for neighbours of which the same is wrong: a lost tile must not hide what else there is. */
function runs(size: number, isWrong: (seq: number) => boolean, message: string): string[] {
  const findings: string[] = []
  for (let seq = 0; seq < size && findings.length < MOST_FINDINGS; seq++) {
    if (!isWrong(seq)) continue
    const first = seq
    while (seq + 1 < size && isWrong(seq + 1)) seq++
    const place = first === seq ? `#${first}` : `#${first} to #${seq}, each`
    findings.push(`search ${place}: ${message}`)
  }
  return findings
}

function hashOf(event: Listed): string {
  const entry: Record<string, unknown> = { ...event }
  delete entry['leaf_hash']
  delete entry['tampered']
  return encodeBase64(leafHash(encodeUtf8(canonicalize(entry)), sha256))
}

function progressOn(label: string, terminal: Terminal): (done: number, total: number) => void {
  const progress = new Progress(label, 'events', { stream: terminal.stderr })
  return (done, total) => {
    progress.update(done, total)
    if (done >= total) progress[Symbol.dispose]()
  }
}
