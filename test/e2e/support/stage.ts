import type { Browser, BrowserContextOptions } from 'playwright-core'
import { launch, visit, type Visit } from './browser.ts'
import { Gateway } from './gateway.ts'

/** A gateway and a browser for one suite; whatever was opened is closed, also when the opening failed half-way. */
export class Stage {
  #gateway: Gateway | null = null
  #browser: Browser | null = null

  get gateway(): Gateway {
    if (!this.#gateway) throw new Error('The stage is not open.')
    return this.#gateway
  }

  /** `fill` puts a store into the data directory before the gateway opens it. */
  async open(
    fill?: (dataDir: string) => Promise<void>,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Gateway> {
    this.#gateway = await Gateway.start(fill, settings)
    this.#browser = await launch()
    return this.#gateway
  }

  async visit(token: string | null, options: BrowserContextOptions = {}): Promise<Visit> {
    if (!this.#browser) throw new Error('The stage is not open.')
    return await visit(this.#browser, this.gateway, token, options)
  }

  async close(): Promise<void> {
    await this.#browser?.close()
    await this.#gateway?.[Symbol.asyncDispose]()
  }
}
