/** Live queries: sharing, failing, and leaving. */
import { type Observable, take } from 'rxjs'
import { record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input, WriteInQueryError } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })

const double = derived('double', (q) => q.get(x) * 2)

describe('sharing and leaving', () => {
  it('[LIVE-5] ten subscribers of every kind are one run per change, and none after the last left', () => {
    const db = createDatabase()
    const log = record(db)
    let told = 0
    const subscriptions = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? db.watch(double) : (db.observe(double) as Observable<unknown>)).subscribe(() => told++))
    db.set(x, 2)
    expect(log.take()).toEqual(['run double()', 'run double()'])
    expect(told).toBe(20)
    for (const subscription of subscriptions.slice(1)) subscription.unsubscribe()
    db.set(x, 3)
    expect(log.take()).toEqual(['run double()'])
    subscriptions[0]?.unsubscribe()
    db.set(x, 4)
    expect(log.take()).toEqual([])
    expect(told).toBe(21)
    expect(db.get(double)).toBe(8)
  })

  it('[LIVE-6] watch shows failures as states, and the next good value follows', () => {
    const db = createDatabase()
    const picky = derived('picky', (q) => {
      if (q.get(x) < 0) throw new Error(`negative: ${q.get(x)}`)
      return { x: q.get(x) }
    })
    const seen: unknown[] = []
    const errors: unknown[] = []
    db.watch(picky).subscribe({ next: (state) => seen.push(state), error: (error) => errors.push(error) })
    for (const value of [-1, -2, 1, 2]) db.set(x, value)
    const one = { x: 1 }
    expect(seen).toEqual([
      { status: 'ready', value: one },
      { status: 'failed', error: new Error('negative: -1'), value: one },
      { status: 'failed', error: new Error('negative: -2'), value: one },
      { status: 'ready', value: one },
      { status: 'ready', value: { x: 2 } },
    ])
    const [first, failed, , healed] = seen as { value: unknown }[]
    expect([failed?.value, healed?.value].every((value) => value === first?.value)).toBe(true)
    expect(errors).toEqual([])
  })

  it('[LIVE-6] observe and live error once, with the very error, and are unobserved afterwards', () => {
    const db = createDatabase()
    const thrown = new Error('negative')
    const picky = derived('picky', (q) => {
      if (q.get(x) < 0) throw thrown
      return q.get(x)
    })
    const log = record(db)
    for (const make of [() => db.observe(picky), () => db.live((q) => q.get(picky))]) {
      db.set(x, 1)
      const seen: unknown[] = []
      make().subscribe({ next: (value) => seen.push(value), error: (error) => seen.push(error), complete: () => seen.push('complete') })
      for (const value of [2, -1, -2, 3]) db.set(x, value)
      expect(seen).toEqual([1, 2, thrown])
      log.take()
      db.set(x, 4)
      expect(log.take()).toEqual([])
    }
    db.set(x, -5)
    const seen: unknown[] = []
    db.observe(picky).subscribe({ error: (error) => seen.push(error) })
    expect(seen).toEqual([thrown])
  })

  it('[LIVE-6] a failure that nobody handles is reported once, and other subscribers go on', () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const thrown = new Error('negative')
    const picky = derived('picky', (q) => {
      if (q.get(x) < 0) throw thrown
      return q.get(x)
    })
    const seen: string[] = []
    db.observe(picky).subscribe((value) => seen.push(`value ${value}`))
    db.watch(picky).subscribe((state) => seen.push(state.status))
    db.set(x, -1)
    db.set(x, 2)
    expect(reported).toEqual([thrown])
    expect(seen).toEqual(['value 1', 'ready', 'failed', 'ready'])
  })

  it('[LIVE-1 LIVE-9] an operator that takes one value leaves at once', () => {
    const db = createDatabase()
    const log = record(db)
    const seen: unknown[] = []
    for (let i = 0; i < 3; i++) {
      db.observe(double)
        .pipe(take(1))
        .subscribe({ next: (value) => seen.push(value), complete: () => seen.push('complete') })
      db.set(x, 10 + i)
    }
    expect(log.take()).toEqual(['run double()', 'run double()', 'run double()'])
    expect(seen).toEqual([2, 'complete', 20, 'complete', 22, 'complete'])
  })

  it('[LIVE-3] subscribing in the synchronous part of a body is refused there, and goes nowhere', () => {
    const db = createDatabase()
    const errors: unknown[] = []
    const eager = derived('eager', (q) => {
      db.observe(double).subscribe({ next: () => errors.push('next'), error: (error) => errors.push(error) })
      return q.get(x)
    })
    expect(db.get(eager)).toBe(1)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toBeInstanceOf(WriteInQueryError)
    const log = record(db)
    db.set(x, 2)
    expect(log.take()).toEqual([])
  })
})
