// Prints `N passed, N failed` from vitest's JSON report, for the last line of a CI run.
//   node scripts/count-tests.mjs report.json passed|failed
import { existsSync, readFileSync } from 'node:fs'

const [path = '', outcome] = process.argv.slice(2)
const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
// A file that could not be loaded has no tests of its own: it counts as one failure.
const broken = (report.testResults ?? []).filter(
  (/** @type {{ status: string, assertionResults: unknown[] }} */ file) =>
    file.status === 'failed' && file.assertionResults.length === 0,
).length
const failed = (report.numFailedTests ?? 0) + broken
// The report does not know of errors outside of tests (set-up, types in src): the run failed all the same.
const outside = outcome === 'failed' && failed === 0 ? 1 : 0
console.log(`${report.numPassedTests ?? 0} passed, ${failed + outside} failed`)
