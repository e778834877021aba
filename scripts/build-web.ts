/**
 * Builds the viewer and the page that verifies exports into dist/web, when they are not there or older than what they are made of:
 * `node scripts/build-web.ts [--force]`.
 * `npm start` runs it each time, so the check reads file times only.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type * as Vite from 'vite'

const ROOT = new URL('../', import.meta.url)
const TARGET = new URL('dist/web/', ROOT)
/** Of this process alone: tests of several suites may find the viewer out of date at the same time. */
const MADE = new URL(`dist/web-made-${process.pid}/`, ROOT)
/** The viewer, the parts of the product that it runs itself, and the versions of what it is built with. */
const SOURCES = ['web', 'src/event', 'src/tlog', 'src/verify', 'src/errors.ts', 'package-lock.json']
/** Browsers that have light-dark(), which the styles are written with. */
const BROWSERS = ['chrome123', 'edge123', 'firefox125', 'safari17.5']

if (process.argv.includes('--force') || changedAt(TARGET) < Math.max(...SOURCES.map(newestIn)))
  await buildAll()

async function buildAll(): Promise<void> {
  const started = performance.now()
  const vite = await import('vite').catch(() => null)
  if (vite === null) {
    process.stderr.write('The viewer can not be built: its development packages are not installed.\n')
    return
  }
  await vite.build({
    root: fileURLToPath(new URL('web/', ROOT)),
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: fileURLToPath(MADE),
      emptyOutDir: true,
      target: BROWSERS,
      cssTarget: BROWSERS,
      modulePreload: { polyfill: false },
      // Small pictures too are files of their own: nothing is inline.
      assetsInlineLimit: 0,
      rolldownOptions: {
        // "use client" means something to servers that render; here all is rendered in the browser.
        onLog: (level, log, report) => {
          if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log)
        },
      },
    },
  })
  await compressAssets()
  await buildVerifyPage(vite)
  putInPlace()
  process.stderr.write(`Built the viewer in ${((performance.now() - started) / 1_000).toFixed(1)} s.\n`)
}

/**
 * One file with everything in it, for people who keep it and open it years later without a network. Its policy lets it run this script and
 * nothing else, and contact nobody.
 */
async function buildVerifyPage({ build }: Pick<typeof Vite, 'build'>): Promise<void> {
  const folder = new URL('web/verify/', ROOT)
  const built = await build({
    root: fileURLToPath(folder),
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      target: BROWSERS,
      modulePreload: false,
      rolldownOptions: {
        input: fileURLToPath(new URL('main.ts', folder)),
        output: { format: 'es', codeSplitting: false },
      },
    },
  })
  const [result] = [built].flat()
  const chunk = result && 'output' in result ? result.output[0] : undefined
  if (chunk?.type !== 'chunk') throw new Error('The page that verifies exports was not built.')
  const script = `\n${chunk.code.replaceAll('</script', String.raw`<\/script`)}\n`
  const style = `\n${readFileSync(new URL('style.css', folder), 'utf8')}\n`
  const sources = [
    "default-src 'none'",
    `script-src '${integrityOf(script)}'`,
    `style-src '${integrityOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ]
  const page = readFileSync(new URL('index.html', folder), 'utf8')
    .replace('CONTENT_SECURITY_POLICY', sources.join('; '))
    .replace(/\s*STYLE\s*/, () => style)
    .replace(/\s*SCRIPT\s*/, () => script)
  writeFileSync(new URL('verify.html', MADE), page)
}

function integrityOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** Assets are served as they lie here, so compressing them costs nothing later. */
async function compressAssets(): Promise<void> {
  const assets = new URL('assets/', MADE)
  for (const name of readdirSync(assets)) {
    const bytes = readFileSync(new URL(name, assets))
    writeFileSync(new URL(`${name}.gz`, assets), await promisify(gzip)(bytes, { level: 9 }))
    const brotli = await promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    })
    writeFileSync(new URL(`${name}.br`, assets), brotli)
  }
}

/** Two renames, so that nobody finds half a viewer; whoever comes second replaces the same with the same. */
function putInPlace(): void {
  const former = new URL(`dist/web-former-${process.pid}/`, ROOT)
  for (const [from, to] of [
    [TARGET, former],
    [MADE, TARGET],
  ] as const)
    try {
      renameSync(from, to)
    } catch (error) {
      // Not there yet, or put there by another one meanwhile.
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error
    }
  for (const left of [former, MADE]) rmSync(left, { recursive: true, force: true })
}

function changedAt(directory: URL): number {
  try {
    return statSync(new URL('index.html', directory)).mtimeMs
  } catch {
    return -1
  }
}

function newestIn(path: string): number {
  const place = new URL(path, ROOT)
  const found = statSync(place)
  if (!found.isDirectory()) return found.mtimeMs
  const files = readdirSync(place, { recursive: true, withFileTypes: true })
  return Math.max(...files.map((file) => statSync(`${file.parentPath}/${file.name}`).mtimeMs))
}
