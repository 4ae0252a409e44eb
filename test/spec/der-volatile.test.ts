/** Volatile queries: once a revision, and only where somebody asks. */
import { record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'
import { track } from '../support/turns.js'

const number = input<[name: string], number>('number', { initial: 0 })

describe('volatile queries', () => {
  it('[DER-15] run at most once in each revision in which they are asked, and siblings are not affected', () => {
    const ran: string[] = []
    let outside = 1
    const clock = derived('clock', (q) => {
      ran.push('clock')
      q.volatile()
      return outside
    })
    const sibling = derived('sibling', (q) => [ran.push('sibling'), q.get(number, 'a')].at(-1))
    const even = derived('even', (q) => [ran.push('even'), q.get(clock) % 2 === 0].at(-1))
    const both = derived('both', (q) => [ran.push('both'), `${q.get(even)} ${q.get(sibling)}`].at(-1))
    const db = createDatabase()
    db.get(both)
    db.get(both)
    db.get(clock)
    expect(ran.splice(0)).toEqual(['both', 'even', 'clock', 'sibling'])
    db.set(number, 'b', 1)
    expect(ran).toEqual([])
    db.get(both)
    db.get(both)
    expect(ran.splice(0)).toEqual(['clock'])
    outside = 3
    db.set(number, 'b', 2)
    expect(db.get(both)).toBe('false 0')
    expect(ran.splice(0)).toEqual(['clock', 'even'])
    outside = 4
    expect(db.get(both)).toBe('false 0')
    expect(ran.splice(0)).toEqual([])
    db.set(number, 'b', 3)
    expect(db.get(both)).toBe('true 0')
    expect(ran).toEqual(['clock', 'even', 'both'])
  })

  it('[DER-15] volatile counts from any point of an async body, and joined callers share the run', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const clock = derived('clock', async (q) => {
      ran.push('clock')
      await stops.at('clock')
      q.volatile()
      return ran.length
    })
    const top = derived('top', async (q) => [ran.push('top'), await q.get(clock)].at(-1))
    const db = createDatabase()
    for (let revision = 0; revision < 3; revision++) {
      const answers = Promise.all([db.get(top), db.get(clock), db.get(top)])
      await stops.openAll()
      await answers
      await db.get(top)
      expect(ran.splice(0).filter((id) => id === 'clock')).toEqual(['clock'])
      db.set(number, 'x', revision + 1)
    }
  })

  it('[DER-15] a volatile run that a commit overtakes does not count for the new revision', async () => {
    const stops = new Stops()
    let outside = 1
    const clock = derived('clock', async (q) => {
      q.volatile()
      const value = outside
      await stops.at('clock')
      return value
    })
    const db = createDatabase()
    const first = track(db.get(clock))
    db.set(number, 'x', 1)
    outside = 2
    const second = track(db.get(clock))
    await stops.openAll()
    expect([first, second]).toEqual([{ state: 'fulfilled', value: 1 }, { state: 'fulfilled', value: 2 }])
    expect(await db.get(clock)).toBe(2)
  })

  it('[DER-15] a query that is not volatile any more is kept like any other', () => {
    const ran: string[] = []
    const once = derived('once', (q) => {
      ran.push('once')
      if (q.get(number, 'a') === 0) q.volatile()
      return 1
    })
    const top = derived('top', (q) => [ran.push('top'), q.get(once)].at(-1))
    const db = createDatabase()
    db.get(top)
    db.set(number, 'a', 1)
    db.get(top)
    ran.length = 0
    const log = record(db, 'run', 'validation', 'hit')
    db.set(number, 'b', 1)
    db.get(top)
    expect(ran).toEqual([])
    expect(log.take()).toEqual(['hit top()'])
  })

  it('[DER-15] a query that becomes volatile with an equal value makes those above it ask in each revision', async () => {
    let outside = 1
    const turns = derived('turns', (q) => {
      if (q.get(number, 'a') > 0) q.volatile()
      return outside
    })
    const top = derived('top', (q) => q.get(turns) * 10)
    const later = derived('later', async (q) => q.get(top))
    const db = createDatabase()
    expect([db.get(top), await db.get(later)]).toEqual([10, 10])
    db.set(number, 'a', 1)
    expect([db.get(top), await db.get(later)]).toEqual([10, 10])
    outside = 2
    db.set(number, 'b', 1)
    expect([db.get(top), await db.get(later)]).toEqual([20, 20])
  })

  it('[DER-15] it becomes volatile while those above wait for it, and for others after it', async () => {
    const stops = new Stops()
    let outside = 1
    const turns = derived('turns', async (q) => {
      if (q.get(number, 'a') > 0) q.volatile()
      await stops.at('turns')
      return outside
    })
    const steady = derived('steady', async (q) => {
      const value = Math.abs(q.get(number, 'a'))
      await stops.at('steady')
      return value > 9
    })
    const top = derived('top', async (q) => (await q.get(turns)) * ((await q.get(steady)) ? 100 : 10))
    const above = derived('above', async (q) => q.get(top))
    const db = createDatabase()
    const ask = async (): Promise<number> => {
      const answer = db.get(above)
      await stops.openAll()
      return answer
    }
    expect(await ask()).toBe(10)
    db.set(number, 'a', 1)
    expect(await ask()).toBe(10)
    outside = 2
    db.set(number, 'b', 1)
    expect(await ask()).toBe(20)
    db.set(number, 'a', -1)
    expect(await ask()).toBe(20)
    const runs = db.stats().runs
    db.set(number, 'b', 2)
    expect(await ask()).toBe(20)
    expect(db.stats().runs).toBe(runs)
  })

  it('[DER-15] a live query above one that becomes volatile is told in each revision', () => {
    let outside = 1
    const turns = derived('turns', (q) => {
      if (q.get(number, 'a') > 0) q.volatile()
      return outside
    })
    const top = derived('top', (q) => q.get(turns) * 10)
    const db = createDatabase()
    const seen: number[] = []
    db.observe(top).subscribe((value) => seen.push(value))
    outside = 2
    db.set(number, 'b', 1)
    expect(seen).toEqual([10])
    outside = 1
    db.set(number, 'a', 1)
    outside = 3
    db.set(number, 'b', 2)
    expect(seen).toEqual([10, 30])
  })

  it('[DER-15] a failing volatile query is caught once in each revision', () => {
    const ran: string[] = []
    const flaky = derived('flaky', (q) => {
      ran.push('flaky')
      q.volatile()
      throw new Error('no')
    })
    const safe = derived('safe', (q) => {
      ran.push('safe')
      try {
        return q.get(flaky)
      } catch {
        return 'caught'
      }
    })
    const db = createDatabase()
    for (let i = 1; i <= 3; i++) {
      expect([db.get(safe), db.get(safe)]).toEqual(['caught', 'caught'])
      db.set(number, 'x', i)
    }
    expect(ran).toEqual(['safe', 'flaky', 'flaky', 'flaky'])
  })
})
