// `npm run spec`: prints how much of docs/spec.md the tests show, and fails where the two disagree.
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compare, parseSpec, parseTitles } from './spec-lib.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

// test/scripts holds the tests of this script: their fixtures name ids that are no rules.
const ignored = new Set(['node_modules', 'dist', '.docs', 'scripts'])

/**
 * @param {string} folder
 * @returns {string[]}
 */
function list(folder) {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.flatMap((entry) => {
    if (ignored.has(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return list(path)
    return entry.name.endsWith('.ts') ? [path] : []
  })
}

/** @param {string} path */
function isTest(path) {
  return /^test\/|^examples\/[^/]+\/test\//.test(relative(root, path).replaceAll('\\', '/'))
}

const folders = readdirSync(root).filter((name) => name === 'test' || name === 'examples')
const files = folders.flatMap((name) => list(join(root, name))).filter(isTest)
const shown = files.flatMap((file) =>
  parseTitles(readFileSync(file, 'utf8')).map((id) => ({ id, file: relative(root, file) })),
)
const { lines, problems } = compare(parseSpec(readFileSync(join(root, 'docs/spec.md'), 'utf8')), shown)
console.log(lines.join('\n'))
for (const problem of problems) console.error(`✗ ${problem}`)
if (problems.length > 0) process.exitCode = 1
