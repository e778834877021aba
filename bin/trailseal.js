#!/usr/bin/env node
import process from 'node:process'

// npm scripts and npx put the pinned Node 24 first on the PATH; a bare call may meet an older one.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(`trailseal needs Node 24 or later, this is ${process.version}. Use: npx trailseal …\n`)
  process.exit(2)
}
await import('../src/cli/main.ts')
