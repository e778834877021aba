/** One thing that is wrong with an export. */
export interface ExportFinding {
  readonly what: 'manifest' | 'checkpoint' | 'file' | 'row' | 'proof' | 'signature'
  /** Row of the file, from 1. */
  readonly row?: number
  readonly seq?: number
  readonly message: string
}

export interface ExportReport {
  /** Nothing was found. */
  readonly ok: boolean
  readonly export_id: string
  readonly origin: string
  readonly format: string
  readonly rows: number
  /** The key that everything was checked with, and whether whoever verifies gave it. */
  readonly key: { readonly vkey: string; readonly given: boolean }
  /** What the proof covers, where it was checked; entries left out are those of the range that the export does not have. */
  readonly range: { readonly first: number; readonly count: number; readonly left_out: number } | null
  /** Sentences. */
  readonly checked: readonly string[]
  readonly unknown: readonly string[]
  /** Of rows the first 100, of all else every one. */
  readonly findings: readonly ExportFinding[]
  readonly findings_count: number
}

const MAX_KEPT = 100

/** Collects what was checked, and what was found; keeps the first findings about rows and counts the rest. */
export class ExportProtocol {
  readonly checked: string[] = []
  readonly unknown: string[] = []
  readonly findings: ExportFinding[] = []
  findingsCount = 0
  #rows = 0

  wrong(finding: ExportFinding): void {
    this.findingsCount += 1
    // what is said of a whole file comes after its rows, and is only a few sentences
    if (finding.what === 'row') this.#rows += 1
    if (finding.what !== 'row' || this.#rows <= MAX_KEPT) this.findings.push(finding)
  }

  /** A check that throws: its message becomes the finding. Answers whether it held. */
  async hold(what: ExportFinding['what'], check: () => Promise<void> | void): Promise<boolean> {
    try {
      await check()
      return true
    } catch (error) {
      if (!isVerdict(error)) throw error
      this.wrong({ what, message: error.message })
      return false
    }
  }
}

/** An error that says something about what was checked, rather than that checking failed. */
function isVerdict(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'tampered' || code === 'malformed_proof'
}
