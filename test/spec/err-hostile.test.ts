/** Failures of every kind: equal ones, and hostile ones. */
// oxlint-disable unicorn/no-thenable -- what looks like a promise is thrown, too
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input, queryPath } from '../../src/index.js'

const number = input<[name: string], number>('number', { initial: 0 })

class Problem {
  readonly code: number
  constructor(code: number) {
    this.code = code
  }
}

describe('equal failures', () => {
  const table: readonly [what: string, make: (i: number) => unknown, runs: number][] = [
    ['the same object', () => same, 1],
    ['errors alike', () => new TypeError('no'), 1],
    ['errors alike with equal fields', () => Object.assign(new Error('no'), { code: 'E', at: { line: 1 } }), 1],
    ['errors with equal causes', () => new Error('no', { cause: new Error('why') }), 1],
    ['plain objects with equal fields', () => ({ code: 1, at: [{ line: 1 }] }), 1],
    ['lists with equal elements', () => [404, { why: 'gone' }], 1],
    ['objects without a prototype', () => Object.assign(Object.create(null), { code: 1 }), 1],
    ['instances of one class with equal fields', () => new Problem(1), 1],
    ['DOMExceptions alike', () => new DOMException('no', 'DataError'), 1],
    ['plain causes and collected errors alike', () => new AggregateError([new TypeError('a'), { code: 1 }], 'no', { cause: { why: [1] } }), 1],
    ['another field of a plain object', (i) => ({ code: i }), 3],
    ['another field of an instance', (i) => new Problem(i), 3],
    ['another collected error', (i) => new AggregateError([new TypeError(`a ${i}`)]), 3],
    ['the same text', () => 'no', 1],
    ['NaN', () => NaN, 1],
    ['another message', (i) => new Error(`no ${i}`), 3],
    ['another name', (i) => (i === 1 ? new TypeError('no') : new RangeError('no')), 3],
    ['another field', (i) => Object.assign(new Error('no'), { code: i }), 3],
    ['another cause', (i) => new Error('no', { cause: i }), 3],
    ['0 and −0', (i) => (i === 1 ? -0 : 0), 3],
  ]
  const same = Object.freeze({ nothing: true })
  for (const [what, make, runs] of table) {
    it(`[ERR-7] ${what}: dependents run ${runs === 1 ? 'once' : 'for each'}`, async () => {
      const ran: string[] = []
      const failing = derived('failing', (q) => {
        throw make(q.get(number, 'a'))
      })
      const failingLater = derived('failingLater', async (q) => {
        throw make(q.get(number, 'a'))
      })
      const safe = derived('safe', async (q) => {
        ran.push('safe')
        try {
          return [q.get(failing)]
        } catch {
          return await q.get(failingLater).catch(() => 'caught')
        }
      })
      const db = createDatabase()
      for (const i of [0, 1, 2]) {
        db.set(number, 'a', i)
        expect(await db.get(safe)).toBe('caught')
      }
      expect(ran).toHaveLength(runs)
    })
  }
})

/** Things that are thrown, and that nobody can look at without harm. */
const hostile: readonly [what: string, thing: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a string', 'text'],
  ['a symbol', Symbol('s')],
  ['a bigint', 1n],
  ['a function', () => {}],
  ['a frozen object', Object.freeze({})],
  ['a frozen error', Object.freeze(new Error('frozen'))],
  ['an object without a prototype', Object.create(null)],
  ['an error with hostile getters', Object.defineProperties(new Error('x'), Object.fromEntries(['stack', 'message', 'name', 'cause', 'then', 'code'].map((key) => [key, {
    enumerable: true,
    get(): never {
      throw new Error(`looked at ${key}`)
    },
  }])))],
  ['a Proxy that refuses everything', new Proxy(new Error('target'), new Proxy({}, {
    get: (_target, trap) => () => {
      throw new Error(`trap ${String(trap)}`)
    },
  }))],
  ['a revoked Proxy', revoked()],
  ['a thenable', { then: (resolve: (value: unknown) => void) => resolve('no error at all') }],
  ['a promise', Promise.resolve('no error at all')],
]

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** Throws without looking. `expect` would look. */
function isSame(a: unknown, b: unknown): boolean {
  return Object.is(a, b)
}

describe('hostile failures', () => {
  for (const [what, thing] of hostile) {
    it(`[ERR-8] ${what} is kept and rethrown, with no second failure`, async () => {
      const ran: string[] = []
      const reported: unknown[] = []
      const failing = derived('failing', (q): number => {
        ran.push('failing')
        if (q.get(number, 'a') >= 0) throw thing
        return 1
      })
      const later = derived('later', async (q) => {
        ran.push('later')
        await Promise.resolve()
        return q.get(failing)
      })
      const safe = derived('safe', (q) => {
        try {
          return q.get(failing)
        } catch (error) {
          return isSame(error, thing)
        }
      })
      const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
      db.events('run', 'change', 'invalidation').subscribe(() => {})
      const states: unknown[] = []
      db.watch(later).subscribe((state) => states.push(state.status === 'failed' ? isSame(state.error, thing) : state.status))
      for (const i of [1, 2, 3]) {
        db.set(number, 'a', i)
        let caught = 0
        for (let again = 0; again < 2; again++) {
          try {
            db.get(failing)
          } catch (error) {
            if (isSame(error, thing)) caught++
          }
          await db.get(later).catch((error: unknown) => {
            if (isSame(error, thing)) caught++
          })
        }
        expect(caught).toBe(4)
        expect(db.get(safe)).toBe(true)
        expect(queryPath(thing).every((id) => typeof id === 'string')).toBe(true)
      }
      db.set(number, 'a', -1)
      expect([db.get(failing), await db.get(later), db.get(safe)]).toEqual([1, 1, 1])
      expect(states).toContain(true)
      expect(states.at(-1)).toBe('ready')
      expect(ran.filter((id) => id === 'failing').length).toBeLessThanOrEqual(5)
      expect(reported).toEqual([])
      expect(db.stats().jobs).toBe(0)
    })
  }
})
