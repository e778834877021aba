import PDFDocument from 'pdfkit'

/** What pdfkit has and its types don't say; the package is pinned to one version, and the tests read every page of its output. */
export interface EmbeddedFont {
  readonly id: string
  readonly font: { hasGlyphForCodePoint(codePoint: number): boolean }
  /** Layouts of words seen, never emptied by pdfkit. */
  layoutCache: Record<string, unknown>
  /** With features given, even none, the text is laid out as a whole instead of word by word. */
  widthOfString(text: string, size: number, features?: readonly string[]): number
  /** Glyph numbers of the embedded subset, hexadecimal. */
  encode(text: string): readonly [readonly string[], unknown]
  ref(): PdfReference
}

export interface PdfReference {
  readonly data: Record<string, unknown>
  write(chunk: string): void
  end(chunk?: string): void
}

interface Internals {
  _font: EmbeddedFont
  /** Bytes written so far. */
  readonly _offset: number
  readonly _root: PdfReference
  readonly page: {
    readonly dictionary: PdfReference
    readonly annotations: PdfReference[]
    readonly xobjects: Record<string, PdfReference>
    readonly fonts: Record<string, PdfReference>
  }
  ref(data: object): PdfReference
}

const ANNOTATION_HIDDEN_PRINTED_LOCKED = 4 + 128

export interface SignatureField {
  readonly signature: PdfReference
  readonly form: PdfReference
  readonly field: PdfReference
}

/** A pdfkit document whose signature dictionary is its very last object (ISO 32000-1 §12.8.1). */
export class SignablePdf extends PDFDocument {
  readonly #fonts = new Map<string, EmbeddedFont>()
  #field: SignatureField | undefined

  get #internals(): Internals {
    return this as unknown as Internals
  }

  get bytesWritten(): number {
    return this.#internals._offset
  }

  /** A font by its registered name; loaded when it is first asked for. */
  fontNamed(name: string): EmbeddedFont {
    const known = this.#fonts.get(name)
    if (known !== undefined) return known
    this.font(name)
    const font = this.#internals._font
    this.#fonts.set(name, font)
    return font
  }

  /** pdfkit remembers every word that it has ever laid out. */
  forgetWords(): void {
    for (const font of this.#fonts.values()) font.layoutCache = Object.create(null) as Record<string, unknown>
  }

  newReference(data: object): PdfReference {
    return this.#internals.ref(data)
  }

  /** Draws glyphs as they are, many times faster than `text`. `y`: the base line, from the top of the page. */
  drawGlyphs(font: EmbeddedFont, glyphs: string, x: number, y: number, size: number): void {
    this.#internals.page.fonts[font.id] ??= font.ref()
    // pdfkit's pages have their y axis turned around; the text matrix turns it back
    this.addContent(`BT /${font.id} ${size} Tf 1 0 0 -1 ${x.toFixed(2)} ${y.toFixed(2)} Tm <${glyphs}> Tj ET`)
  }

  /** Draws a form XObject (§8.10) at a place of the current page, measured from its top left. */
  drawForm(name: string, form: PdfReference, x: number, y: number): void {
    this.#internals.page.xobjects[name] = form
    this.save().translate(x, y).scale(1, -1)
    this.addContent(`/${name} Do`)
    this.restore()
  }

  /** Puts an invisible signature field on the current page; its dictionary follows when the document ends. */
  addSignatureField(dictionary: object): void {
    const { page, _root } = this.#internals
    const signature = this.newReference(dictionary)
    const field = this.newReference({
      Type: 'Annot',
      Subtype: 'Widget',
      FT: 'Sig',
      Rect: [0, 0, 0, 0],
      F: ANNOTATION_HIDDEN_PRINTED_LOCKED,
      T: pdfString('Signature1'),
      V: signature,
      P: page.dictionary,
    })
    page.annotations.push(field)
    // SigFlags: signatures exist, and the file may only be appended to
    const form = this.newReference({ SigFlags: 3, Fields: [field] })
    _root.data['AcroForm'] = form
    this.#field = { signature, form, field }
  }

  /** Called by pdfkit in `end`; its own version wants fonts for form fields. */
  override endAcroForm(): this {
    this.#field?.field.end()
    this.#field?.form.end()
    return this
  }

  /** Writes everything but the signature dictionary and what follows it; answers where that will begin. */
  endButSignature(): number {
    this.end()
    return this.bytesWritten
  }

  /** The dictionary, cross references and trailer. */
  endSignature(): void {
    this.#field?.signature.end()
  }
}

/** pdfkit takes a string object for a text, and a plain string for a name. */
export function pdfString(text: string): object {
  return new String(text)
}
