/** Failures on their way: whose they are, who caught them, and what happens when they are over. */
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Derived, derived, queryPath } from '../../src/index.js'
import { number, risks } from '../support/risks.js'
import { rejectionOf, thrownBy, track } from '../support/turns.js'

describe('whose failure it is', () => {
  it('[ERR-3] throwing and rejecting are the same; the caller gets the object, and queryPath the way it came', async () => {
    const error = new Error('no')
    const throwing = derived('throwing', (_q, _name: string): number => {
      throw error
    })
    const rejecting = derived('rejecting', async () => {
      throw error
    })
    const plain = derived('plain', () => Promise.reject(error))
    const middle = derived('middle', (q) => q.get(throwing, 'x'))
    const top = derived('top', async (q) => q.get(middle))
    const db = createDatabase()
    expect(thrownBy(() => db.get(throwing, 'x'))).toBe(error)
    expect(queryPath(error)).toEqual(['throwing(x)'])
    expect(await rejectionOf(db.get(rejecting))).toBe(error)
    expect(queryPath(error)).toEqual(['rejecting()'])
    expect(await rejectionOf(db.get(plain))).toBe(error)
    expect(await rejectionOf(db.get(top))).toBe(error)
    expect(queryPath(error)).toEqual(['top()', 'middle()', 'throwing(x)'])
    expect(queryPath(new Error('foreign'))).toEqual([])
    expect([undefined, null, 'text', 1].map(queryPath)).toEqual([[], [], [], []])
  })

  it('[ERR-3] queryPath tells the way to the caller it was handed to last, also where nothing ran', () => {
    const low = derived('low', (): number => {
      throw new Error('no')
    })
    const [left, right] = ['left', 'right'].map((name) => derived(name, (q) => q.get(low))) as [Derived<[], number>, Derived<[], number>]
    const db = createDatabase()
    const paths = [left, right, left].map((query) => queryPath(thrownBy(() => db.get(query))))
    expect(paths).toEqual([['left()', 'low()'], ['right()', 'low()'], ['left()', 'low()']])
  })

  it('[ERR-3] an async function that throws before its first await rejects; so it does at every later revision', async () => {
    const early = derived('early', async (q) => {
      if (q.get(number, 'a') < 0) throw new Error('early')
      return 1
    })
    const db = createDatabase()
    for (const value of [-1, 1, -2, -3]) {
      db.set(number, 'a', value)
      const promise = db.get(early)
      expect(promise).toBeInstanceOf(Promise)
      await promise.catch(() => {})
    }
  })

  it('[ERR-3] the path is whole also when commits come while the failure is on its way', async () => {
    const stops = new Stops()
    const error = new Error('no')
    const low = derived('low', async (q) => {
      q.get(number, 'a')
      await stops.at('low')
      throw error
    })
    const middle = derived('middle', async (q) => q.get(low))
    const top = derived('top', async (q) => {
      try {
        return await q.get(middle)
      } finally {
        await stops.at('top')
      }
    })
    const db = createDatabase()
    const rejected = rejectionOf(db.get(top))
    db.set(number, 'b', 1)
    await stops.open('low')
    db.set(number, 'b', 2)
    await stops.open('top')
    expect(await rejected).toBe(error)
    expect(queryPath(error)).toEqual(['top()', 'middle()', 'low()'])
  })

  it('[ERR-3] a query that wraps what it caught begins a path of its own', () => {
    const low = derived('low', () => {
      throw new Error('low')
    })
    const wraps = derived('wraps', (q) => {
      try {
        return q.get(low)
      } catch (cause) {
        throw new Error('wrapped', { cause })
      }
    })
    const top = derived('top', (q) => q.get(wraps))
    const db = createDatabase()
    const error = thrownBy(() => db.get(top)) as Error
    expect(error.message).toBe('wrapped')
    expect(queryPath(error)).toEqual(['top()', 'wraps()'])
    expect(queryPath(error.cause)).toEqual(['low()'])
  })

  it('[ERR-4] a query that caught a failure succeeds, stays valid under unrelated writes, and follows the outcome', async () => {
    const { ran, sync, later } = risks()
    const safe = derived('safe', async (q) => {
      ran.push('safe')
      let value = 0
      try {
        value += q.get(sync)
      } catch {
        value -= 1
      }
      return value + (await q.get(later).catch(() => -1))
    })
    const db = createDatabase()
    db.set(number, 'a', -1)
    expect(await db.get(safe)).toBe(-2)
    expect(ran.splice(0)).toEqual(['safe', 'sync', 'later'])
    const log = record(db, 'run', 'validation', 'hit')
    for (let i = 1; i < 4; i++) {
      db.set(number, 'b', i)
      expect(await db.get(safe)).toBe(-2)
    }
    expect(log.take()).toEqual(['hit safe()', 'hit safe()', 'hit safe()'])
    expect(ran).toEqual([])
    db.set(number, 'a', 3)
    expect(await db.get(safe)).toBe(6)
    expect(ran.splice(0)).toEqual(['sync', 'safe', 'later'])
  })

  it('[ERR-4] when the failure passes without a commit to what it read, those who caught it run again', () => {
    let broken = true
    const ran: string[] = []
    const flaky = derived('flaky', () => {
      if (broken) throw new Error('offline')
      return 'data'
    })
    const safe = derived('safe', (q) => {
      ran.push('safe')
      try {
        return q.get(flaky)
      } catch {
        return 'default'
      }
    })
    const top = derived('top', (q) => [ran.push('top'), q.get(safe)].at(-1))
    const db = createDatabase()
    expect(db.get(top)).toBe('default')
    db.set(number, 'b', 1)
    broken = false
    expect(db.get(flaky)).toBe('data')
    expect(db.get(top)).toBe('data')
    expect(ran).toEqual(['top', 'safe', 'safe', 'top'])
  })

  it('[ERR-5] fixing the input of a failed query announces it as invalidated and wakes its live queries', async () => {
    for (const errors of ['revision', 'dependencies'] as const) {
      const { sync, later } = risks(errors)
      const passesOn = derived('passesOn', (q) => q.get(sync))
      const db = createDatabase()
      db.set(number, 'a', -1)
      const states: string[] = []
      db.watch(passesOn).subscribe((state) => states.push(state.status))
      db.watch(later).subscribe((state) => states.push(`later ${state.status}`))
      await rejectionOf(db.get(later))
      const log = record(db, 'invalidation')
      db.set(number, 'b', 1)
      expect(log.take()).toEqual([])
      db.set(number, 'a', 1)
      await db.get(later)
      expect(log.take().toSorted()).toEqual(['stale later()', 'stale passesOn()', 'stale sync()'])
      expect(states.filter((state) => state !== 'later pending')).toEqual(['failed', 'later failed', 'ready', 'later ready'])
    }
  })

  it('[ERR-6] value, failure, equal value: dependents that did not run in between stay valid', async () => {
    const { ran, sync, later } = risks()
    const upper = derived('upper', async (q) => [ran.push('upper'), q.get(sync) + (await q.get(later))].at(-1))
    const db = createDatabase()
    db.set(number, 'a', 1)
    await db.get(upper)
    db.set(number, 'a', -1)
    thrownBy(() => db.get(sync))
    await rejectionOf(db.get(later))
    db.set(number, 'a', -2)
    thrownBy(() => db.get(sync))
    db.set(number, 'a', 1)
    ran.length = 0
    expect(await db.get(upper)).toBe(2)
    expect(ran).toEqual(['sync', 'later'])
  })

  it('[ERR-6] the equal value is the reference from before the failure', () => {
    const box = derived('box', (q) => {
      if (q.get(number, 'a') < 0) throw new Error('negative')
      return { value: q.get(number, 'a') }
    })
    const db = createDatabase()
    const before = db.get(box)
    db.set(number, 'a', -1)
    thrownBy(() => db.get(box))
    db.set(number, 'a', 0)
    expect(db.get(box)).toBe(before)
  })

  it('[ERR-4 VAL-2] who settles while one that it has read runs again hears of what that comes to', async () => {
    const stops = new Stops()
    let fails = true
    const flaky = derived('flaky', () => {
      if (fails) throw new Error('flaky')
      return 1
    })
    const caught = derived('caught', async (q) => {
      await stops.at(`caught ${fails}`)
      try {
        return q.get(flaky)
      } catch {
        return 0
      }
    })
    const top = derived('top', async (q) => {
      const value = await q.get(caught)
      await stops.at('top')
      return 10 * q.get(number, 'a') + value
    })
    const db = createDatabase()
    const settled = track(db.get(caught))
    await stops.openAll()
    expect(settled).toEqual({ state: 'fulfilled', value: 0 })
    db.set(number, 'a', 1)
    const first = track(db.get(top))
    await flush()
    fails = false
    expect(db.get(flaky)).toBe(1)
    const second = track(db.get(caught))
    await stops.open('top')
    expect([first.state, second.state]).toEqual(['fulfilled', 'pending'])
    await stops.openAll()
    expect(second).toEqual({ state: 'fulfilled', value: 1 })
    const third = track(db.get(top))
    await stops.openAll()
    expect(third).toEqual({ state: 'fulfilled', value: 11 })
  })

  it('[ERR-2] a failed async query that is overtaken fails for its own callers only', async () => {
    const stops = new Stops()
    const check = derived('check', async (q) => {
      const value = q.get(number, 'a')
      await stops.at(`check ${value}`)
      if (value < 0) throw new Error('negative')
      return value
    })
    const db = createDatabase()
    db.set(number, 'a', -1)
    const older = track(db.get(check))
    db.set(number, 'a', 1)
    const newer = track(db.get(check))
    await stops.openAll()
    expect(older).toEqual({ state: 'rejected', error: new Error('negative') })
    expect(newer).toEqual({ state: 'fulfilled', value: 1 })
    expect(await db.get(check)).toBe(1)
  })
})
