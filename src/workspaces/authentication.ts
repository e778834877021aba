import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { TrailsealError } from '../errors.ts'
import { Recent } from './recent.ts'
import type { Principal, TokenRecord, WorkspaceStore } from './workspace-store.ts'

/** Longer texts are nobody's token: they are refused before anything is hashed. */
const LONGEST_TOKEN = 512

/** `ts_` and 32 random bytes in base64url. The prefix lets secret scanners find a leaked one. */
export function newTokenText(): string {
  return `ts_${randomBytes(32).toString('base64url')}`
}

export function tokenHash(text: string): Uint8Array {
  return createHash('sha256').update(text, 'utf8').digest()
}

/**
 * Who presents this token? Tokens are compared by their SHA-256 in constant time; whoever may not enter gets the
 * same answer whatever the reason.
 *
 * Errors: `unauthenticated`, `store_unavailable`.
 */
export class Authentication {
  readonly #store: WorkspaceStore
  readonly #clock: Clock
  readonly #byHash: Recent<TokenRecord>
  readonly #byId: Recent<TokenRecord>

  constructor({ store, clock }: { store: WorkspaceStore; clock: Clock }) {
    this.#store = store
    this.#clock = clock
    this.#byHash = new Recent(clock)
    this.#byId = new Recent(clock)
  }

  async byText(text: string): Promise<Principal> {
    if (text.length === 0 || text.length > LONGEST_TOKEN) throw unauthenticated()
    const hash = tokenHash(text)
    const record = await this.#byHash.get(Buffer.from(hash).toString('hex'), () =>
      this.#store.tokenByHash(hash),
    )
    if (!record || !timingSafeEqual(record.hash, hash)) throw unauthenticated()
    return this.#admit(record)
  }

  /** For sessions, which hold the token's id under a signature. */
  async byId(id: string): Promise<Principal> {
    const record = await this.#byId.get(id, () => this.#store.token(id))
    if (!record) throw unauthenticated()
    return this.#admit(record)
  }

  /** After a change of our own. */
  forget(): void {
    this.#byHash.forget()
    this.#byId.forget()
  }

  #admit(record: TokenRecord): Principal {
    if (!isUsable(record, this.#clock.now())) throw unauthenticated()
    const { tokenId, role, workspace, member, scope } = record
    return { tokenId, role, workspace, member, scope }
  }
}

export function isUsable(record: TokenRecord, nowMs: number): boolean {
  return record.revokedAt === null && (record.expiresAt === null || nowMs < Date.parse(record.expiresAt))
}

function unauthenticated(): TrailsealError {
  return new TrailsealError('unauthenticated', 'The token is missing, unknown, expired or revoked.')
}
