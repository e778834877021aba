#!/usr/bin/env -S node --max-semi-space-size=16 --
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import process from 'node:process'

// npm scripts and npx put the pinned Node 24 first on the PATH; a bare call may meet an older one.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`trailseal needs Node 24 or later, this is ${process.version}. Use: npx trailseal …\n`)
  process.exit(2)
}
enableCompileCache()
// In a checkout the sources run as they are; a published package has the built ones only.
const source = new URL('../src/cli/main.ts', import.meta.url)
await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href)
