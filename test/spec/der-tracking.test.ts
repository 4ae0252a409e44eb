/** What an evaluation records: which reads count, for whom, in which order, and until when. */
import { flush, gate, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, FinishedQueryError, input, type Query } from '../../src/index.js'
import { edges } from '../support/inspect.js'
import { macrotask, ordersOf, rejectionOf, thrownBy, track } from '../support/turns.js'

const cellOf = input<[name: string], number>('in', { initial: 0 })

describe('tracking goes through q', () => {
  for (const order of ordersOf(['a', 'b', 'c'])) {
    it(`[DER-8] Promise.all branches of three concurrent queries are attributed rightly, finished in the order ${order.join('')}`, async () => {
      const stops = new Stops()
      const ran: string[] = []
      const leaf = derived('leaf', async (q, name: string) => {
        await stops.at(name)
        return q.get(cellOf, name)
      })
      const pair = derived('pair', async (q, x: string, y: string) => {
        ran.push(x + y)
        const values = await Promise.all([x, y].map(async (name) => {
          const value = await q.get(leaf, name)
          return value + q.get(cellOf, `${x}${y} after ${name}`)
        }))
        return values.join()
      })
      const db = createDatabase()
      const all = track(Promise.all([db.get(pair, 'a', 'b'), db.get(pair, 'b', 'c'), db.get(pair, 'c', 'a')]))
      for (const name of order) await stops.open(name)
      expect(all).toEqual({ state: 'fulfilled', value: ['0,0', '0,0', '0,0'] })
      ran.length = 0
      for (const name of order) {
        db.set(cellOf, name, 1)
        db.prefetch(leaf, name)
        await stops.open(name)
        await Promise.all([db.get(pair, 'a', 'b'), db.get(pair, 'b', 'c'), db.get(pair, 'c', 'a')])
        expect(ran.splice(0).toSorted()).toEqual(['ab', 'bc', 'ca'].filter((id) => id.includes(name)))
        db.set(cellOf, `ab after ${name}`, 1)
        await Promise.all([db.get(pair, 'a', 'b'), db.get(pair, 'b', 'c'), db.get(pair, 'c', 'a')])
        expect(ran.splice(0)).toEqual('ab'.includes(name) ? ['ab'] : [])
      }
    })
  }

  it('[DER-8] it survives macrotasks and foreign callbacks', async () => {
    const ran: string[] = []
    const queue: (() => void)[] = []
    const reading = derived('reading', async (q) => {
      ran.push('reading')
      await macrotask()
      const first = q.get(cellOf, 'after a macrotask')
      const second = await new Promise<number>((resolve) => {
        queue.push(() => resolve(q.get(cellOf, 'in a callback')))
      })
      return first + second
    })
    const bystander = derived('bystander', (q) => {
      for (const call of queue.splice(0)) call()
      return q.get(cellOf, 'bystander')
    })
    const db = createDatabase()
    const value = db.get(reading)
    await macrotask()
    await flush()
    db.get(bystander)
    expect(await value).toBe(0)
    expect(edges(db, reading)).toEqual(['in("after a macrotask")', 'in("in a callback")'])
    expect(edges(db, bystander)).toEqual(['in(bystander)'])
    db.set(cellOf, 'in a callback', 5)
    const again = db.get(reading)
    await macrotask()
    for (const call of queue.splice(0)) call()
    expect(await again).toBe(5)
    expect(ran).toEqual(['reading', 'reading'])
  })

  it('[DER-8] a q handed to an inner query belongs to the one it was made for', () => {
    let lent: Query | undefined
    const borrower = derived('borrower', () => lent?.get(cellOf, 'lent') ?? -1)
    const lender = derived('lender', (q) => {
      lent = q
      const value = q.get(borrower)
      lent = undefined
      return value
    })
    const db = createDatabase()
    expect(db.get(lender)).toBe(0)
    expect(edges(db, borrower)).toEqual([])
    expect(edges(db, lender)).toEqual(['borrower()', 'in(lent)'])
  })
})

describe('one edge for each dependency', () => {
  it('[DER-10] a thousand reads record one edge, of inputs and of queries, sync and async', async () => {
    const low = derived('low', (q) => q.get(cellOf, 'low'))
    const slow = derived('slow', async (q) => q.get(low))
    const many = derived('many', async (q) => {
      for (let i = 0; i < 1000; i++) {
        q.get(cellOf, 'a')
        q.get(low)
        await q.get(slow)
        q.has(cellOf, 'a')
      }
    })
    const db = createDatabase()
    await db.get(many)
    expect(edges(db, many)).toEqual(['in(a)', 'low()', 'slow()'])
  })

  it('[DER-10] reading in changing order, and repeatedly, records each once and in the order first read', () => {
    const order = input<[], string>('order', { initial: 'ab' })
    const reader = derived('reader', (q) => q.get(order).split('').map((name) => q.get(cellOf, name)).length)
    const db = createDatabase()
    for (const names of ['ab', 'bab', 'abab', 'babab', 'cabcab', 'abcabc', 'bca', 'aabbcc', 'cbacba', 'abcdabcd', 'dcbadcba', 'd', 'abcd']) {
      db.set(order, names)
      expect(db.get(reader)).toBe(names.length)
      expect(edges(db, reader)).toEqual(['order()', ...[...new Set(names)].map((name) => `in(${name})`)])
    }
  })

  it('[DER-10] reading two records in turns, begun at the other one every time, does not gather edges', () => {
    const turn = input<[], number>('turn', { initial: 0 })
    const reader = derived('reader', (q) => {
      const start = q.get(turn)
      for (let i = 0; i < 100; i++) q.get(cellOf, (i + start) % 2 === 0 ? 'a' : 'b')
    })
    const db = createDatabase()
    for (let i = 0; i < 20; i++) {
      db.set(turn, i)
      db.get(reader)
      expect(edges(db, reader)).toHaveLength(3)
    }
  })

  it('[DER-10] the same with queries in turns', () => {
    const turn = input<[], number>('turn', { initial: 0 })
    const leaf = derived('leaf', (q, name: string) => q.get(cellOf, name))
    const reader = derived('reader', (q) => {
      const start = q.get(turn)
      for (let i = 0; i < 100; i++) q.get(leaf, (i + start) % 2 === 0 ? 'a' : 'b')
    })
    const db = createDatabase()
    for (let i = 0; i < 5; i++) {
      db.set(turn, i)
      db.get(reader)
      expect(edges(db, reader)).toHaveLength(3)
    }
  })

  it('[DER-10] evaluations that read one record by turns each record it once', async () => {
    const stops = new Stops()
    const poll = derived('poll', async (q, name: string) => {
      for (let i = 0; i < 5; i++) {
        await stops.at(name)
        q.get(cellOf, 'shared')
        q.get(cellOf, 'shared too')
      }
    })
    const db = createDatabase()
    const names = ['w', 'x', 'y', 'z']
    const done = names.map((name) => db.get(poll, name))
    for (const name of ['z', 'w', 'z', 'x', 'z', 'w', 'y', 'z', 'x', 'z', 'y', 'w', 'x', 'w', 'y', 'w', 'x', 'y', 'x', 'y']) await stops.open(name)
    await Promise.all(done)
    for (const name of names) expect(edges(db, poll, name)).toEqual(['in(shared)', 'in("shared too")'])
  })

  it('[DER-10] edges are live from the first read: a write reaches the evaluation while it runs', async () => {
    const opened = gate()
    const ran: string[] = []
    const slow = derived('slow', async (q) => {
      ran.push('slow')
      const value = q.get(cellOf, 'a')
      await opened.promise
      return value
    })
    const db = createDatabase()
    const log = record(db, 'invalidation')
    const before = db.get(slow)
    db.set(cellOf, 'b', 1)
    expect(log.take()).toEqual([])
    db.set(cellOf, 'a', 1)
    expect(log.take()).toEqual(['stale slow()'])
    const after = db.get(slow)
    expect(ran).toEqual(['slow', 'slow'])
    opened.open()
    expect([await before, await after]).toEqual([0, 1])
  })
})

describe('reads after the end', () => {
  it('[DER-9] throw FinishedQueryError and record nothing, for every kind of read', () => {
    const low = derived('low', () => 1)
    let leaked: Query | undefined
    const leaky = derived('leaky', (q) => {
      leaked = q
      return q.get(cellOf, 'read')
    })
    const db = createDatabase()
    db.get(leaky)
    const q = leaked as Query
    const reads = [
      () => q.get(cellOf, 'x'), () => q.get(low), () => q.peek(cellOf, 'x'), () => q.peek(low), () => q.has(cellOf, 'x'), () => q.keys(cellOf),
      () => q.entries(cellOf), () => q.volatile(), () => q.get(cellOf, 'read'),
    ]
    for (const read of reads) {
      const error = thrownBy(read)
      expect(error).toBeInstanceOf(FinishedQueryError)
      expect((error as FinishedQueryError).query).toBe('leaky()')
    }
    expect(edges(db, leaky)).toEqual(['in(read)'])
    expect(db.stats().runs).toBe(1)
  })

  it('[DER-9] also of a failed query, and of a branch that lost a race', async () => {
    const late = gate()
    const reads: unknown[] = []
    const failing = derived('failing', async (q) => {
      const loser = late.promise.then(() => q.get(cellOf, 'late')).catch((error: unknown) => reads.push(error))
      await Promise.race([loser, Promise.reject(new Error('first'))])
    })
    const db = createDatabase()
    expect(await rejectionOf(db.get(failing))).toEqual(new Error('first'))
    late.open()
    await flush()
    expect(reads).toEqual([expect.any(FinishedQueryError)])
    expect(edges(db, failing)).toEqual([])
  })

  it('[DER-9] asking an ended evaluation for its signal or revision leaves nothing behind', async () => {
    const leaked: Query[] = []
    const sync = derived('sync', (q) => leaked.push(q))
    const later = derived('later', async (q) => leaked.push(q))
    const db = createDatabase()
    db.get(sync)
    await db.get(later)
    for (const q of leaked) {
      expect(q.revision).toBe(0)
      try {
        expect(q.signal.aborted).toBe(false)
      } catch (error) {
        expect(error).toBeInstanceOf(FinishedQueryError)
      }
    }
    expect(db.stats().jobs).toBe(0)
  })
})
