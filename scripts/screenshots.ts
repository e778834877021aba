/**
 * Photographs the running viewer in its states, from a gateway of its own with made-up history, into docs/screenshots:
 * `npm run screenshots [-- [--png DIR] NAME…]`; with `--png` as lossless pictures into another folder, to look at.
 */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { Gateway } from '../test/e2e/support/gateway.ts'
import { HostPage } from '../test/e2e/support/host-page.ts'
import { ADA, sampleHistory } from '../test/e2e/support/sample-history.ts'
import { Stage } from '../test/e2e/support/stage.ts'
import { changeStoredText } from '../test/e2e/support/tamper.ts'
import { SHOTS, type Shot } from './viewer-states.ts'

const { values: given, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { png: { type: 'string' } },
})
const TARGET =
  given.png === undefined ? new URL('../docs/screenshots/', import.meta.url) : pathToFileURL(`${given.png}/`)

async function setUp(gateway: Gateway): Promise<Record<NonNullable<Shot['who']>, string | null>> {
  await gateway.workspace('acme', 'Acme Robotics', 'strategic')
  await gateway.workspace('basic', 'Basic', 'starter')
  await gateway.workspace('fresh', 'Fresh start', 'command')
  await gateway.workspace('closed', 'Acme Robotics, archive', 'portfolio', 'owners')
  const now = Date.now()
  await gateway.send('acme', sampleHistory(now))
  await gateway.send('closed', sampleHistory(now, 300))
  const member = { id: ADA.id, name: ADA.name, email: ADA.email }
  const owner = await gateway.token({ role: 'owner', workspace: 'acme', member })
  await gateway.token({
    ...{ role: 'auditor', workspace: 'acme', member: { id: 'u_chiara', name: 'Chiara Ferrante' } },
    scope: { q: 'category:(evidence OR obligation)', from: '2026-01-01', to: '2026-12-31' },
  })
  return {
    owner,
    stranger: null,
    newcomer: await gateway.token({ role: 'owner', workspace: 'fresh' }),
    basic: await gateway.token({ role: 'owner', workspace: 'basic' }),
    closed: await gateway.token({ role: 'owner', workspace: 'closed', member }),
    member: await gateway.token({ role: 'member', workspace: 'closed', member }),
    host: null,
  }
}

const host = await HostPage.open()
const stage = new Stage()
try {
  await mkdir(TARGET, { recursive: true })
  const gateway = await stage.open(undefined, { TRAILSEAL_EMBED_ORIGINS: host.origin })
  const tokens = await setUp(gateway)
  let isTampered = false
  for (const { name, path, who = 'owner', options = {}, pose } of SHOTS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    if (name.startsWith('tampered') && !isTampered) {
      isTampered = true
      await gateway.pause()
      changeStoredText(gateway.dataDir, 'sample_391', '203.0.113', '203.0.112')
      await gateway.resume()
    }
    const { page } = await stage.visit(tokens[who], options)
    if (who === 'host') {
      host.token = tokens.owner
      host.src = gateway.url + path
    }
    await page.goto(who === 'host' ? host.origin : gateway.url + path)
    await pose(page, gateway)
    await page.mouse.move(2, 2)
    // Fonts and the fading of popovers.
    await page.waitForTimeout(250)
    await page.screenshot(
      given.png === undefined
        ? { path: fileURLToPath(new URL(`${name}.jpg`, TARGET)), type: 'jpeg', quality: 70 }
        : { path: fileURLToPath(new URL(`${name}.png`, TARGET)) },
    )
    await page.context().close()
  }
} finally {
  await stage.close()
  await host[Symbol.asyncDispose]()
}
