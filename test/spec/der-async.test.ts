/** Asynchronous results: promises, thenables that are none, and synchronous queries that hand on what is asynchronous. */
// oxlint-disable unicorn/no-thenable -- what looks like a promise is what is tested
import { flush, gate, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'
import { edges } from '../support/inspect.js'
import { macrotask, rejectionOf, track } from '../support/turns.js'
import { unhandledDuring } from '../support/unhandled.js'

const number = input<[name: string], number>('number', { initial: 0 })

/** A thenable that does what it is told when it is asked. */
function thenable<T>(ask: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): PromiseLike<T> {
  return { then: ask } as unknown as PromiseLike<T>
}

describe('synchronous and asynchronous queries', () => {
  it('[DER-7] an async query reads sync and async ones; a sync one hands on the promise and so becomes async', async () => {
    const ran: string[] = []
    const sync = derived('sync', (q) => q.get(number, 'a') + 1)
    const later = derived('later', async (q) => q.get(sync) + 1)
    const handsOn = derived('handsOn', (q) => {
      ran.push('handsOn')
      return q.get(later)
    })
    const maps = derived('maps', (q) => {
      ran.push('maps')
      return q.get(handsOn).then((value) => value + q.get(sync))
    })
    const db = createDatabase()
    expect(db.get(maps)).toBeInstanceOf(Promise)
    expect(await db.get(maps)).toBe(3)
    expect(db.get(handsOn)).toBe(db.get(handsOn))
    db.set(number, 'a', 1)
    expect(await db.get(maps)).toBe(5)
    expect(ran).toEqual(['maps', 'handsOn', 'handsOn', 'maps'])
  })

  it('[DER-7] what it hands on is cut off by the value of the promise', async () => {
    const ran: string[] = []
    const later = derived('later', async (q) => Math.abs(q.get(number, 'a')))
    const handsOn = derived('handsOn', (q) => {
      ran.push('handsOn')
      return q.get(later)
    })
    const top = derived('top', async (q) => {
      ran.push('top')
      return q.get(handsOn)
    })
    const db = createDatabase()
    db.set(number, 'a', 1)
    await db.get(top)
    ran.length = 0
    db.set(number, 'a', -1)
    expect(await db.get(top)).toBe(1)
    expect(ran).toEqual([])
    db.set(number, 'a', 2)
    expect(await db.get(top)).toBe(2)
    expect(ran).toEqual(['handsOn', 'top'])
  })

  it('[DER-7] a sync query may return an object that holds the promise of an async one', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const later = derived('later', async (q) => {
      const value = q.get(number, 'a')
      await stops.at('later')
      return value
    })
    const holder = derived('holder', (q) => {
      ran.push('holder')
      return { promise: q.get(later) }
    })
    const db = createDatabase()
    const held = db.get(holder)
    expect(db.get(holder)).toBe(held)
    await stops.open('later')
    expect(await held.promise).toBe(0)
    db.set(number, 'b', 1)
    expect(db.get(holder)).toBe(held)
    expect(ran).toEqual(['holder'])
    expect(edges(db, holder)).toEqual(['later()'])
    expect(db.stats().jobs).toBe(0)
    db.set(number, 'a', 7)
    const renewed = track(db.get(holder).promise)
    await stops.open('later')
    expect(renewed).toEqual({ state: 'fulfilled', value: 7 })
    expect(ran).toEqual(['holder', 'holder'])
  })

  it('[DER-7] the holder of a promise follows a change made while the promise is on its way', async () => {
    const stops = new Stops()
    const later = derived('later', async (q) => {
      const value = q.get(number, 'a')
      await stops.at('later')
      return value
    })
    const holder = derived('holder', (q) => ({ promise: q.get(later) }))
    for (const order of ['before the second get', 'after it']) {
      const db = createDatabase()
      const first = track(db.get(holder).promise)
      db.set(number, 'a', 1)
      if (order === 'before the second get') await stops.open('later')
      const second = track(db.get(holder).promise)
      await stops.openAll()
      expect([first, second]).toEqual([{ state: 'fulfilled', value: 0 }, { state: 'fulfilled', value: 1 }])
      expect(await db.get(holder).promise).toBe(1)
      expect(db.stats().jobs).toBe(0)
    }
  })

  it('[DER-7] the promise that is held may fail, and nobody has to look', async () => {
    const opened = gate()
    const failing = derived('failing', async () => {
      await opened.promise
      throw new Error('no')
    })
    const holder = derived('holder', (q) => ({ promise: q.get(failing) }))
    const db = createDatabase()
    const reasons = await unhandledDuring(async () => {
      const held = db.get(holder)
      opened.open()
      await flush()
      expect(db.get(holder)).toBe(held)
      expect(await rejectionOf(held.promise)).toEqual(new Error('no'))
    })
    expect(reasons).toEqual([])
  })

  it('[DER-7] a query may be async in one run and sync in the next', async () => {
    const ran: string[] = []
    const mixed = derived('mixed', (q) => {
      const value = q.get(number, 'a')
      return value > 0 ? Promise.resolve(value) : value
    })
    const top = derived('top', async (q) => {
      ran.push('top')
      return q.get(mixed)
    })
    const db = createDatabase()
    expect(db.get(mixed)).toBe(0)
    expect(await db.get(top)).toBe(0)
    db.set(number, 'a', 1)
    expect(db.get(mixed)).toBeInstanceOf(Promise)
    expect(await db.get(top)).toBe(1)
    db.set(number, 'a', -1)
    expect(db.get(mixed)).toBe(-1)
    expect(await db.get(top)).toBe(-1)
    expect(ran).toEqual(['top', 'top', 'top'])
  })
})

describe('thenables that are no promises', () => {
  const cases: readonly [what: string, make: () => PromiseLike<unknown>, value: unknown][] = [
    ['calls back synchronously', () => thenable((resolve) => resolve('value')), 'value'],
    ['calls back in a macrotask', () => thenable((resolve) => void macrotask().then(() => resolve('value'))), 'value'],
    ['calls back twice', () => thenable((resolve) => [resolve('value'), resolve('second')]), 'value'],
    ['calls back, then rejects', () => thenable((resolve, reject) => [resolve('value'), reject(new Error('late'))]), 'value'],
    ['throws after calling back', () => thenable((resolve) => {
      resolve('value')
      throw new Error('late')
    }), 'value'],
    ['gives another thenable', () => thenable((resolve) => resolve(thenable((inner) => inner('value')))), 'value'],
    ['is a function', () => Object.assign(() => {}, thenable((resolve) => resolve('value'))), 'value'],
  ]
  for (const [what, make, value] of cases) {
    it(`[DER-7] one that ${what}`, async () => {
      const ran: string[] = []
      const foreign = derived('foreign', (q) => {
        ran.push('foreign')
        q.get(number, 'a')
        return make()
      })
      const top = derived('top', async (q) => {
        ran.push('top')
        return q.get(foreign)
      })
      const db = createDatabase()
      expect(db.get(foreign)).toBeInstanceOf(Promise)
      expect(await db.get(top)).toBe(value)
      db.set(number, 'a', 1)
      expect(await db.get(top)).toBe(value)
      expect(ran).toEqual(['foreign', 'top', 'foreign'])
      expect(db.stats().jobs).toBe(0)
    })
  }

  it('[DER-7 ERR-3] one that throws in `then`, rejects, or cannot be asked for `then` fails the query', async () => {
    const error = new Error('no')
    const throwing = derived('throwing', () => thenable(() => {
      throw error
    }))
    const rejecting = derived('rejecting', () => thenable((_resolve, reject) => reject(error)))
    const refusing = derived('refusing', () => ({
      get then(): never {
        throw error
      },
    }))
    const db = createDatabase()
    expect(await rejectionOf(Promise.resolve(db.get(throwing)))).toBe(error)
    expect(await rejectionOf(Promise.resolve(db.get(rejecting)))).toBe(error)
    expect(() => db.get(refusing)).toThrow(error)
    expect(db.stats().jobs).toBe(0)
  })

  it('[DER-7] one that never calls back keeps only its own callers waiting', async () => {
    const never = derived('never', (q) => thenable<number>(() => q.get(number, 'a')))
    const db = createDatabase()
    const waiting = track(db.get(never))
    await macrotask()
    expect(waiting.state).toBe('pending')
    db.set(number, 'a', 1)
    expect(db.get(number, 'a')).toBe(1)
    db.close()
    await flush()
    expect(waiting.state).toBe('rejected')
  })

  it('[DER-7] a promise whose own `then` calls back synchronously', async () => {
    class Eager extends Promise<number> {
      override then<A, B>(yes?: ((value: number) => A | PromiseLike<A>) | null, no?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
        yes?.(5)
        return super.then(yes, no)
      }
    }
    const eager = derived('eager', () => new Eager((resolve) => resolve(5)))
    const db = createDatabase()
    expect(await db.get(eager)).toBe(5)
    expect(db.stats().jobs).toBe(0)
  })

  it('[DER-7] a value that looks like a thenable but is none is a value', () => {
    const values = [{ then: 1 }, { then: null }, Object.assign(() => 1, { then: 'no' })]
    const plain = derived('plain', (_q, i: number) => values[i])
    const db = createDatabase()
    for (const [i, value] of values.entries()) expect(db.get(plain, i)).toBe(value)
  })
})
