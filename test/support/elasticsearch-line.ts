import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** `silent`: connections stay and are made, and nothing comes through. `gone`: they break, and none can be made. */
type LineState = 'open' | 'silent' | 'gone'

/** The line between a gateway and a real cluster, which the test cuts and mends. */
export class ElasticsearchLine implements AsyncDisposable {
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((near) => this.#join(near))
  readonly #heard: { readonly text: string; readonly settle: () => void }[] = []
  #state: LineState = 'open'
  #port = 0

  private constructor(target: string) {
    this.#target = new URL(target)
  }

  static async open(target: string): Promise<ElasticsearchLine> {
    const line = new ElasticsearchLine(target)
    await line.#listen()
    line.#port = (line.#server.address() as AddressInfo).port
    return line
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async become(state: LineState): Promise<void> {
    const before = this.#state
    this.#state = state
    // What was on its way into a silence is lost: an open line starts anew.
    for (const socket of this.#sockets) if (state !== 'silent') socket.destroy()
    if (state === 'gone') await this.#close()
    else if (before === 'gone') await this.#listen()
  }

  /** Settles when the gateway has sent the text into the silence. */
  sent(text: string): Promise<void> {
    return new Promise((settle) => this.#heard.push({ text, settle: () => settle() }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    if (this.#state !== 'gone') await this.#close()
  }

  #join(near: Socket): void {
    const far = connect(Number(this.#target.port || 80), this.#target.hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (chunk: Buffer) => {
        if (this.#state === 'open') to.write(chunk)
        else this.#hear(chunk)
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }

  #hear(chunk: Buffer): void {
    for (const { text, settle } of this.#heard) if (chunk.includes(text)) settle()
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
  }

  async #close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
