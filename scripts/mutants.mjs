// `npm run mutants [-- --only NAME,…] [--quick] [--list]`: breaks the library in one way after the other (`scripts/mutants/*.mjs`), in a copy of
// the tree, and shows that the tests notice each. Fails where one goes unnoticed;
// `--quick` asks only the tests that each mutant names. PEBRE_SEED is 1, so that a result can be had again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { catcherOf, mutants, tableOf, whileMutated } from './mutants-lib.mjs'

const source = fileURLToPath(new URL('..', import.meta.url))
const copied = ['src', 'dist', 'test', 'scripts', 'docs', 'package.json', 'tsconfig.json', 'vitest.config.ts']
/** They take minutes for many thousand cells, and notice nothing that others do not. */
const heavy = new Set(['scale-width.test.ts', 'cyc-deep.test.ts'])
/** Run for what its own tests have let pass. */
const everything = ['model', 'spec', 'operators', 'debug', 'testing'].flatMap((folder) => filesOf(`test/${folder}`))
/** How many mutants are tried at once, each in a copy of its own. */
const lanes = Math.min(4, availableParallelism())
/** Milliseconds after which a run of tests counts as one that does not end: of the few that a mutant names, and of all. */
const patience = { first: 180_000, all: 900_000 }
/** The same for one test: on a busy machine it must not seem to have noticed something. */
const testPatience = 20_000
/** The tests that are being run. @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set()

const { values } = parseArgs({ options: { only: { type: 'string' }, quick: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } } })
const wanted = values.only?.split(',')
const unknown = wanted?.filter((name) => !mutants.some((mutant) => mutant.name === name)) ?? []
if (unknown.length > 0) throw new Error(`There is no mutant ${unknown.join(', ')}. --list names them.`)
const chosen = mutants.filter(({ name }) => wanted?.includes(name) ?? true)

if (values.list) for (const { name, file, breaks } of chosen) console.log(`${name.padEnd(30)} ${file.padEnd(28)} ${breaks}`)
else process.exitCode = await run()

async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'pebre-mutants-'))
  const clear = () => {
    for (const child of children) stop(child)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  process.once('SIGINT', () => {
    clear()
    process.exit(130)
  })
  try {
    return await tryAll(folder)
  } finally {
    clear()
  }
}

/**
 * A copy of the tree.
 * @param {string} folder
 * @param {string} name
 */
function copyTo(folder, name) {
  const copy = join(folder, name)
  for (const part of copied) cpSync(join(source, part), join(copy, part), { recursive: true })
  symlinkSync(join(source, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** @param {string} folder */
async function tryAll(folder) {
  const started = Date.now()
  const whole = copyTo(folder, 'whole')
  await mustPass(whole, [...new Set(chosen.flatMap(({ first }) => first.map(pathOf)))])
  /** @type {Promise<void> | null} */
  let others = null
  const testOthers = async (/** @type {string} */ copy) => {
    await (others ??= mustPass(whole, everything))
    return test(copy, everything, patience.all)
  }
  const rest = chosen.slice()
  /** @type {Map<string, 'own' | 'others' | 'nobody'>} */
  const noticed = new Map()
  const lane = async (/** @type {string} */ copy) => {
    for (let mutant = rest.shift(); mutant !== undefined; mutant = rest.shift()) noticed.set(mutant.name, await whoNotices(copy, mutant, values.quick ? null : testOthers))
  }
  await Promise.all(Array.from({ length: Math.min(lanes, chosen.length) }, (_, i) => lane(copyTo(folder, String(i)))))
  const survivors = [...noticed].flatMap(([name, who]) => (who === 'nobody' ? [name] : []))
  console.log(`\n${tableOf(noticed)}\n\n${chosen.length - survivors.length} of ${chosen.length} mutants caught in ${secondsSince(started)}`)
  for (const name of survivors) console.log(`survived: ${name}`)
  return survivors.length === 0 ? 0 : 1
}

/**
 * @param {string} copy
 * @param {import('./mutants-lib.mjs').Mutant} mutant
 * @param {((copy: string) => Promise<string | null>) | null} testOthers
 */
async function whoNotices(copy, mutant, testOthers) {
  const started = Date.now()
  const [own, other] = await whileMutated(copy, mutant, async () => {
    const catcher = await test(copy, mutant.first.map(pathOf), patience.first)
    return [catcher, catcher === null && testOthers !== null ? await testOthers(copy) : null]
  })
  const catcher = own ?? other
  console.log(`${catcher === null ? 'SURVIVED' : 'caught  '} ${mutant.name} (${secondsSince(started)})\n           ${catcher ?? mutant.breaks}`)
  return own !== null ? 'own' : other !== null ? 'others' : 'nobody'
}

/**
 * Tests that fail by themselves would seem to notice everything.
 * @param {string} copy
 * @param {readonly string[]} paths
 */
async function mustPass(copy, paths) {
  const already = await test(copy, paths, patience.all)
  if (already !== null) throw new Error(`The tests fail without any mutant: ${already}`)
}

/** @param {number} started */
function secondsSince(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`
}

/** @param {string} folder */
function filesOf(folder) {
  return readdirSync(join(source, folder)).flatMap((name) => (name.endsWith('.test.ts') && !heavy.has(name) ? [`${folder}/${name}`] : []))
}

/** @param {string} name */
function pathOf(name) {
  return `test/${name}.test.ts`
}

/**
 * Its workers too: one of them may be in a loop.
 * @param {import('node:child_process').ChildProcess} child
 */
function stop(child) {
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
}

/**
 * Who fails; null: nobody.
 * @param {string} copy
 * @param {readonly string[]} paths
 * @param {number} limit In milliseconds.
 * @param {number} tries How often it is begun again where somebody else ends it.
 * @returns {Promise<string | null>}
 */
async function test(copy, paths, limit, tries = 3) {
  const file = join(copy, 'report.json')
  rmSync(file, { force: true })
  const workers = paths.length > 3 ? lanes : 1
  const args = ['run', ...paths, '--project', 'node', '--typecheck.enabled=false', '--bail=1', `--maxWorkers=${workers}`, `--testTimeout=${testPatience}`, '--reporter=json', `--outputFile=${file}`]
  const child = spawn(process.execPath, [join('node_modules', 'vitest', 'vitest.mjs'), ...args], { cwd: copy, detached: true, stdio: 'ignore', env: { ...process.env, PEBRE_SEED: '1' } })
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    stop(child)
  }, limit)
  children.add(child)
  const [code, signal] = await once(child, 'close')
  children.delete(child)
  clearTimeout(timer)
  if (isLate) return `the tests did not end within ${limit / 1000} s`
  if (!existsSync(file)) {
    const end = `vitest ended with ${signal ?? `code ${code}`} and without a report`
    if (tries === 1) throw new Error(`${end}: ${paths.join(', ')}`)
    console.log(`${end}, and is begun again`)
    return test(copy, paths, limit, tries - 1)
  }
  return catcherOf(JSON.parse(readFileSync(file, 'utf8')))
}
