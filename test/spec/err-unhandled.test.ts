/** Rejections that nobody handles. */
import { flush, gate } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, input, type Query } from '../../src/index.js'
import { unhandledDuring } from '../support/unhandled.js'

const number = input<[name: string], number>('number', { initial: 0 })

/** A failing chain: top -> middle -> low, all async. */
function failingChain(opened: Promise<void>) {
  const low = derived('low', async (q) => {
    await opened
    throw new Error(`no ${q.get(number, 'a')}`)
  })
  const middle = derived('middle', async (q) => q.get(low))
  const top = derived('top', async (q) => q.get(middle))
  return { low, middle, top }
}

describe('rejections that nobody handles', () => {
  const calls: readonly [what: string, call: (db: Database, top: ReturnType<typeof failingChain>['top']) => unknown, count: number][] = [
    ['a get nobody handles', (db, top) => void db.get(top), 1],
    ['two gets of one failure', (db, top) => void [db.get(top), db.get(top)], 1],
    ['a get that is handled', (db, top) => db.get(top).catch(() => {}), 0],
    ['one handled, one not: they are one promise', (db, top) => void [db.get(top).catch(() => {}), db.get(top)], 0],
    ['prefetch', (db, top) => db.prefetch(top), 0],
    ['touch', (db, top) => db.touch(top), 0],
    ['watch', (db, top) => db.watch(top).subscribe(), 0],
    ['a read nobody handles', (db, top) => void db.read((q) => q.get(top)), 1],
    ['a read of an object that holds the promise', (db, top) => void db.read((q) => ({ promise: q.get(top) })), 0],
    ['a caller with a signal', (db, top) => void db.with({ signal: new AbortController().signal }).get(top), 1],
  ]
  for (const [what, call, count] of calls) {
    it(`[ERR-9] ${what}: ${count}`, async () => {
      const opened = gate()
      const { top } = failingChain(opened.promise)
      const db = createDatabase()
      const reasons = await unhandledDuring(async () => {
        call(db, top)
        await flush()
        opened.open()
        await flush()
      })
      expect(reasons).toHaveLength(count)
      expect(db.stats().jobs).toBe(0)
    })
  }

  it('[ERR-9] bodies that catch, forget, race or never await what fails cause none', async () => {
    const opened = gate()
    const { low, middle, top } = failingChain(opened.promise)
    const late = gate()
    const bodies: readonly ((q: Query) => unknown)[] = [
      async (q) => q.get(top).catch(() => 'caught'),
      async (q) => void q.get(top),
      async (q) => Promise.race([Promise.resolve(1), q.get(top)]),
      async (q) => {
        const promise = q.get(top)
        await late.promise
        return promise.catch(() => 'caught late')
      },
      async (q) => Promise.allSettled([q.get(low), q.get(middle), q.get(low)]),
      async (q) => void q.peek(top),
      (q) => typeof q.get(top),
    ]
    const queries = bodies.map((body, i) => derived(`query ${i}`, body))
    const db = createDatabase()
    const getAll = (): Promise<unknown[]> => Promise.all(queries.map((query) => Promise.resolve(db.get(query))))
    const reasons = await unhandledDuring(async () => {
      const values = getAll()
      opened.open()
      await flush()
      db.set(number, 'a', 1)
      late.open()
      await values
      await getAll()
      db.set(number, 'b', 1)
      await getAll()
    })
    expect(reasons).toEqual([])
    expect(db.stats().jobs).toBe(0)
  })

  it('[ERR-9] a failure that commits overtake, and one of a database that closes', async () => {
    const opened = gate()
    const { top } = failingChain(opened.promise)
    const db = createDatabase()
    const reasons = await unhandledDuring(async () => {
      db.prefetch(top)
      db.set(number, 'a', 1)
      db.prefetch(top)
      db.watch(top).subscribe()
      db.set(number, 'a', 2)
      db.close()
      opened.open()
      await flush()
    })
    expect(reasons).toEqual([])
  })

  const deep = derived('deep', (q, n: number): number => (n === 0 ? q.get(number, 'a') : q.get(deep, n - 1) + 1))
  const branches = async (q: Query): Promise<number> => {
    const left = (async () => q.get(deep, 2000))()
    const right = (async () => q.get(deep, 1999))()
    return (await left) + (await right)
  }
  const deepReaders: readonly [what: string, body: (q: Query) => unknown][] = [
    ['an async body', async (q) => branches(q)],
    ['a plain function that returns a promise', (q) => branches(q)],
    ['a plain function that holds the promise', (q) => ({ promise: branches(q) })],
  ]
  for (const [what, body] of deepReaders) {
    it(`[ERR-9] freeing a deep stack rejects no promise of ${what}`, async () => {
      const db = createDatabase()
      const top = derived('top', body)
      const reasons = await unhandledDuring(async () => {
        const value = await Promise.resolve(db.get(top))
        expect(await (typeof value === 'number' ? value : (value as { promise: Promise<number> }).promise)).toBe(3999)
      })
      expect(reasons.length).toBe(0)
    })
  }
})
