// What `scripts/mutants.mjs` does to files, and what it makes of a test report. No tests are started here.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commits } from './mutants/commits.mjs'
import { files } from './mutants/files.mjs'
import { jobs } from './mutants/jobs.mjs'
import { marks } from './mutants/marks.mjs'
import { rounds } from './mutants/rounds.mjs'
import { runs } from './mutants/runs.mjs'
import { telling } from './mutants/telling.mjs'

/**
 * One way to break the library.
 * @typedef {object} Mutant
 * @property {string} name
 * @property {string} file Below `src`.
 * @property {string} find Stands once in the file.
 * @property {string} replace
 * @property {string} breaks What goes wrong then.
 * @property {readonly string[]} first The tests to run before all others, below `test`, without `.test.ts`.
 */

/** @type {Readonly<Record<string, readonly Mutant[]>>} */
export const lists = { marks, runs, jobs, rounds, commits, telling, files }

/** @type {readonly Mutant[]} */
export const mutants = Object.values(lists).flat()

/**
 * The text with the mutant in it. Throws where its text is not there once.
 * @param {string} text
 * @param {Pick<Mutant, 'name' | 'file' | 'find' | 'replace'>} mutant
 */
export function mutate(text, { name, file, find, replace }) {
  const count = text.split(find).length - 1
  if (count !== 1) throw new Error(`${name}: its text stands ${count} times in src/${file}, and must stand there once. Adapt the mutant to the code.`)
  if (find === replace) throw new Error(`${name}: it changes nothing.`)
  return text.replace(find, () => replace)
}

/**
 * Calls back while a mutant stands in a tree.
 * @template T
 * @param {string} root
 * @param {Mutant} mutant
 * @param {() => Promise<T>} action
 */
export async function whileMutated(root, mutant, action) {
  const path = join(root, 'src', mutant.file)
  const before = readFileSync(path, 'utf8')
  writeFileSync(path, mutate(before, mutant))
  try {
    return await action()
  } finally {
    writeFileSync(path, before)
  }
}

/**
 * Who noticed the mutants that were tried, list by list.
 * @param {ReadonlyMap<string, 'own' | 'others' | 'nobody'>} noticed By their names.
 */
export function tableOf(noticed) {
  const row = (/** @type {readonly unknown[]} */ cells) => cells.map((cell, i) => (i === 0 ? String(cell).padEnd(10) : String(cell).padStart(14))).join('')
  const rowOf = (/** @type {string} */ name, /** @type {readonly Mutant[]} */ among) => {
    const tried = among.flatMap((mutant) => noticed.get(mutant.name) ?? [])
    return row([name, tried.length, ...['own', 'others', 'nobody'].map((who) => tried.filter((one) => one === who).length)])
  }
  return [row(['list', 'tried', 'own tests', 'other tests', 'survived']), ...Object.entries(lists).map(([name, list]) => rowOf(name, list)), rowOf('all', mutants)].join('\n')
}

/**
 * @typedef {object} Report As vitest writes it in JSON.
 * @property {boolean} success
 * @property {readonly { readonly name: string, readonly status: string, readonly message: string, readonly assertionResults: readonly { readonly status: string, readonly fullName: string }[] }[]} testResults
 */

/**
 * Who has noticed; null: nobody.
 * @param {Report} report
 */
export function catcherOf({ success, testResults }) {
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed')
    if (failed !== undefined) return `${fileOf(name)}: ${failed.fullName}`
  }
  const broken = testResults.find(({ status }) => status === 'failed')
  if (broken !== undefined) return `${fileOf(broken.name)}: ${broken.message.split('\n')[0]}`
  return success ? null : 'an error outside of any test, such as a rejection that nobody handles'
}

const fileOf = (/** @type {string} */ path) => path.replaceAll('\\', '/').replace(/^.*?\/(?=test\/)/, '')
