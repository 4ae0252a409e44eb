/** Rings between independent callers: evaluations that wait for each other. Nothing hangs. */
import { Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { CycleError, type Derived, derived, input, type View } from '../../src/index.js'
import { broken, makeRing } from '../support/cycles.js'
import { countedDatabases } from '../support/databases.js'
import { macrotask, ordersOf, rejectionOf, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const other = input<[], number>('other', { initial: 0 })

/** One order for each start of a longer ring, in both directions: all orders would be too many. */
const someOrders = (size: number): number[][] =>
  size <= 4
    ? ordersOf(Array.from({ length: size }, (_, i) => i))
    : Array.from({ length: size }, (_, start) => Array.from({ length: size }, (__, i) => (start + i * 2) % size)).flatMap((order) => [order, order.toReversed()])

describe('independent callers', () => {
  it('[CYC-4] rings of two to five end with CycleError within a macrotask, in every order of starting and of going on', async () => {
    for (const size of [2, 3, 4, 5]) {
      for (const starts of someOrders(size)) {
        for (const goes of [starts, starts.toReversed(), starts.map((_, i) => i)]) {
          const db = createDatabase()
          const stops = new Stops()
          const log: string[] = []
          const ring = makeRing(size, stops, log)
          const outcomes = starts.map((at) => track(db.get(ring, at)))
          for (const at of goes) await stops.open(String(at))
          await macrotask()
          expect(log).toEqual(starts.map((at) => `run ${at}`))
          expect(outcomes.map(({ error }) => error instanceof CycleError)).toEqual(starts.map(() => true))
          const [{ error }] = outcomes as [(typeof outcomes)[number]]
          const { path } = error as CycleError
          expect(path).toHaveLength(size + 1)
          expect(path.at(-1)).toBe(path[0])
          expect(new Set(path).size).toBe(size)
          expect(db.stats().jobs).toBe(0)
        }
      }
    }
  })

  it('[CYC-4] callers that leave break no ring, and none is left', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const ring = makeRing(3, stops)
    const leaver = new AbortController()
    const left = rejectionOf(db.with({ signal: leaver.signal }).get(ring, 0))
    const others = [1, 2].map((at) => track(db.get(ring, at)))
    leaver.abort('gone')
    expect(await left).toBe('gone')
    await stops.openAll()
    await macrotask()
    expect(others.map(({ error }) => error instanceof CycleError)).toEqual([true, true])
  })

  it('[CYC-4] a ring that runs through synchronous queries', async () => {
    for (const order of ordersOf(['left', 'right'])) {
      const db = createDatabase()
      const stops = new Stops()
      const left: Derived<[], Promise<number>> = derived('left', async (q): Promise<number> => {
        await stops.at('left')
        return (await q.get(middle)) + 1
      })
      const middle: Derived<[], Promise<number>> = derived('middle', (q): Promise<number> => q.get(right))
      const right: Derived<[], Promise<number>> = derived('right', async (q): Promise<number> => {
        await stops.at('right')
        return (await q.get(back)) + 1
      })
      const back: Derived<[], Promise<number>> = derived('back', (q): Promise<number> => q.get(left))
      const outcomes = [db.get(left), db.get(right)].map(track)
      for (const name of order) await stops.open(name)
      await macrotask()
      expect(outcomes.map(({ error }) => error instanceof CycleError)).toEqual([true, true])
    }
  })

  it('[CYC-4] a ring that part of Promise.all closes fails all on it; what was asked besides ends by itself', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const leaf = derived('leaf', async (q) => {
      await stops.at('leaf')
      return q.get(x)
    })
    const a: Derived<[], Promise<number[]>> = derived('a', async (q): Promise<number[]> => {
      await stops.at('a')
      return Promise.all([q.get(leaf), q.get(b)])
    })
    const b: Derived<[], Promise<number>> = derived('b', async (q): Promise<number> => {
      await stops.at('b')
      return (await q.get(a)).length
    })
    const outcomes = [track(db.get(b)), track(db.get(a))]
    await stops.open('a')
    await stops.open('b')
    await macrotask()
    expect(outcomes.map(({ error }) => error instanceof CycleError)).toEqual([true, true])
    await stops.openAll()
    expect(await db.get(leaf)).toBe(1)
  })

  it('[CYC-4] rings across the head and its snapshots', async () => {
    for (const order of ordersOf(['0', '1', '2'])) {
      const db = createDatabase()
      const stops = new Stops()
      const ring = makeRing(3, stops)
      const views: View[] = [db, db.snapshot(), db.snapshot().snapshot()]
      const outcomes = views.map((view, at) => track(view.get(ring, at)))
      for (const at of order) if (stops.labels.includes(at)) await stops.open(at)
      await stops.openAll()
      await macrotask()
      expect(outcomes.map(({ error }) => error instanceof CycleError)).toEqual([true, true, true])
      expect(db.stats().jobs).toBe(0)
    }
  })

  it('[CYC-4] a ring whose bodies ask other views past their q', async () => {
    const db = createDatabase()
    const snapshot = db.snapshot()
    const a: Derived<[], Promise<number>> = derived('a', async (): Promise<number> => snapshot.get(b))
    const b: Derived<[], Promise<number>> = derived('b', async (): Promise<number> => db.get(a))
    const outcomes = [track(db.get(a)), track(snapshot.get(b))]
    await macrotask()
    expect(outcomes.map(({ error }) => error instanceof CycleError)).toEqual([true, true])
  })

  it('[CYC-4] a ring that writes overtake while it closes', async () => {
    for (const order of ordersOf([0, 1, 2])) {
      const db = createDatabase()
      const stops = new Stops()
      const ring = makeRing(3, stops)
      const older = order.map((at) => track(db.get(ring, at)))
      db.set(x, 2)
      await stops.open(String(order[0]))
      db.set(other, 3)
      const newer = order.map((at) => track(db.get(ring, at)))
      db.set(broken, true)
      const newest = order.map((at) => track(db.get(ring, at)))
      await stops.openAll()
      await macrotask()
      expect([...older, ...newer].map(({ error }) => error instanceof CycleError)).toEqual(Array.from({ length: 6 }, () => true))
      expect(newest.map(({ value }) => value)).toEqual(order.map((at) => (3 - at) % 3))
    }
  })

  it('[CYC-4] a body that awaits its own query past its q can at least be left, and closed', async () => {
    const db = createDatabase()
    const self: Derived<[], Promise<number>> = derived('self', async (): Promise<number> => {
      await Promise.resolve()
      return db.with({ signal: leaver.signal }).get(self)
    })
    const leaver = new AbortController()
    const outcome = track(db.with({ signal: leaver.signal }).get(self))
    await macrotask()
    if (outcome.state === 'pending') leaver.abort('gone')
    await macrotask()
    expect(outcome.state).toBe('rejected')
  })
})
