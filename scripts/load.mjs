// `npm run load -- [--short]`: a server that takes a snapshot for each request, and then the live site, under load on the loopback. Each compares
// all it is told with what was written, and ends with 1 where something is lost, wrong or torn, or where the memory grows.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } })
/** @type {[path: string, flags: string[]][]} */
const runs = [
  ['bench/dist/load/run.js', ['--seconds', values.short ? '6' : '30']],
  ['examples/live-site/dist/bench/load/run.js', values.short ? ['--edits', '120', '--pause', '30'] : []],
]

for (const [path, flags] of runs) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`../${path}`, import.meta.url)), ...flags], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  if (code !== 0) process.exitCode = 1
}
