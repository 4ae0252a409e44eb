import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { catcherOf, lists, mutants, mutate, tableOf } from '../../scripts/mutants-lib.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('the list of mutants', () => {
  it('each finds its text once, and changes it', () => {
    const wrong = mutants.flatMap((mutant) => {
      try {
        mutate(readFileSync(`${root}src/${mutant.file}`, 'utf8'), mutant)
        return []
      } catch (error) {
        return [(error as Error).message]
      }
    })
    expect(wrong).toEqual([])
  })

  it('has at least 40, each with a name of its own and tests that are there', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
    expect(mutants.length).toBeGreaterThanOrEqual(40)
    const paths = mutants.flatMap(({ first }) => first.map((name) => `test/${name}.test.ts`))
    expect(paths.filter((path) => !existsSync(root + path))).toEqual([])
    expect(mutants.filter(({ first }) => first.length === 0)).toEqual([])
  })
})

describe('mutate', () => {
  const mutant = { name: 'm', file: 'a.ts', find: 'x < y', replace: 'x > y' }

  it('replaces what stands there once, as it is written', () => {
    expect(mutate('if (x < y) z', mutant)).toBe('if (x > y) z')
    expect(mutate('x < y', { ...mutant, replace: "$& $1 $'" })).toBe("$& $1 $'")
  })

  it('refuses text that is missing or stands twice, and a mutant that changes nothing', () => {
    expect(() => mutate('if (x > y) z', mutant)).toThrow('m: its text stands 0 times in src/a.ts')
    expect(() => mutate('x < y; x < y', mutant)).toThrow('m: its text stands 2 times in src/a.ts')
    expect(() => mutate('x < y', { ...mutant, replace: 'x < y' })).toThrow('m: it changes nothing')
  })
})

describe('tableOf', () => {
  it('counts who noticed, list by list, among those that were tried', () => {
    const [a, b] = lists['marks'] ?? []
    const table = tableOf(new Map([[a?.name ?? '', 'own'], [b?.name ?? '', 'nobody'], [lists['files']?.[0]?.name ?? '', 'others']]))
    const counts = table.split('\n').map((line) => line.trim().split(/ {2,}/))
    expect(counts.filter(([, tried]) => tried !== '0')).toEqual([
      ['list', 'tried', 'own tests', 'other tests', 'survived'],
      ['marks', '2', '1', '0', '1'],
      ['files', '1', '0', '1', '0'],
      ['all', '3', '1', '1', '1'],
    ])
  })
})

describe('catcherOf', () => {
  const file = (status: string, message: string, ...tests: string[]): Parameters<typeof catcherOf>[0]['testResults'][number] =>
    ({ name: '/home/a/test/spec/in.test.ts', status, message, assertionResults: tests.map((one) => ({ status: one, fullName: `IN ${one}` })) })

  it('names the test that failed, the file that could not be loaded, or an error outside', () => {
    expect(catcherOf({ success: true, testResults: [file('passed', '', 'passed')] })).toBeNull()
    expect(catcherOf({ success: false, testResults: [file('failed', '', 'passed', 'failed')] })).toBe('test/spec/in.test.ts: IN failed')
    expect(catcherOf({ success: false, testResults: [file('failed', 'Error: no\nat x')] })).toBe('test/spec/in.test.ts: Error: no')
    expect(catcherOf({ success: false, testResults: [file('passed', '', 'passed')] })).toContain('outside of any test')
  })
})
