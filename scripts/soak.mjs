// `npm run soak -- --minutes N --seed S [--collect] [--cycles rounds|fallback]`: plays random histories for that long, from that seed on (a fresh one by default), and
// compares everything with the naive model of test/model. Ends with 1 at the first mismatch, and prints the history made short; with
// `--collect` it goes on, and writes each one to a file in the system's folder for temporary files. One that hangs is ended after a minute, and its seed is printed.
// `--cycles`: with programs whose cycles have an answer.
import { fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (/** @type {string} */ path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
// Beside the packages it imports.
const outfile = at('node_modules/.cache/pebre/soak.mjs')
const HANGS = 60_000

mkdirSync(at('node_modules/.cache/pebre'), { recursive: true })
await build({ entryPoints: [at('test/model/soak.ts')], outfile, bundle: true, packages: 'external', alias: { 'pebre/testing': at('src/testing/index.ts'), 'pebre/persist': at('src/persist/index.ts') }, tsconfig: at('tsconfig.json'), format: 'esm', platform: 'node', target: 'node20', sourcemap: 'inline', logLevel: 'warning' })

const child = fork(outfile, process.argv.slice(2), { execArgv: ['--expose-gc', '--enable-source-maps'] })
let seed = 'none'
let heard = performance.now()
child.on('message', (/** @type {number} */ message) => {
  seed = String(message)
  heard = performance.now()
})
const watchdog = setInterval(() => {
  if (performance.now() - heard < HANGS) return
  console.log(`seed ${seed} has not ended after ${HANGS / 1000} s`)
  child.kill('SIGKILL')
}, 1000)
child.on('exit', (code, signal) => {
  clearInterval(watchdog)
  if (signal !== null) console.log(`ended by ${signal} in seed ${seed}`)
  process.exitCode = code ?? 1
})
