/** Queries that need themselves, on one stack. */
import { describe, expect, it } from 'vitest'
import { CycleError, type Database, type Derived, derived, input, queryPath, type View } from '../../src/index.js'
import { outcome } from '../support/cycles.js'
import { countedDatabases } from '../support/databases.js'
import { rejectionOf, thrownBy } from '../support/turns.js'

const createDatabase = countedDatabases()

type Sync = Derived<[], number>
type Async = Derived<[], Promise<number>>

describe('paths', () => {
  it('[CYC-1] a query that reads itself fails, synchronous or not', async () => {
    const db = createDatabase()
    const self: Sync = derived('self', (q): number => q.get(self))
    const early: Async = derived('early', async (q): Promise<number> => q.get(early))
    const late: Async = derived('late', async (q): Promise<number> => {
      await Promise.resolve()
      return q.get(late)
    })
    expect(thrownBy(() => db.get(self))).toMatchObject({ name: 'CycleError', path: ['self()', 'self()'], wayIn: [] })
    expect(await rejectionOf(db.get(early))).toMatchObject({ name: 'CycleError', path: ['early()', 'early()'], wayIn: [] })
    expect(await rejectionOf(db.get(late))).toMatchObject({ name: 'CycleError', path: ['late()', 'late()'], wayIn: [] })
  })

  it('[CYC-1] the path goes from the repeated cell to itself, in reading order, and shows the way in apart', () => {
    const db = createDatabase()
    const step = derived('step', (q, at: string): number => q.get(step, { in: 'door', door: 'a', a: 'b', b: 'c', c: 'a' }[at] ?? 'in'))
    const entry = derived('entry', (q) => q.get(step, 'in'))
    const error = thrownBy(() => db.get(entry)) as CycleError
    expect(error.path).toEqual(['step(a)', 'step(b)', 'step(c)', 'step(a)'])
    expect(error.wayIn).toEqual(['entry()', 'step(in)', 'step(door)'])
    expect(error.message).toContain('step(a) -> step(b) -> step(c) -> step(a)')
    expect(error.message).toContain('entry() -> step(in) -> step(door)')
    expect(queryPath(error)[0]).toBe('entry()')
  })

  it('[CYC-1] the path of an asynchronous ring is whole, from one of its cells to itself', async () => {
    const db = createDatabase()
    const step: Derived<[at: string], Promise<number>> = derived('step', async (q, at: string): Promise<number> => {
      await Promise.resolve()
      return q.get(step, { in: 'a', a: 'b', b: 'c', c: 'a' }[at] ?? 'in')
    })
    const error = (await rejectionOf(db.get(step, 'in'))) as CycleError
    expect(error).toBeInstanceOf(CycleError)
    const ring = ['step(a)', 'step(b)', 'step(c)']
    const start = ring.indexOf(error.path[0] as string)
    expect(error.path).toEqual([...ring.slice(start), ...ring.slice(0, start), ring[start]])
    expect(error.wayIn.every((id) => id === 'step(in)')).toBe(true)
  })

  it('[CYC-1] asking for the very query in the synchronous part of its body, through the view', async () => {
    const ways: ((db: Database, query: Derived<[], unknown>) => unknown)[] = [
      (db, query) => db.get(query),
      (db, query) => db.read((q) => q.get(query)),
      (db, query) => db.with({ signal: new AbortController().signal }).get(query),
      (db, query) => db.touch(query),
    ]
    for (const way of ways) {
      const db = createDatabase()
      let runs = 0
      const sync: Derived<[], unknown> = derived<[], unknown>('sync', () => {
        runs++
        return way(db, sync)
      })
      const late: Derived<[], Promise<unknown>> = derived('late', async (): Promise<unknown> => {
        runs++
        return way(db, late)
      })
      expect(thrownBy(() => db.get(sync))).toBeInstanceOf(CycleError)
      expect(await rejectionOf(db.get(late))).toBeInstanceOf(CycleError)
      expect(runs).toBe(2)
    }
  })

  it('[CYC-1] prefetching the very query from its body does no harm', async () => {
    const db = createDatabase()
    const log: string[] = []
    const sync: Derived<[], unknown> = derived<[], unknown>('sync', () => {
      log.push('sync')
      db.prefetch(sync)
      return 1
    })
    expect(outcome(() => db.get(sync))).toSatisfy((result) => result === 1 || result === 'cycle')
    expect(log).toEqual(['sync'])
  })

  it('[CYC-1] a ring that goes through the view is found as well', async () => {
    const db = createDatabase()
    const a: Sync = derived('a', (): number => db.get(b))
    const b: Sync = derived('b', (q): number => q.get(c))
    const c: Sync = derived('c', (): number => db.read((q) => q.get(a)))
    expect(thrownBy(() => db.get(a))).toBeInstanceOf(CycleError)
    const left: Async = derived('left', async (): Promise<number> => db.get(right))
    const right: Async = derived('right', async (): Promise<number> => db.get(left))
    expect(await rejectionOf(db.get(left))).toBeInstanceOf(CycleError)
    expect(await rejectionOf(db.get(right))).toBeInstanceOf(CycleError)
  })

  it('[CYC-2] recursion over arguments is no cycle', async () => {
    const db = createDatabase()
    const fib: Derived<[n: number], bigint> = derived('fib', (q, n: number): bigint => (n < 2 ? BigInt(n) : q.get(fib, n - 1) + q.get(fib, n - 2)))
    const slow: Derived<[n: number], Promise<bigint>> = derived('slow', async (q, n: number): Promise<bigint> => {
      if (n < 2) return BigInt(n)
      const [a, b] = await Promise.all([q.get(slow, n - 1), q.get(slow, n - 2)])
      return a + b
    })
    expect(db.get(fib, 90)).toBe(2880067194370816120n)
    expect(await db.get(slow, 90)).toBe(2880067194370816120n)
    expect(db.stats().runs).toBe(2 * 91)
  })
})

describe('snapshots that bodies take', () => {
  it.each(['synchronous', 'asynchronous'])('[CYC-1 CYC-4] to ask them for the very query: a cycle, and no end of snapshots (%s)', async (kind) => {
    const x = input<[], number>('x', { initial: 1 })
    for (const via of [(view: View, query: Derived<[], unknown>) => view.get(query), (view: View, query: Derived<[], unknown>) => view.with({ signal: new AbortController().signal }).get(query)]) {
      const db = createDatabase()
      let taken = 0
      const other = derived('other', (q) => q.get(x) + 1)
      const body = (): unknown => {
        taken++
        using snapshot = db.snapshot()
        return [snapshot.get(other), via(snapshot, self)]
      }
      const self: Derived<[], unknown> = kind === 'synchronous' ? derived('self', body) : derived('self', async () => body())
      const error = kind === 'synchronous' ? thrownBy(() => db.get(self)) : await rejectionOf(Promise.resolve(db.get(self)))
      expect(error).toBeInstanceOf(CycleError)
      expect([taken, (error as CycleError).path, db.stats().jobs]).toEqual([1, ['self()', 'self()'], 0])
    }
  })
})

describe('equality functions', () => {
  const x = input<[], number>('x', { initial: 1 })
  const views: [string, (db: Database) => View][] = [
    ['the head', (db) => db],
    ['a snapshot', (db) => db.snapshot()],
    ['a snapshot that was written to', (db) => {
      const snapshot = db.snapshot()
      snapshot.set(x, 2)
      return snapshot
    }],
  ]

  it.each(views)('[CYC-1 VAL-8] that read the query they compare find a cycle, in %s', (_, viewOf) => {
    const db = createDatabase()
    const names: string[] = []
    let view: View = db
    const self: Derived<[], { x: number }> = derived('self', (q) => ({ x: q.get(x) }), {
      equals: () => {
        names.push((thrownBy(() => view.get(self)) as Error).name)
        return false
      },
    })
    db.get(self)
    db.set(x, 5)
    view = viewOf(db)
    view.set(x, 6)
    expect([view.get(self), names]).toEqual([{ x: 6 }, ['CycleError']])
    view.set(x, 7)
    expect([view.get(self), names]).toEqual([{ x: 7 }, ['CycleError', 'CycleError']])
    expect(db.stats().jobs).toBe(0)
  })

  it('[CYC-1 VAL-8] that read what depends on the query they compare find one too, and their failure is that of the query', () => {
    for (const first of ['lower', 'upper']) {
      const db = createDatabase()
      const upper: Derived<[], number> = derived('upper', (q) => q.get(lower).x)
      const lower: Derived<[], { x: number }> = derived('lower', (q) => ({ x: q.get(x) }), { equals: () => db.get(upper) > 0 })
      db.get(upper)
      db.set(x, 5)
      const error = thrownBy(() => (first === 'lower' ? db.get(lower) : db.get(upper)))
      expect([first, (error as Error).name, db.stats().jobs]).toEqual([first, first === 'lower' ? 'EqualityError' : 'CycleError', 0])
    }
  })
})
