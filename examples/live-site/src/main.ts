#!/usr/bin/env node
/** The command. What the user can put right is one line; what is a fault of ours comes with its stack. */
import { help, readOptions, UsageError } from './options.js'
import { serve } from './serve.js'
import { build } from './static.js'

async function run(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = readOptions(args)
  if (options.command === 'help') process.stdout.write(help)
  else if (options.command === 'serve') await serve(options, signal)
  else return (await build(options, signal)) ? 0 : 1
  return 0
}

const stop = new AbortController()
// Once: a second Ctrl-C ends the process as usual.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
try {
  process.exitCode = await run(process.argv.slice(2), stop.signal)
} catch (error) {
  const line = error instanceof UsageError ? error.message : stop.signal.aborted ? 'stopped' : (error as Error).stack
  process.stderr.write(`live-site: ${line}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
