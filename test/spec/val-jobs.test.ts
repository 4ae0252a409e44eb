/** Validation that has to wait: done once for all, and never taken back. */
import { record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Derived, derived, input } from '../../src/index.js'
import { verifiedAt } from '../support/inspect.js'
import { track } from '../support/turns.js'

const number = input<[name: string], number>('number', { initial: 0 })

describe('concurrency', () => {
  it('[VAL-6] one hundred gets of a stale cell validate it once, and what it needs once', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const low = derived('low', async (q) => {
      ran.push('low')
      const value = Math.abs(q.get(number, 'a'))
      await stops.at('low')
      return value
    })
    const high = derived('high', async (q) => [ran.push('high'), await q.get(low)].at(-1))
    const db = createDatabase()
    db.set(number, 'a', 1)
    const first = db.get(high)
    await stops.openAll()
    await first
    ran.length = 0
    db.set(number, 'a', -1)
    const log = record(db, 'run', 'validation')
    const promises = Array.from({ length: 100 }, () => db.get(high))
    await stops.openAll()
    expect(new Set(await Promise.all(promises))).toEqual(new Set([1]))
    expect(ran).toEqual(['low'])
    expect(log.take()).toEqual(['run low()', 'same low()', 'keep high()'])
    expect(new Set(promises).size).toBe(1)
  })

  it('[VAL-6] a query that what it has read starts while it is looked at is not started again', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const low: Derived<[], number> = derived('low', (q) => {
      if (q.get(number, 'a') === 1) void q.get(high)
      return 0
    })
    const middle = derived('middle', async (q) => {
      const value = q.get(low) + q.get(number, 'b')
      await stops.at('middle')
      return value
    })
    const high = derived('high', async (q): Promise<number> => {
      ran.push('high')
      return q.peek(number, 'a') === 0 ? q.get(middle) : 7
    })
    const db = createDatabase()
    const first = db.get(high)
    await stops.openAll()
    await first
    db.set(number, 'b', 1)
    const older = db.get(middle)
    ran.length = 0
    db.set(number, 'a', 1)
    const newer = db.get(high)
    await stops.openAll()
    expect([await older, await newer, await db.get(high), ran]).toEqual([1, 7, 7, ['high']])
    expect(db.stats().jobs).toBe(0)
  })

  it('[VAL-7] an older evaluation that ends late never overwrites a newer memo; its waiters get the older result', async () => {
    const stops = new Stops()
    const ran: number[] = []
    const slow = derived('slow', async (q) => {
      const value = q.get(number, 'a')
      ran.push(value)
      await stops.at(`slow ${value}`)
      return value
    })
    const db = createDatabase()
    const answers = [track(db.get(slow))]
    for (const value of [1, 2]) {
      db.set(number, 'a', value)
      answers.push(track(db.get(slow)))
    }
    await stops.open('slow 2')
    const newest = db.get(slow)
    for (const label of ['slow 0', 'slow 1']) {
      await stops.open(label)
      expect(db.get(slow)).toBe(newest)
      expect(verifiedAt(db, slow)).toBe(2)
    }
    db.set(number, 'b', 1)
    expect(db.get(slow)).toBe(newest)
    expect(answers).toEqual([0, 1, 2].map((value) => ({ state: 'fulfilled', value })))
    expect(ran).toEqual([0, 1, 2])
  })

  it('[VAL-7] a late older validation does not take a newer proof back', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const low = derived('low', async (q) => {
      const value = q.get(number, 'a')
      await stops.at(`low ${value}`)
      return Math.abs(value)
    })
    const high = derived('high', async (q) => [ran.push('high'), await q.get(low)].at(-1))
    const db = createDatabase()
    db.set(number, 'a', 1)
    const first = db.get(high)
    await stops.openAll()
    await first
    db.set(number, 'a', -1)
    const older = track(db.get(high))
    db.set(number, 'a', 5)
    const newer = track(db.get(high))
    await stops.open('low 5')
    expect(newer).toEqual({ state: 'fulfilled', value: 5 })
    await stops.open('low -1')
    expect(older).toEqual({ state: 'fulfilled', value: 1 })
    ran.length = 0
    db.set(number, 'b', 1)
    expect(await db.get(high)).toBe(5)
    expect(db.stats().jobs).toBe(0)
    expect(ran).toEqual([])
  })
})
