import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { TokenRecord, Workspace, WorkspaceStore } from '../../src/workspaces/workspace-store.ts'

export interface OpenStore {
  readonly store: WorkspaceStore
  /** The same data again, as another process would see it. */
  reopen(): Promise<WorkspaceStore>
  close(): Promise<void>
}

const workspace: Workspace = {
  id: 'acme',
  name: 'Acme — Zürich',
  plan: 'command',
  dashboard: 'members',
  createdAt: '2026-11-23T12:00:00.000Z',
}

const token: TokenRecord = {
  tokenId: 'tok_1',
  hash: Uint8Array.from({ length: 32 }, (_, index) => index),
  role: 'auditor',
  workspace: 'acme',
  member: { id: 'u_1', email: 'a@example.com' },
  scope: { q: 'category:evidence', from: '2026-01-01T00:00:00Z' },
  createdAt: '2026-11-23T12:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
}

/** What every adapter of the port WorkspaceStore has to do. */
export function workspaceStoreContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`workspace store: ${name}`, () => {
    let opened: OpenStore
    beforeEach(async () => {
      opened = await open()
    })
    afterEach(() => opened.close())

    test('an empty store knows nobody', async () => {
      const { store } = opened
      expect(await store.workspace('acme')).toBeNull()
      expect(await store.workspaces()).toEqual([])
      expect(await store.token('tok_1')).toBeNull()
      expect(await store.tokenByHash(token.hash)).toBeNull()
      expect(await store.verificationRun('acme')).toBeNull()
      expect(await store.revokeToken('tok_1', '2026-11-23T12:00:00.000Z')).toBe(false)
    })

    test('the last write of a workspace wins and keeps when it was created', async () => {
      await opened.store.putWorkspace(workspace)
      await opened.store.putWorkspace({
        ...workspace,
        plan: 'starter',
        dashboard: 'owners',
        createdAt: '2027-01-01T00:00:00.000Z',
      })
      const store = await opened.reopen()
      expect(await store.workspace('acme')).toEqual({ ...workspace, plan: 'starter', dashboard: 'owners' })
    })

    test('workspaces are listed by id', async () => {
      for (const id of ['b', 'a', 'c']) await opened.store.putWorkspace({ ...workspace, id })
      expect((await opened.store.workspaces()).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    })

    test('a token comes back whole, by id and by hash, in another process too', async () => {
      await opened.store.addToken(token)
      const store = await opened.reopen()
      expect(await store.token('tok_1')).toEqual(token)
      expect(await store.tokenByHash(token.hash)).toEqual(token)
    })

    test.each([
      ['id', { ...token, hash: new Uint8Array(32), role: 'owner' as const }],
      ['hash', { ...token, tokenId: 'tok_2', role: 'owner' as const }],
    ])('a token whose %s exists replaces nothing', async (_, second) => {
      await opened.store.addToken(token)
      await opened.store.addToken(second)
      expect(await opened.store.tokens(null)).toEqual([token])
    })

    test('tokens of one workspace, or of all', async () => {
      const others = [
        { ...token, tokenId: 'tok_2', hash: new Uint8Array(32).fill(2), workspace: 'other' },
        {
          ...token,
          tokenId: 'tok_3',
          hash: new Uint8Array(32).fill(3),
          role: 'admin' as const,
          workspace: null,
        },
      ]
      for (const each of [token, ...others]) await opened.store.addToken(each)
      expect((await opened.store.tokens('acme')).map(({ tokenId }) => tokenId)).toEqual(['tok_1'])
      expect((await opened.store.tokens(null)).map(({ tokenId }) => tokenId)).toEqual([
        'tok_1',
        'tok_2',
        'tok_3',
      ])
    })

    test('a token is revoked once, and stays readable', async () => {
      await opened.store.addToken(token)
      expect(await opened.store.revokeToken('tok_1', '2026-11-24T00:00:00.000Z')).toBe(true)
      expect(await opened.store.revokeToken('tok_1', '2026-11-25T00:00:00.000Z')).toBe(false)
      expect(await opened.store.tokenByHash(token.hash)).toEqual({
        ...token,
        revokedAt: '2026-11-24T00:00:00.000Z',
      })
    })

    test('the last verification run of a workspace is kept', async () => {
      const run = { at: '2026-11-23T12:00:00.000Z', result: 'ok' as const, size: 3, message: 'fine' }
      await opened.store.putVerificationRun('acme', run)
      await opened.store.putVerificationRun('acme', { ...run, result: 'failed', size: 4 })
      expect(await opened.store.verificationRun('acme')).toEqual({ ...run, result: 'failed', size: 4 })
    })
  })
}
