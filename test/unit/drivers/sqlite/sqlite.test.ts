import { describe, expect, test } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Sqlite } from '../../../../src/drivers/sqlite/sqlite.ts'
import {
  SqliteWorkspaceStore,
  workspaceModule,
} from '../../../../src/workspaces/sqlite/sqlite-workspace-store.ts'
import type { Workspace } from '../../../../src/workspaces/workspace-store.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

const ACME: Workspace = {
  id: 'acme',
  name: 'Acme',
  plan: 'command',
  dashboard: 'members',
  createdAt: '2026-01-01T00:00:00.000Z',
}

describe('SQLite in threads', () => {
  test('a frozen store shows one moment while others write, and takes no writes', async () => {
    using directory = temporaryDirectory()
    const options = { file: join(directory.path, 'x.sqlite'), modules: [workspaceModule] }
    await using sqlite = await Sqlite.open(options)
    const store = new SqliteWorkspaceStore(sqlite)
    await store.putWorkspace(ACME)
    {
      await using frozen = await Sqlite.openFrozen(options)
      const before = new SqliteWorkspaceStore(frozen)
      await store.putWorkspace({ ...ACME, id: 'beta' })
      expect(await store.workspaces()).toHaveLength(2)
      expect(await before.workspaces()).toEqual([ACME])
      await expect(before.putWorkspace(ACME)).rejects.toMatchObject({ code: 'store_unavailable' })
    }
    await using later = await Sqlite.openFrozen(options)
    expect(await new SqliteWorkspaceStore(later).workspaces()).toHaveLength(2)
  })

  test('calls of one write are all made or none', async () => {
    using directory = temporaryDirectory()
    await using sqlite = await Sqlite.open({
      file: join(directory.path, 'x.sqlite'),
      modules: [workspaceModule],
    })
    const { createdAt, ...same } = ACME
    const put = { procedure: 'workspaces.put', argument: { ...same, created_at: createdAt } }
    await expect(sqlite.write([put, { procedure: 'nobody.knows', argument: null }])).rejects.toMatchObject({
      code: 'internal',
    })
    expect(await new SqliteWorkspaceStore(sqlite).workspaces()).toEqual([])
    await sqlite.write([put])
    expect(await new SqliteWorkspaceStore(sqlite).workspaces()).toEqual([ACME])
  })

  test.each([
    [
      'no database',
      (path: string) => (writeFileSync(path, 'x'.repeat(5_000)), path),
      /not a SQLite database/,
    ],
    ['a directory that is not there', (path: string) => join(path, 'missing', 'x'), /could not be opened/],
  ])(
    '%s is store_unavailable with a sentence, and every caller hears it',
    async (_name, pathOf, sentence) => {
      using directory = temporaryDirectory()
      const file = pathOf(join(directory.path, 'x.sqlite'))
      const unavailable = expect.objectContaining({
        code: 'store_unavailable',
        message: expect.stringMatching(sentence) as unknown,
      })
      await expect(Sqlite.open({ file, modules: [workspaceModule] })).rejects.toEqual(unavailable)
      await expect(Sqlite.openFrozen({ file, modules: [workspaceModule] })).rejects.toEqual(unavailable)
    },
  )

  test('after it is closed a caller is told so', async () => {
    using directory = temporaryDirectory()
    const sqlite = await Sqlite.open({ file: join(directory.path, 'x.sqlite'), modules: [workspaceModule] })
    const store = new SqliteWorkspaceStore(sqlite)
    await sqlite[Symbol.asyncDispose]()
    await expect(store.workspaces()).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(store.putWorkspace(ACME)).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
