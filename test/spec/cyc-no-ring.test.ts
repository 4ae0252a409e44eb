/** What looks like a ring of jobs and is none, and what follows one. */
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { CycleError, type Derived, derived, input } from '../../src/index.js'
import { broken, makeRing } from '../support/cycles.js'
import { countedDatabases } from '../support/databases.js'
import { macrotask, ordersOf, rejectionOf, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const other = input<[], number>('other', { initial: 0 })

describe('no ring', () => {
  it('[CYC-3] asking for B and C together, where B reads C, in every order of asking and ending', async () => {
    for (const asked of ordersOf(['b', 'c'] as const)) {
      for (const order of ordersOf(['b', 'c'])) {
        const db = createDatabase()
        const stops = new Stops()
        const log = record(db)
        const c = derived('c', async (q) => {
          await stops.at('c')
          return q.get(x)
        })
        const b = derived('b', async (q) => {
          await stops.at('b')
          return (await q.get(c)) + 1
        })
        const both = derived('both', async (q) => Promise.all(asked.map((name) => q.get({ b, c }[name]))))
        for (let i = 0; i < 2; i++) {
          const answer = db.get(both)
          for (const name of order) if (stops.labels.includes(name)) await stops.open(name)
          await stops.openAll()
          expect(log.take().filter((line) => line.startsWith('run')).toSorted()).toEqual(['run b()', 'run both()', 'run c()'])
          expect(new Set(await answer)).toEqual(new Set([1 + i, 2 + i]))
          db.set(x, 2)
        }
      }
    }
  })

  it('[CYC-3] crossed diamonds asked for by independent callers, cold and stale', async () => {
    for (const order of ordersOf(['p', 'q', 'r', 's'])) {
      const db = createDatabase()
      const stops = new Stops()
      const s = derived('s', async (q) => (await stops.at('s'), q.get(x)))
      const r = derived('r', async (q) => (await stops.at('r'), (await q.get(s)) + 1))
      const left = derived('p', async (q) => (await stops.at('p'), Promise.all([q.get(r), q.get(s)])))
      const right = derived('q', async (q) => (await stops.at('q'), Promise.all([q.get(s), q.get(r)])))
      for (const value of [1, 2]) {
        db.set(x, value)
        const answers = [db.get(right), db.get(left), db.get(s), db.get(r)]
        for (const name of order) if (stops.labels.includes(name)) await stops.open(name)
        await stops.openAll()
        expect(await Promise.all(answers)).toEqual([[value, value + 1], [value + 1, value], value, value + 1])
      }
    }
  })

  it('[CYC-5] validations that wait for each other run again instead of failing', async () => {
    for (const order of ordersOf(['a', 'b', 'asked'])) {
      const db = createDatabase()
      const stops = new Stops()
      const way = input<[], string>('way', { initial: 'ab' })
      const a: Derived<[], Promise<number>> = derived('a', async (q): Promise<number> => {
        const value = q.peek(way) === 'ab' ? await q.get(b) : 1
        await stops.at('a')
        return value + q.get(other)
      })
      const b: Derived<[], Promise<number>> = derived('b', async (q): Promise<number> => {
        const value = q.peek(way) === 'ba' ? await q.get(a) : 2
        await stops.at('b')
        return value + q.get(other)
      })
      const settle = async (): Promise<void> => {
        for (const name of order) if (stops.labels.includes(name)) await stops.open(name)
        await stops.openAll()
        await macrotask()
      }
      const first = track(db.get(a))
      await settle()
      expect(first.value).toBe(2)
      db.set(way, 'ba')
      db.invalidate(b)
      const answers = order[0] === 'a' ? [track(db.get(a)), track(db.get(b))].toReversed() : [track(db.get(b)), track(db.get(a))]
      await settle()
      expect(answers.map(({ state, value }) => [state, value])).toEqual([
        ['fulfilled', 1],
        ['fulfilled', 1],
      ])
    }
  })
})

describe('afterwards', () => {
  it('[CYC-6] a ring of jobs recovers when an input breaks it, and comes back', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const ring = makeRing(3, stops)
    for (let round = 0; round < 3; round++) {
      for (const isBroken of [false, true]) {
        db.set(broken, isBroken)
        const outcomes = [1, 2, 0].map((at) => track(db.get(ring, at)))
        await stops.openAll()
        await macrotask()
        expect(outcomes.map(({ value, error }) => value ?? error instanceof CycleError)).toEqual(isBroken ? [2, 1, 0] : [true, true, true])
      }
    }
  })

  it('[CYC-7] a participant that catches fails all the same, in every order; an outsider may catch', async () => {
    for (const order of ordersOf(['a', 'b', 'outside'] as const)) {
      const db = createDatabase()
      const stops = new Stops()
      const a: Derived<[], Promise<number>> = derived('a', async (q): Promise<number> => {
        await stops.at('a')
        try {
          return await q.get(b)
        } catch {
          await stops.at('a again')
          return -1
        }
      })
      const b: Derived<[], Promise<number>> = derived('b', async (q): Promise<number> => {
        await stops.at('b')
        return q.get(a).catch(() => -2)
      })
      const outside = derived('outside', async (q) => q.get(a).catch(() => -3))
      const outcomes = { a: track(Promise.resolve(0)), b: track(Promise.resolve(0)), outside: track(Promise.resolve(0)) }
      for (const name of order) outcomes[name] = track(db.get({ a, b, outside }[name]))
      for (const name of order) if (stops.labels.includes(name)) await stops.open(name)
      await stops.openAll()
      await macrotask()
      expect([outcomes.a.error instanceof CycleError, outcomes.b.error instanceof CycleError, outcomes.outside.value]).toEqual([true, true, -3])
      await flush()
      expect(await rejectionOf(db.get(a))).toBe(outcomes.a.error)
    }
  })

  it('[CYC-7] asynchronous: who reaches the ring through a member that failed first is part of it, from every entry', async () => {
    for (const entry of ['r', 'a', 'b'] as const) {
      const db = createDatabase()
      const tolerant = (name: string, next: () => Derived<[], Promise<number>>[]): Derived<[], Promise<number>> =>
        derived(name, async (q): Promise<number> => {
          let sum = 0
          for (const query of next()) sum += await q.get(query).catch(() => -1)
          return sum
        })
      const r = tolerant('r', () => [a, b])
      const a = tolerant('a', () => [r])
      const b = tolerant('b', () => [a])
      await db.get({ r, a, b }[entry]).catch(() => 0)
      const outcomes = [r, a, b].map((query) => track(db.get(query)))
      await macrotask()
      expect({ entry, outcomes: outcomes.map(({ value, error }) => value ?? error instanceof CycleError) }).toEqual({ entry, outcomes: [true, true, true] })
    }
  })
})
