// `npm run mutants [-- --only NAME,…] [--quick] [--list]`: breaks the library in one way after the other (`scripts/mutants/*.mjs`), in a copy of
// the tree, and shows that the tests notice each. Fails where one goes unnoticed;
// `--quick` asks only the tests that each mutant names. PEBRE_SEED is 1, so that a result can be had again.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { catcherOf, mutants, whileMutated } from './mutants-lib.mjs'

const source = fileURLToPath(new URL('..', import.meta.url))
const copied = ['src', 'test', 'scripts', 'docs', 'package.json', 'tsconfig.json', 'vitest.config.ts']
/** Run for what its own tests have let pass. */
const everything = ['test/model', 'test/spec', 'test/operators', 'test/debug', 'test/testing']
/** Milliseconds after which a run of tests counts as one that does not end. */
const patience = 600_000
/** The same for one test: on a busy machine it must not seem to have noticed something. */
const testPatience = 20_000

const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } } })
const wanted = values.only?.split(',')
const unknown = wanted?.filter((name) => !mutants.some((mutant) => mutant.name === name)) ?? []
if (unknown.length > 0) throw new Error(`There is no mutant ${unknown.join(', ')}. --list names them.`)
const chosen = mutants.filter(({ name }) => wanted?.includes(name) ?? true)

if (values.list) for (const { name, file, breaks } of chosen) console.log(`${name.padEnd(30)} ${file.padEnd(28)} ${breaks}`)
else process.exitCode = await run()

async function run() {
  const copy = mkdtempSync(join(tmpdir(), 'pebre-mutants-'))
  try {
    for (const name of copied) cpSync(join(source, name), join(copy, name), { recursive: true })
    symlinkSync(join(source, 'node_modules'), join(copy, 'node_modules'))
    return await tryAll(copy)
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/** @param {string} copy */
async function tryAll(copy) {
  // Tests that fail by themselves would seem to notice everything.
  const already = await test(copy, [...new Set(chosen.flatMap(({ first }) => first.map(pathOf)))])
  if (already !== null) {
    console.error(`The tests fail without any mutant: ${already}`)
    return 2
  }
  /** @type {string[]} */
  const survivors = []
  for (const mutant of chosen) {
    const started = Date.now()
    const catcher = await whileMutated(copy, mutant, async () => (await test(copy, mutant.first.map(pathOf))) ?? (values.quick ? null : test(copy, everything)))
    if (catcher === null) survivors.push(mutant.name)
    console.log(`${catcher === null ? 'SURVIVED' : 'caught  '} ${mutant.name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n           ${catcher ?? mutant.breaks}`)
  }
  console.log(`${chosen.length - survivors.length} of ${chosen.length} mutants caught`)
  for (const name of survivors) console.log(`survived: ${name}`)
  return survivors.length === 0 ? 0 : 1
}

/** @param {string} name */
function pathOf(name) {
  return `test/${name}.test.ts`
}

/**
 * Who fails; null: nobody.
 * @param {string} copy
 * @param {readonly string[]} paths
 */
async function test(copy, paths) {
  const file = join(copy, 'report.json')
  rmSync(file, { force: true })
  const args = ['run', ...paths, '--project', 'node', '--typecheck.enabled=false', '--bail=1', '--maxWorkers=2', `--testTimeout=${testPatience}`, '--reporter=json', `--outputFile=${file}`]
  const child = spawn(process.execPath, [join('node_modules', 'vitest', 'vitest.mjs'), ...args], { cwd: copy, detached: true, stdio: 'ignore', env: { ...process.env, PEBRE_SEED: '1' } })
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    // Its workers too: one of them is in a loop.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, patience)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  if (isLate) return `the tests did not end within ${patience / 1000} s`
  if (!existsSync(file)) throw new Error(`vitest ended with code ${code} and without a report.`)
  return catcherOf(JSON.parse(readFileSync(file, 'utf8')))
}
