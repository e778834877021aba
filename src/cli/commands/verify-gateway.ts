import { sha256, verifySignature } from '../../compose.ts'
import { canonicalize } from '../../event/canonical-json.ts'
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
  readonly firstEntry: number

  constructor(client: GatewayClient, checkpoint: string, firstEntry: number) {
    this.#client = client
    this.#checkpoint = checkpoint
    this.firstEntry = firstEntry
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- read once, so that the log may grow meanwhile
  async checkpoint(): Promise<string> {
    return this.#checkpoint
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | null> {
    return await this.#client.bytes(`log/${tilePath({ level, index, width })}`)
  }

  /** Batches of the verifier are bundles: they begin at a multiple of 256. */
  async entries(first: number, count: number): Promise<readonly Uint8Array[]> {
    const bundle = await this.#client.bytes(
      `log/${tilePath({ level: 'entries', index: first / TILE_WIDTH, width: count })}`,
    )
    return bundle ? decodeEntryBundle(bundle, count) : []
  }
}

/** Verifies a whole log over HTTP, then what the search facade shows against the log. */
export async function verifyGateway(
  options: GatewayOptions & { readonly vkey: string | null },
  terminal: Terminal,
): Promise<Verdict> {
  const client = new GatewayClient(options, terminal)
  const checkpoint = await client.text('log/checkpoint')
  const { origin, size } = parseCheckpoint(checkpoint)
  const vkey = options.vkey ?? (await client.text('log/vkey')).trim()
  const firstEntry = await client.firstEntry()
  const report = await verifyLog({
    reader: new GatewayLogReader(client, checkpoint, firstEntry),
    ...{ sha256, verifySignature, origin, vkeys: [vkey] },
    onProgress: progressOn('verify log', terminal),
  })
  const index = await compareSearch(client, { firstEntry, size }, progressOn('verify search index', terminal))
  const findings = [
    ...report.findings.map((finding) => findingLine({ workspace: options.workspace, ...finding })),
    ...index,
  ]
  return {
    ok: findings.length === 0,
    checked: [
      `log ${origin}: ${format(report.checked.entries)} events and ${format(report.checked.tiles)} hash tiles under the signed checkpoint for ${format(size)} entries, root ${report.root}`,
      `search: every one of ${format(size - firstEntry)} events is found, with the content that the log has`,
      ...(firstEntry > 0
        ? [`${format(firstEntry)} older events have left the plan's window: their hashes were used`]
        : []),
    ],
    unknown:
      options.vkey === null
        ? [
            'whether the key is the right one: it came from the gateway itself; keep it, and give it with --key',
          ]
        : [],
    findings,
    report: { ...report, ok: findings.length === 0, index_findings: index },
  }
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

/** Pages through everything that a search shows, and compares it with the sequence of the log. */
async function compareSearch(
  client: GatewayClient,
  { firstEntry, size }: { firstEntry: number; size: number },
  onProgress: (done: number, total: number) => void,
): Promise<string[]> {
  const seen = new Uint8Array(size)
  const findings: string[] = []
  let done = 0
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: ListedPage = await client.json(
      `events?order=asc&limit=1000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    for (const event of page.events) {
      // What was appended since the checkpoint was read is not judged.
      if (event.seq >= size) continue
      if (event.tampered === true || hashOf(event) !== event.leaf_hash)
        findings.push(`search #${event.seq}: The event that is shown is not the one in the log.`)
      if (seen[event.seq] === 1) findings.push(`search #${event.seq}: The event is shown twice.`)
      seen[event.seq] = 1
    }
    done += page.events.length
    onProgress(done, size - firstEntry)
    cursor = page.next_cursor
  }
  for (let seq = firstEntry; seq < size && findings.length < MOST_FINDINGS; seq++)
    if (seen[seq] === 0) findings.push(`search #${seq}: The search does not show this event.`)
  return findings.slice(0, MOST_FINDINGS)
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
