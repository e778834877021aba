/**
 * Checks that the log of today still begins with all that a checkpoint kept elsewhere covers: what even a thief of the
 * signing key can't fake. Keep one from time to time, on a machine that the operator of Trailseal doesn't run:
 *
 *     curl -s $URL/v1/workspaces/default/log/checkpoint -H "Authorization: Bearer $TOKEN" > kept.checkpoint
 *     curl -s $URL/v1/workspaces/default/log/vkey -H "Authorization: Bearer $TOKEN" > default.vkey
 *     TRAILSEAL_TOKEN=… npx node examples/compare-checkpoint.ts kept.checkpoint default.vkey
 */
import { createPublicKey, hash, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { openCheckpoint } from '../src/tlog/checkpoint.ts'
import { consistencyProof, verifyConsistency } from '../src/tlog/proofs.ts'
import { parseVkey } from '../src/tlog/signed-note.ts'
import { tilePath } from '../src/tlog/tile.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')
const verifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const x = Buffer.from(publicKey).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, message, key, signature)
}
const [keptFile = 'kept.checkpoint', keyFile = 'default.vkey'] = process.argv.slice(2)
const base = `${process.env['TRAILSEAL_URL'] ?? 'http://localhost:8787'}/v1/workspaces/${process.env['TRAILSEAL_WORKSPACE'] ?? 'default'}/log`

async function read(path: string): Promise<Uint8Array> {
  const headers = { authorization: `Bearer ${process.env['TRAILSEAL_TOKEN'] ?? ''}` }
  const response = await fetch(`${base}/${path}`, { headers })
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
  return new Uint8Array(await response.arrayBuffer())
}

const keys = [parseVkey(readFileSync(keyFile, 'utf8').trim(), sha256)]
const kept = await openCheckpoint(readFileSync(keptFile, 'utf8'), { keys, verifySignature })
const note = new TextDecoder().decode(await read('checkpoint'))
const today = await openCheckpoint(note, { keys, verifySignature, origin: kept.origin })
if (today.size < kept.size) throw new Error(`The log had ${kept.size} entries and has ${today.size} today.`)

const readTile = (level: number, index: number, width: number) => read(tilePath({ level, index, width }))
const proof = await consistencyProof(kept.size, today.size, readTile, sha256)
// Throws `tampered` when today's log does not begin with the kept one.
verifyConsistency(
  { oldSize: kept.size, oldRoot: kept.root, newSize: today.size, newRoot: today.root, proof },
  sha256,
)
console.log(`ok: the ${today.size} entries of today begin with the ${kept.size} of the kept checkpoint`)
