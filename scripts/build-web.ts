/**
 * Builds the viewer into dist/web, when it is not there or older than what it is made of: `node scripts/build-web.ts [--force]`.
 * `npm start` runs it each time, so the check reads file times only.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const ROOT = new URL('../', import.meta.url)
const TARGET = new URL('dist/web/', ROOT)
/** The viewer, the parts of the product that it runs itself, and the versions of what it is built with. */
const SOURCES = ['web', 'src/event', 'src/tlog', 'src/verify', 'src/errors.ts', 'package-lock.json']
/** Browsers that have light-dark(), which the styles are written with. */
const BROWSERS = ['chrome123', 'edge123', 'firefox125', 'safari17.5']

if (process.argv.includes('--force') || changedAt(TARGET) < Math.max(...SOURCES.map(newestIn))) await build()

async function build(): Promise<void> {
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
      outDir: fileURLToPath(TARGET),
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
  process.stderr.write(`Built the viewer in ${((performance.now() - started) / 1_000).toFixed(1)} s.\n`)
}

/** Assets are served as they lie here, so compressing them costs nothing later. */
async function compressAssets(): Promise<void> {
  const assets = new URL('assets/', TARGET)
  for (const name of readdirSync(assets)) {
    const bytes = readFileSync(new URL(name, assets))
    writeFileSync(new URL(`${name}.gz`, assets), await promisify(gzip)(bytes, { level: 9 }))
    const brotli = await promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    })
    writeFileSync(new URL(`${name}.br`, assets), brotli)
  }
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
