/** Ad-hoc reads, projections, and when a value last changed. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { flush, gate, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, CycleError, type Database, derived, type Derived, input } from '../../src/index.js'
import { dependents, edges } from '../support/inspect.js'
import { rejectionOf, thrownBy, track } from '../support/turns.js'

const number = input<[name: string], number>('number', { initial: 0 })

describe('ad-hoc reads', () => {
  it('[DER-13] read is not memoised, and the queries it reads are', async () => {
    const ran: string[] = []
    const double = derived('double', (q, name: string) => {
      ran.push(name)
      return q.get(number, name) * 2
    })
    const db = createDatabase()
    const body = (q: Parameters<Parameters<Database['read']>[0]>[0]): number => {
      ran.push('read')
      return q.get(double, 'a') + q.get(double, 'b')
    }
    expect([db.read(body), db.read(body)]).toEqual([0, 0])
    expect(ran).toEqual(['read', 'a', 'b', 'read'])
    expect(await db.read(async (q) => q.get(double, 'a'))).toBe(0)
    expect(ran).toEqual(['read', 'a', 'b', 'read'])
    expect(db.stats()).toMatchObject({ queries: 2, jobs: 0 })
  })

  it('[DER-13] read leaves nothing behind among those that depend on what it has read', async () => {
    const double = derived('double', (q, name: string) => q.get(number, name) * 2)
    const above = derived('above', (q) => q.get(double, 'a'))
    const db = createDatabase()
    db.get(above)
    db.read((q) => q.get(double, 'a'))
    await db.read(async (q) => q.get(double, 'a'))
    expect(dependents(db, double, 'a')).toEqual(['above()'])
  })

  it('[DER-13] read sees one revision, however many commits are made meanwhile', async () => {
    const stops = new Stops()
    const copy = derived('copy', (q, name: string) => q.get(number, name))
    const db = createDatabase()
    const seen = db.read(async (q) => {
      const values = [q.revision, q.get(copy, 'a')]
      await stops.at('one')
      values.push(q.get(copy, 'b'), q.get(number, 'c'))
      await stops.at('two')
      return [...values, q.get(copy, 'a'), q.get(copy, 'b'), q.keys(number).length, q.revision]
    })
    for (const name of ['a', 'b', 'c']) db.set(number, name, 1)
    await stops.open('one')
    for (const name of ['a', 'b', 'c', 'd']) db.set(number, name, 2)
    await stops.open('two')
    expect(await seen).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
    expect(db.read((q) => q.get(copy, 'a'))).toBe(2)
  })

  it('[DER-13] read throws what its function throws, and leaves nothing to be announced', async () => {
    const error = new Error('no')
    const db = createDatabase()
    expect(thrownBy(() => db.read((q) => {
      q.get(number, 'a')
      throw error
    }))).toBe(error)
    expect(await rejectionOf(db.read(async (q) => {
      q.get(number, 'a')
      throw error
    }))).toBe(error)
    const stopped = gate()
    const overtaken = db.read(async (q) => {
      q.get(number, 'a')
      await stopped.promise
      return q.get(number, 'a')
    })
    db.set(number, 'a', 1)
    stopped.open()
    expect(await overtaken).toBe(0)
    const log = record(db, 'invalidation')
    db.set(number, 'a', 2)
    expect(log.take()).toEqual([])
    expect(db.stats()).toMatchObject({ queries: 0, jobs: 0 })
  })
})

const big = input<[], Readonly<Record<string, number>>>('big', { initial: {} })

describe('projections', () => {
  it('[DER-16] a sync derived over a big value cuts off what did not change', () => {
    const ran: string[] = []
    const item = derived('item', (q, key: string) => [ran.push(`item ${key}`), q.get(big)[key]].at(-1))
    const view = derived('view', (q, key: string) => [ran.push(`view ${key}`), q.get(item, key)].at(-1))
    const db = createDatabase()
    db.set(big, { a: 1, b: 2 })
    db.get(view, 'a')
    db.get(view, 'b')
    ran.length = 0
    db.set(big, { a: 1, b: 3 })
    expect([db.get(view, 'a'), db.get(view, 'b')]).toEqual([1, 3])
    expect(ran).toEqual(['item a', 'item b', 'view b'])
  })

  it('[DER-16] a projection costs no more than 100 bytes over a plain cell', { timeout: 60_000 }, () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const count = 50_000
    const source = derived('source', (q) => q.get(big))
    const plain = derived('plain', (q, _i: number) => q.get(big)['x'] ?? 0)
    const projection = derived('projection', (q, _i: number) => q.get(source)['x'] ?? 0)
    const cost = (query: Derived<[i: number], number>): number => {
      const db = createDatabase()
      db.get(query, -1)
      gc()
      const before = process.memoryUsage().heapUsed
      for (let i = 0; i < count; i++) db.get(query, i)
      gc()
      return (process.memoryUsage().heapUsed - before) / (db.stats().queries - 1)
    }
    cost(plain)
    expect(cost(projection) - cost(plain)).toBeLessThanOrEqual(100)
  })
})

describe('when a value last changed', () => {
  const magnitude = derived('magnitude', (q, name: string) => Math.abs(q.get(number, name)))
  const twice = derived('twice', (q, name: string) => q.get(magnitude, name) * 2)
  const later = derived('later', async (q, name: string) => q.get(twice, name) + 1)

  it('[DER-17] touch gives the revision of the newest thing read, not the one of the call', async () => {
    const db = createDatabase()
    db.set(number, 'a', 1)
    db.set(number, 'b', 1)
    db.set(number, 'b', 2)
    expect([db.touch(twice, 'a'), db.touch(twice, 'b'), db.touch(twice, 'c')]).toEqual([1, 3, 0])
    expect(await db.touch(later, 'a')).toBe(1)
    db.set(number, 'a', -1)
    expect([db.touch(magnitude, 'a'), db.touch(twice, 'a'), await db.touch(later, 'a')]).toEqual([1, 1, 1])
    db.set(number, 'a', 5)
    db.set(number, 'b', 5)
    expect([db.touch(magnitude, 'a'), db.touch(twice, 'a'), await db.touch(later, 'a')]).toEqual([5, 5, 5])
    expect(db.revision).toBe(6)
  })

  it('[DER-17] touch makes the cell valid: a get after it runs nothing', async () => {
    const ran: string[] = []
    const counted = derived('counted', async (q) => [ran.push('counted'), q.get(number, 'a')].at(-1))
    const db = createDatabase()
    db.set(number, 'a', 1)
    const touched = db.touch(counted)
    expect(touched).toBeInstanceOf(Promise)
    expect(await touched).toBe(1)
    await db.get(counted)
    expect(db.touch(counted)).toBeInstanceOf(Promise)
    expect(await db.touch(counted)).toBe(1)
    expect(ran).toEqual(['counted'])
  })

  it('[DER-17] an absent input that is set, a removal, an invalidation and a volatile change count', () => {
    const maybe = input<[], number>('maybe')
    let outside = 0
    const reads = derived('reads', (q) => q.get(maybe) ?? null)
    const clock = derived('clock', (q) => [q.volatile(), outside].at(-1))
    const foreign = derived('foreign', () => outside)
    const db = createDatabase()
    expect([db.touch(reads), db.touch(clock), db.touch(foreign)]).toEqual([0, 0, 0])
    db.set(maybe, 1)
    expect([db.touch(reads), db.touch(clock), db.touch(foreign)]).toEqual([1, 0, 0])
    db.remove(maybe)
    expect([db.touch(reads), db.touch(clock), db.touch(foreign)]).toEqual([2, 0, 0])
    outside = 1
    db.invalidate(foreign)
    expect([db.touch(reads), db.touch(clock), db.touch(foreign)]).toEqual([2, 3, 3])
    db.invalidate(foreign)
    expect([db.touch(reads), db.touch(clock), db.touch(foreign)]).toEqual([2, 3, 3])
  })

  it('[DER-17] a failure is an outcome too: touch gives its revision, and throws nothing', async () => {
    const positive = derived('positive', (q) => {
      if (q.get(number, 'a') < 0) throw new Error('negative')
      return q.get(number, 'a')
    })
    const positiveLater = derived('positiveLater', async (q) => q.get(positive))
    const db = createDatabase()
    db.set(number, 'a', 1)
    expect([db.touch(positive), await db.touch(positiveLater)]).toEqual([1, 1])
    db.set(number, 'a', -1)
    db.set(number, 'b', 1)
    expect([db.touch(positive), await db.touch(positiveLater)]).toEqual([2, 2])
    db.set(number, 'b', 2)
    expect([db.touch(positive), await db.touch(positiveLater)]).toEqual([2, 2])
  })

  it('[DER-17] of an evaluation that is overtaken, touch gives what held where it was asked', async () => {
    const stops = new Stops()
    const slow = derived('slow', async (q) => {
      const value = q.get(number, 'a')
      await stops.at('slow')
      return value
    })
    const db = createDatabase()
    db.set(number, 'a', 1)
    const old = track(db.touch(slow))
    db.set(number, 'a', 2)
    const young = track(db.touch(slow))
    await stops.openAll()
    expect([old, young]).toEqual([{ state: 'fulfilled', value: 1 }, { state: 'fulfilled', value: 2 }])
  })

  it('[DER-17 DER-12] a body that touches or prefetches itself through the view is a cycle, not an overflow', async () => {
    const db = createDatabase()
    const warms: Derived<[], string> = derived('warms', (q) => {
      db.prefetch(warms)
      return `${q.get(number, 'a')}`
    })
    const touches: Derived<[], string> = derived('touches', () => `${db.touch(touches)}`)
    const cycles = [thrownBy(() => db.get(warms)), thrownBy(() => db.get(touches))]
    expect(cycles).toEqual([expect.any(CycleError), expect.any(CycleError)])
    await flush()
    expect(db.stats().jobs).toBe(0)
    expect(edges(db, touches)).toEqual([])
  })
})
