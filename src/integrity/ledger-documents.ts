import { parseTilePath } from '../tlog/tile.ts'
import type { StoreFinding } from './store-report.ts'

/** A ledger that is made of documents with names, any of which somebody may change, remove or add: it can name them. */
export interface LedgerDocuments {
  /** Workspaces of which there are documents, also where no head leads to them. */
  workspaces(): Promise<readonly string[]>
  /** What is wrong with the documents of one log. At most 100. */
  check(workspace: string, onProgress: (entries: number) => void): Promise<readonly DocumentFinding[]>
  /** Documents of no log. At most 100. */
  strays(): Promise<readonly DocumentFinding[]>
  /** What holds an entry, a tile, or else the head. */
  nameOf(
    workspace: string,
    part: { readonly seq?: number; readonly tile?: { readonly level: number; readonly index: number } },
  ): Promise<string>
}

type DocumentFinding = Pick<StoreFinding, 'what' | 'seq' | 'document' | 'message'>

/** The findings of one log with the names of the documents that they are about, and those that only its documents show. */
export async function namedFindings(
  documents: LedgerDocuments,
  workspace: string,
  findings: readonly StoreFinding[],
  onProgress: (entries: number) => void,
): Promise<StoreFinding[]> {
  const named: StoreFinding[] = []
  for (const finding of findings) named.push(await withName(documents, workspace, finding))
  for (const finding of await documents.check(workspace, onProgress)) named.push({ workspace, ...finding })
  return named
}

async function withName(
  documents: LedgerDocuments,
  workspace: string,
  finding: StoreFinding,
): Promise<StoreFinding> {
  const { what, seq, tile } = finding
  try {
    const document = await documents.nameOf(workspace, {
      ...(seq === undefined || what !== 'entry' ? {} : { seq }),
      ...(tile === undefined ? {} : { tile: addressOf(tile) }),
    })
    return { ...finding, document }
  } catch {
    // A finding without a name is one all the same.
    return finding
  }
}

function addressOf(path: string): { level: number; index: number } {
  const { level, index } = parseTilePath(path)
  return { level: level === 'entries' ? 0 : level, index }
}
