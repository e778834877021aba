import type { BulkItem } from '../../drivers/elasticsearch/bulk.ts'
import type { StoredDocument } from '../../drivers/elasticsearch/answers.ts'
import type { Elasticsearch } from '../../drivers/elasticsearch/elasticsearch.ts'
import type { TokenRecord, VerificationRun, Workspace, WorkspaceStore } from '../workspace-store.ts'

type TokenSource = Omit<TokenRecord, 'hash'> & { readonly hash: string }

/** Of all documents of a kind, more than any installation has; beyond, listing goes on page by page. */
const PAGE = 1000
/** Somebody else writes the same document at the same moment: seldom even once. */
const MOST_CONFLICTS = 20

/**
 * Workspaces and tokens in one small index. Single documents are read by realtime GET, so a token works on every gateway from
 * the moment it is made; lists come from a search, and writes wait until searches see them.
 *
 * Two documents a token: its record by id, and its id by hash. The latter alone, left by a crash, stands for nothing.
 */
export class ElasticsearchWorkspaceStore implements WorkspaceStore {
  readonly #elasticsearch: Elasticsearch
  readonly #index: string

  constructor({ elasticsearch, prefix }: { readonly elasticsearch: Elasticsearch; readonly prefix: string }) {
    this.#elasticsearch = elasticsearch
    this.#index = `${prefix}-workspaces`
  }

  async workspace(id: string): Promise<Workspace | null> {
    return (await this.#get<{ value: Workspace }>(`workspace:${id}`))?.source.value ?? null
  }

  async workspaces(): Promise<readonly Workspace[]> {
    return (await this.#list([{ term: { kind: 'workspace' } }])) as Workspace[]
  }

  async putWorkspace(workspace: Workspace): Promise<void> {
    await this.#change(`workspace:${workspace.id}`, (existing) => ({
      ...{ kind: 'workspace', id: workspace.id, workspace: workspace.id },
      value: { ...workspace, createdAt: (existing as Workspace | null)?.createdAt ?? workspace.createdAt },
    }))
  }

  async addToken(token: TokenRecord): Promise<void> {
    const hash = Buffer.from(token.hash).toString('hex')
    if (
      (await this.#create(`hash:${hash}`, { kind: 'hash', value: { tokenId: token.tokenId } })) === 'exists'
    ) {
      // Ours when an earlier attempt died after it.
      const owner = await this.#get<{ value: { tokenId: string } }>(`hash:${hash}`)
      if (owner?.source.value.tokenId !== token.tokenId) return
    }
    const value: TokenSource = { ...token, hash }
    const { tokenId: id, workspace } = token
    await this.#create(`token:${id}`, {
      kind: 'token',
      id,
      ...(workspace === null ? {} : { workspace }),
      value,
    })
  }

  async tokenByHash(hash: Uint8Array): Promise<TokenRecord | null> {
    const text = Buffer.from(hash).toString('hex')
    const owner = await this.#get<{ value: { tokenId: string } }>(`hash:${text}`)
    const token = owner && (await this.token(owner.source.value.tokenId))
    return token && Buffer.compare(token.hash, hash) === 0 ? token : null
  }

  async token(id: string): Promise<TokenRecord | null> {
    const found = await this.#get<{ value: TokenSource }>(`token:${id}`)
    return found && tokenRecord(found.source.value)
  }

  async tokens(workspace: string | null): Promise<readonly TokenRecord[]> {
    const only = workspace === null ? [] : [{ term: { workspace } }]
    const found = (await this.#list([{ term: { kind: 'token' } }, ...only])) as TokenSource[]
    return found.map(tokenRecord)
  }

  async revokeToken(id: string, at: string): Promise<boolean> {
    return await this.#change(`token:${id}`, (existing, document) => {
      const token = existing as TokenSource | null
      return token === null || token.revokedAt !== null
        ? null
        : { ...document, value: { ...token, revokedAt: at } }
    })
  }

  async verificationRun(workspace: string): Promise<VerificationRun | null> {
    return (await this.#get<{ value: VerificationRun }>(`run:${workspace}`))?.source.value ?? null
  }

  async putVerificationRun(workspace: string, run: VerificationRun): Promise<void> {
    await this.#change(`run:${workspace}`, () => ({ kind: 'run', workspace, value: run }))
  }

  async #get<Source>(id: string): Promise<StoredDocument<Source> | null> {
    return await this.#elasticsearch.get<Source>({ index: this.#index, id })
  }

  async #create(id: string, document: object): Promise<'created' | 'exists'> {
    return (await this.#write({ action: 'create' }, id, document)) ? 'created' : 'exists'
  }

  /**
   * Replaces a document by what becomes of it, again from its newest version when somebody was faster. `null` leaves it as it
   * is. True when it was written.
   */
  async #change(id: string, change: (value: unknown, document: object) => object | null): Promise<boolean> {
    for (let conflicts = 0; ; conflicts++) {
      const found = await this.#get<{ value: unknown }>(id)
      const changed = change(found?.source.value ?? null, found?.source ?? {})
      if (changed === null) return false
      const operation = found ? { action: 'index' as const, fence: found } : { action: 'create' as const }
      if (await this.#write(operation, id, changed, conflicts === MOST_CONFLICTS)) return true
    }
  }

  /** False where the document exists or has changed meanwhile. */
  async #write(
    operation: { action: 'create' } | { action: 'index'; fence: { seqNo: number; primaryTerm: number } },
    id: string,
    document: object,
    isLast = false,
  ): Promise<boolean> {
    const source = JSON.stringify(document)
    const [item] = await this.#elasticsearch.bulk([{ ...operation, index: this.#index, id, source }], {
      refresh: true,
    })
    if (item?.status === 200 || item?.status === 201) return true
    if (item?.status === 409 && !isLast) return false
    throw this.#elasticsearch.refusedItem(item ?? NO_ANSWER)
  }

  async #list(filter: readonly object[]): Promise<unknown[]> {
    const values: unknown[] = []
    for (let after: readonly unknown[] = ['']; ;) {
      const { hits } = await this.#elasticsearch.search<{ value: unknown }>(this.#index, {
        query: { bool: { filter } },
        sort: [{ id: 'asc' }],
        search_after: after,
        size: PAGE,
        track_total_hits: false,
      })
      for (const { source } of hits) values.push(source.value)
      const last = hits.at(-1)
      if (!last || hits.length < PAGE) return values
      after = last.sort
    }
  }
}

const NO_ANSWER: BulkItem = { status: 500, index: '', seqNo: -1, primaryTerm: -1, error: null }

function tokenRecord(source: TokenSource): TokenRecord {
  return { ...source, hash: new Uint8Array(Buffer.from(source.hash, 'hex')) }
}
