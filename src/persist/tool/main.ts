#!/usr/bin/env node
/// <reference types="node" />
/** The command `pebre`. */
import { run } from './commands.js'

// Who reads has seen enough: `pebre log … | head`.
process.stdout.on('error', (error: { code?: unknown }) => process.exit(error.code === 'EPIPE' ? 0 : 3))
process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
})
