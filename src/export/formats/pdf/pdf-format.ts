import type { Writable } from 'node:stream'
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { ExportContext, ExportFormat, ExportRows, ExportWriter } from '../export-format.ts'
import { requireFits } from '../export-format.ts'
import { endOutput, writeChunk } from '../output.ts'
import { eventBlock } from './event-block.ts'
import { FontSet } from './fonts.ts'
import { PAGE_OPTIONS, Pages } from './pages.ts'
import type { PdfSigner } from './pdf-signer.ts'
import { pdfString, SignablePdf } from './signable-pdf.ts'
import { signedTail } from './signed-tail.ts'

/** About 5,000 pages: what readers still open, and people still read. */
const MAX_ROWS = 50_000
/** Rows between two times that what was drawn goes to the output. */
const ROWS_PER_FLUSH = 64
const ROWS_PER_FORGETTING = 2_000

/** A document to read, print and file: PDF/A-2b, signed digitally (PAdES baseline B-B, ETSI EN 319 142-1). */
export function pdfFormat(signer: PdfSigner): ExportFormat {
  const format = {
    name: 'pdf',
    extension: 'pdf',
    contentType: 'application/pdf',
    maxRows: MAX_ROWS,
  } as const
  return {
    ...format,
    open(output, context) {
      requireFits(format, context.rows)
      return new PdfWriter(output, context, signer)
    },
  }
}

class PdfWriter implements ExportWriter {
  readonly #output: Writable
  readonly #signer: PdfSigner
  readonly #pdf: SignablePdf
  readonly #fonts: FontSet
  readonly #pages: Pages
  /** Of everything written to the output. */
  readonly #hash: Hash = createHash('sha256')
  #rows = 0

  constructor(output: Writable, context: ExportContext, signer: PdfSigner) {
    this.#output = output
    this.#signer = signer
    this.#pdf = newDocument(context)
    this.#fonts = new FontSet(this.#pdf)
    this.#pages = new Pages(this.#pdf, this.#fonts, context)
    // the field belongs to a page: the first, which is still open
    this.#pdf.addSignatureField(signatureDictionary(context, signer))
  }

  async write(rows: ExportRows): Promise<void> {
    for (const { event } of rows) {
      this.#pages.row(eventBlock(event, this.#fonts))
      this.#rows += 1
      if (this.#rows % ROWS_PER_FLUSH === 0) await this.#flush()
      if (this.#rows % ROWS_PER_FORGETTING === 0) this.#pdf.forgetWords()
    }
  }

  async end(): Promise<void> {
    if (this.#rows === 0) this.#pages.nothing()
    this.#pages.finish()
    const signatureAt = this.#pdf.endButSignature()
    await this.#flush()
    this.#pdf.endSignature()
    const tail = this.#pdf.read() as Buffer
    await writeChunk(this.#output, signedTail(tail, signatureAt, this.#hash, this.#signer))
    await endOutput(this.#output)
  }

  /** pdfkit keeps what it has written until it is taken. */
  async #flush(): Promise<void> {
    const chunk = this.#pdf.read() as Buffer | null
    if (chunk === null) return
    this.#hash.update(chunk)
    await writeChunk(this.#output, chunk)
  }
}

function newDocument({ workspace, generatedAt }: ExportContext): SignablePdf {
  return new SignablePdf({
    ...PAGE_OPTIONS,
    autoFirstPage: false,
    pdfVersion: '1.7',
    subset: 'PDF/A-2b',
    lang: 'en',
    displayTitle: true,
    // no default font: PDF/A embeds every font that is named
    font: '',
    info: {
      // pdfkit puts it into XML as it is
      Title: `Audit log of ${workspace.name}`.toWellFormed().replace(/[<>&\p{Cc}]/gu, ' '),
      Creator: 'Trailseal',
      Producer: 'Trailseal',
      CreationDate: new Date(generatedAt),
    },
  })
}

function signatureDictionary({ generatedAt, origin }: ExportContext, signer: PdfSigner): object {
  return {
    Type: 'Sig',
    Filter: 'Adobe.PPKLite',
    SubFilter: 'ETSI.CAdES.detached',
    Reason: pdfString(`Export of the audit log ${origin}`),
    M: new Date(generatedAt),
    ...signer.placeholders,
  }
}
