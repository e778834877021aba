import type { ExportFormat, ExportFormatName } from './formats/export-format.ts'

/** What formats need beside their rows; crosses threads. */
export interface FormatSettings {
  /** PEM texts of what PDF documents are signed with. */
  readonly pdf: { readonly certificate: string; readonly key: string }
}

type FormatFacts = Pick<ExportFormat, 'name' | 'extension' | 'contentType' | 'maxRows'>

/** The formats of contract §7, known without loading them: fonts and signatures stay out of the gateway's own thread. */
const FACTS: Readonly<Record<ExportFormatName, Omit<FormatFacts, 'name'>>> = {
  csv: { extension: 'csv', contentType: 'text/csv; charset=utf-8', maxRows: null },
  ndjson: { extension: 'ndjson', contentType: 'application/x-ndjson', maxRows: null },
  xlsx: {
    extension: 'xlsx',
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    maxRows: null,
  },
  pdf: { extension: 'pdf', contentType: 'application/pdf', maxRows: 50_000 },
}

export function formatFacts(name: ExportFormatName): FormatFacts {
  return { name, ...FACTS[name] }
}

/** Loads a format; PDF wants the settings. Throws `bad_configuration` where documents can't be signed with what they say. */
export async function loadFormat(
  name: ExportFormatName,
  settings: FormatSettings | null,
): Promise<ExportFormat> {
  switch (name) {
    case 'csv':
      return (await import('./formats/csv/csv-format.ts')).csvFormat
    case 'ndjson':
      return (await import('./formats/ndjson/ndjson-format.ts')).ndjsonFormat
    case 'xlsx':
      return (await import('./formats/xlsx/xlsx-format.ts')).xlsxFormat
    case 'pdf': {
      if (settings === null) throw new Error('PDF documents are signed: settings are needed')
      const [{ pdfFormat }, { pdfSigner }] = await Promise.all([
        import('./formats/pdf/pdf-format.ts'),
        import('./formats/pdf/pdf-signer.ts'),
      ])
      return pdfFormat(pdfSigner(settings.pdf.certificate, settings.pdf.key))
    }
  }
}
