/**
 * Prints the examples of docs/format.md, made by the product's own code:
 *
 *     npx node examples/format.ts
 *
 * A log of two entries with fixed salts, signed with the key of RFC 8032 §7.1 test 1.
 */
import { createPrivateKey, createPublicKey, hash, sign } from 'node:crypto'
import { canonicalParts, sealEntry } from '../src/event/entry.ts'
import { exportManifest, signedManifestText } from '../src/export/manifest/manifest.ts'
import { exportProof } from '../src/export/proof/export-proof.ts'
import { prepareEvent } from '../src/ingest/prepare/prepare-event.ts'
import { documentOf } from '../src/projection/projector.ts'
import { parseEntry } from '../src/event/entry.ts'
import { parseQuery } from '../src/search/query-parser.ts'
import { printQuery } from '../src/search/query-printer.ts'
import { normalise } from '../src/search/tokenizer.ts'
import { formatCheckpointText } from '../src/tlog/checkpoint.ts'
import { encodeBase64, encodeHex, encodeUtf8 } from '../src/tlog/encoding.ts'
import { leafHash } from '../src/tlog/leaf.ts'
import { inclusionProof } from '../src/tlog/proofs.ts'
import { formatNote, formatVkey, noteKey } from '../src/tlog/signed-note.ts'
import { encodeEntryBundle, tilePath } from '../src/tlog/tile.ts'
import { TileEdge } from '../src/tlog/tile-edge.ts'
import { formatTlogProof } from '../src/tlog/tlog-proof.ts'
import { manifestNoteText } from '../src/verify/export-manifest.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')
const log = 'audit.example.com/acme'
const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
const privateKey = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32)

function show(title: string, text: string): void {
  console.log(`== ${title}\n${text}${text.endsWith('\n') ? '' : '\n'}`)
}

const submitted = [
  {
    timestamp: '2026-11-23T13:00:00.5+01:00',
    actor: { type: 'user', id: 'u_7' },
    action: 'evidence.uploaded',
    resource: { type: 'FILE', id: 'f_9', name: 'Übersicht_v2.pdf' },
    source: { ip: '2001:db8:1:2::7', user_agent: 'curl/8.5.0' },
    metadata: { Size: 1e3, password: 'hunter2', note: 'sent with Authorization: Bearer abcDEF123456789xyz' },
  },
  {
    id: 'mine-1',
    timestamp: '2026-11-23T12:00:01Z',
    actor: { type: 'system' },
    action: 'user.login',
    resource: { type: 'USER' },
  },
]

const edge = TileEdge.empty(sha256)
const entries: Uint8Array[] = []
let prev: Uint8Array = new Uint8Array(32)
for (const [seq, each] of submitted.entries()) {
  const event = prepareEvent(each, 0, Date.UTC(2026, 10, 23, 12))
  const entry = sealEntry(canonicalParts(event), {
    ...{ id: event.id ?? `seq_${seq}`, log, seq, prev: encodeBase64(prev) },
    received_at: '2026-11-23T12:00:02.000Z',
    salt: encodeBase64(new Uint8Array(16).fill(seq + 1)),
  })
  entries.push(entry)
  prev = leafHash(entry, sha256)
  edge.append(prev)
  show(`entry ${seq}, ${entry.length} bytes`, new TextDecoder().decode(entry))
  show(`leaf hash ${seq}`, encodeBase64(prev))
}

const text = formatCheckpointText({ origin: log, size: edge.size, root: edge.root() })
const key = noteKey(log, publicKey, sha256)
const signature = sign(null, encodeUtf8(text), privateKey)
const checkpoint = formatNote(text, [{ name: log, keyId: key.keyId, signature }])
show('checkpoint', checkpoint)
show('vkey', formatVkey(key))

const tile = edge.takeChanged()[0]
if (tile === undefined) throw new Error('two entries make a tile')
show(tilePath(tile), encodeHex(tile.hashes))
show(
  `${tilePath({ level: 'entries', index: 0, width: 2 })}, first 24 bytes`,
  encodeHex(encodeEntryBundle(entries).subarray(0, 24)),
)
const hashes = await inclusionProof(0, edge.size, () => Promise.resolve(tile.hashes), sha256)
show('tlog-proof of entry 0', formatTlogProof({ index: 0, hashes, checkpoint }))

const file = Buffer.concat(entries.flatMap((entry) => [Buffer.from(entry), Buffer.from('\n')]))
const source = {
  checkpoint,
  seqs: Float64Array.of(0, 1),
  readTile: () => Promise.resolve(tile.hashes),
  sha256,
}
const proof = Buffer.concat(await Array.fromAsync(exportProof(source)))
show('export proof, range', proof.toString())
const one = await Array.fromAsync(exportProof({ ...source, seqs: Float64Array.of(1) }))
show('export proof, one entry', Buffer.concat(one).toString())
const factsOf = (bytes: Uint8Array): { size: number; sha256: string } => ({
  size: bytes.length,
  sha256: encodeHex(sha256(bytes)),
})
const manifest = exportManifest({
  context: {
    ...{
      exportId: 'exp_1',
      workspace: { id: 'acme', name: 'Acme Robotics' },
      origin: log,
      checkpoint,
      rows: 2,
    },
    ...{ requester: 'Ada Lovelace <ada@example.com> (owner)', filters: 'all events', scope: null },
    ...{ generatedAt: '2026-11-23T12:00:03.000Z', viewerUrl: 'https://audit.example.com/?workspace=acme' },
  },
  ...{ format: { name: 'ndjson', extension: 'ndjson' }, seqs: source.seqs, vkey: formatVkey(key) },
  ...{ file: factsOf(file), proof: factsOf(proof) },
})
show('text that the export is signed by', manifestNoteText(manifest, sha256))
const exportKey = noteKey(`${log}/export`, publicKey, sha256)
const signNote = (note: string): string =>
  formatNote(note, [
    { name: exportKey.name, keyId: exportKey.keyId, signature: sign(null, encodeUtf8(note), privateKey) },
  ])
show('signed manifest', await signedManifestText(manifest, { sha256, signNote }))

for (const words of [
  'Übersicht_v2.pdf',
  'a@example.com',
  'ΣΊΣΥΦΟΣ',
  'DeleteParameter',
  'arn:aws:iam::12:user/x',
])
  show(`words of ${words}`, normalise(words))
for (const query of ['risk_assessment', 'action:uploaded outcome:failure', '-draft risk*', 'action:(a OR b)'])
  show(`query ${query}`, printQuery(parseQuery(query)))
const [first = new Uint8Array()] = entries
show(
  'paths of entry 0',
  documentOf('acme', parseEntry(first)).paths.replace(
    /[\u{E000}-\u{E003}]/gu,
    (mark) => `<${mark.codePointAt(0)?.toString(16)}>`,
  ),
)
