/** Bounds on how many values are kept, and what is left of a value that went. */
import { record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, type Derived, derived, input, InvalidDefinitionError } from '../../src/index.js'
import { limitStack } from '../support/stack.js'
import { thrownBy } from '../support/turns.js'

const number = input<[i: number], number>('number', { initial: 0 })
const clock = input<[], number>('clock', { initial: 0 })

const ids = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

/** A commit that reaches no query. */
function tick(db: Database): void {
  db.update(clock, (now) => now + 1)
}

/** number -> square -> sum, every run noted. */
function tower(lru: number): { readonly ran: string[]; readonly square: typeof square; readonly sum: typeof sum } {
  const ran: string[] = []
  const square = derived('square', (q, i: number) => {
    ran.push(`square ${i}`)
    return { value: q.get(number, i) ** 2 }
  }, { lru })
  const sum = derived('sum', (q, i: number) => {
    ran.push(`sum ${i}`)
    return q.get(square, i).value + 1
  })
  return { ran, square, sum }
}

describe('bounds', () => {
  it('[MEM-1] lru: after the next commit at most that many values of a query are kept, and answers stay as they are', () => {
    const { ran, square } = tower(3)
    const db = createDatabase()
    for (const i of ids(0, 10)) db.set(number, i, i)
    const log = record(db, 'eviction')
    const values = ids(0, 10).map((i) => db.get(square, i))
    for (const i of ids(0, 10)) expect(db.get(square, i)).toBe(values[i])
    expect(log.take()).toEqual([])
    tick(db)
    expect(log.take()).toHaveLength(7)
    expect(db.stats().evictions).toBe(7)
    ran.length = 0
    expect(ids(0, 10).map((i) => db.get(square, i).value)).toEqual(ids(0, 10).map((i) => i * i))
    expect(ran).toHaveLength(7)
  })

  it('[MEM-1] limits.cells: the same over all queries; what was never asked for again goes first', () => {
    const ran: string[] = []
    const a = derived('a', (q, i: number) => (ran.push(`a ${i}`), q.get(number, i)))
    const b = derived('b', (q, i: number) => (ran.push(`b ${i}`), -q.get(number, i)))
    const db = createDatabase({ limits: { cells: 4 } })
    for (const i of [1, 2, 3]) db.get(a, i)
    for (const i of [1, 2, 3]) db.get(b, i)
    db.get(a, 1)
    db.get(b, 3)
    tick(db)
    ran.length = 0
    for (const i of [1, 3]) expect([db.get(a, 1), db.get(b, 3), i]).toEqual([0, -0, i])
    expect(ran).toEqual([])
    for (const i of [1, 2, 3]) db.get(a, i)
    for (const i of [1, 2, 3]) db.get(b, i)
    expect(ran).toHaveLength(2)
  })

  it('[MEM-1] both can be set, changed and lifted while the database runs', () => {
    const { ran, square } = tower(Infinity)
    const db = createDatabase()
    for (const i of ids(0, 10)) db.get(square, i)
    db.limit(square, 2)
    tick(db)
    expect(db.stats().evictions).toBe(8)
    db.limit(square, Infinity)
    for (const i of ids(0, 10)) db.get(square, i)
    tick(db)
    expect(db.stats().evictions).toBe(8)
    db.limit('cells', 5)
    tick(db)
    expect(db.stats().evictions).toBe(13)
    ran.length = 0
    for (const i of ids(0, 10)) db.get(square, i)
    expect(ran).toHaveLength(5)
  })

  it('[MEM-1] a limit of nothing keeps nothing, and still every answer is right', () => {
    const { square, sum } = tower(0)
    const db = createDatabase({ limits: { cells: 0 } })
    for (let round = 0; round < 5; round++) {
      db.set(number, 1, round)
      expect([db.get(sum, 1), db.get(square, 1).value, db.get(sum, 1)]).toEqual([round ** 2 + 1, round ** 2, round ** 2 + 1])
    }
  })

  it.each([-1, Number.NaN, '3'])('[MEM-1] a limit of %s is refused', (limit) => {
    const db = createDatabase()
    expect(thrownBy(() => derived('bad', () => 0, { lru: limit as number }))).toBeInstanceOf(InvalidDefinitionError)
    expect(thrownBy(() => createDatabase({ limits: { cells: limit as number } }))).toBeInstanceOf(InvalidDefinitionError)
    expect(thrownBy(() => db.limit('cells', limit as number))).toBeInstanceOf(InvalidDefinitionError)
  })
})

describe('what is left of an evicted value', () => {
  it('[MEM-2] a dependent is proved without running it', () => {
    const { ran, sum } = tower(0)
    const db = createDatabase()
    db.set(number, 1, 3)
    db.get(sum, 1)
    tick(db)
    ran.length = 0
    const log = record(db, 'run', 'validation')
    expect(db.get(sum, 1)).toBe(10)
    db.set(number, 2, 1)
    expect(db.get(sum, 1)).toBe(10)
    expect([ran, log.take()]).toEqual([[], []])
    db.set(number, 1, 4)
    expect(db.get(sum, 1)).toBe(17)
    expect(ran).toEqual(['square 1', 'sum 1'])
  })

  it('[MEM-2] in a snapshot too, and in one that is written to', () => {
    const { ran, square, sum } = tower(0)
    const db = createDatabase()
    db.set(number, 1, 3)
    db.get(sum, 1)
    tick(db)
    const snapshot = db.snapshot()
    ran.length = 0
    expect(snapshot.get(sum, 1)).toBe(10)
    snapshot.set(number, 2, 5)
    expect(snapshot.get(sum, 1)).toBe(10)
    expect(ran).toEqual([])
    expect([snapshot.get(square, 1), snapshot.get(sum, 1)]).toEqual([{ value: 9 }, 10])
    expect(ran).toEqual(['square 1'])
  })

  it('[VAL-13] the value that is computed again keeps the stamp: dependents do not run', () => {
    const { ran, square, sum } = tower(0)
    const db = createDatabase()
    db.set(number, 1, 3)
    db.get(sum, 1)
    tick(db)
    ran.length = 0
    expect(db.get(square, 1)).toEqual({ value: 9 })
    expect(db.touch(square, 1)).toBe(1)
    expect(db.get(sum, 1)).toBe(10)
    db.set(number, 2, 1)
    expect(db.get(sum, 1)).toBe(10)
    expect(ran).toEqual(['square 1'])
  })

  it('[VAL-13] an async one too, also when a commit overtakes the run that brings it back', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const low = derived('low', async (q, i: number) => {
      ran.push('low')
      const value = q.get(number, i)
      await stops.at('low')
      return [value]
    }, { lru: 0 })
    const high = derived('high', async (q, i: number) => (ran.push('high'), (await q.get(low, i))[0]))
    const db = createDatabase()
    db.set(number, 1, 3)
    const first = db.get(high, 1)
    await stops.openAll()
    expect(await first).toBe(3)
    tick(db)
    ran.length = 0
    expect(await db.get(high, 1)).toBe(3)
    const back = db.get(low, 1)
    tick(db)
    await stops.openAll()
    expect(await back).toEqual([3])
    expect(await db.get(high, 1)).toBe(3)
    expect(ran).toEqual(['low'])
  })

  it('[JOB-1 VAL-13] it is brought back by one run, also where a deep stack has put that off', async () => {
    const ran: string[] = []
    const low = derived('low', async (q, i: number) => (ran.push(`low ${i}`), q.get(number, i)), { lru: 0 })
    const deep: Derived<[i: number, above: number], number> = derived('deep', (q, i: number, above: number) => {
      if (above > 0) return q.get(deep, i, above - 1) + 1
      void q.get(low, i)
      return 0
    })
    const db = createDatabase()
    const depths = ids(0, 20)
    await Promise.all(depths.map((i) => db.get(low, i)))
    limitStack(db, 10)
    tick(db)
    ran.length = 0
    for (const i of depths) expect(db.get(deep, i, i)).toBe(i)
    await Promise.all(depths.map((i) => db.get(low, i)))
    expect(ran.toSorted()).toEqual(depths.map((i) => `low ${i}`).toSorted())
  })

  it('[MEM-2] below what waits for a run, too: only the proof is waited for', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const sign = derived('sign', async (q) => {
      ran.push('sign')
      const value = Math.sign(q.get(number, 1))
      await stops.at('sign')
      return value
    })
    const middle = derived('middle', async (q) => (ran.push('middle'), (await q.get(sign)) * 2), { lru: 0 })
    const top = derived('top', async (q) => (ran.push('top'), (await q.get(middle)) + 1))
    const db = createDatabase()
    db.set(number, 1, 3)
    const first = db.get(top)
    await stops.openAll()
    expect(await first).toBe(3)
    ran.length = 0
    db.set(number, 1, 4)
    const second = db.get(top)
    await stops.openAll()
    expect(await second).toBe(3)
    expect(ran).toEqual(['sign'])
  })
})

describe('what is never evicted', () => {
  it('[MEM-3] what is observed; it may go once nobody observes it any more', () => {
    const { ran, square } = tower(0)
    const db = createDatabase()
    const seen: unknown[] = []
    const subscription = db.observe(square, 1).subscribe((value) => seen.push(value))
    db.get(square, 2)
    tick(db)
    expect(db.stats().evictions).toBe(1)
    ran.length = 0
    expect(db.get(square, 1)).toBe(seen[0])
    expect(ran).toEqual([])
    subscription.unsubscribe()
    tick(db)
    expect(db.stats().evictions).toBe(2)
    db.get(square, 1)
    expect(ran).toEqual(['square 1'])
  })

  it('[MEM-3] what is pinned; it may go once the pin is gone', () => {
    const { ran, square } = tower(0)
    const db = createDatabase()
    const pin = db.pin(square, 1)
    const value = db.get(square, 1)
    db.get(square, 2)
    tick(db)
    expect(db.stats().evictions).toBe(1)
    ran.length = 0
    expect(db.get(square, 1)).toBe(value)
    expect(ran).toEqual([])
    pin.dispose()
    tick(db)
    db.get(square, 1)
    expect([db.stats().evictions, ran]).toEqual([2, ['square 1']])
  })

  it('[MEM-3] what is running, and inputs', async () => {
    const stops = new Stops()
    const slow = derived('slow', async (q, i: number) => (await stops.at(`slow ${i}`), q.get(number, i)), { lru: 0 })
    const db = createDatabase({ limits: { cells: 0 } })
    db.set(number, 1, 7)
    const before = db.get(slow, 1)
    db.set(number, 1, 8)
    const after = db.get(slow, 1)
    await stops.openAll()
    expect([await before, await after, db.get(number, 1)]).toEqual([7, 8, 8])
  })

  it('[MEM-1 REV-5] what is being asked for, when a subscriber commits before it is given', () => {
    const bad: Derived<[], number> = derived('bad', (q): number => q.get(bad), { errors: 'revision' })
    const shown = derived('shown', (q, i: number) => {
      try {
        return q.get(bad) + i
      } catch {
        return q.get(number, 0) + i
      }
    }, { lru: 0, equals: false })
    const db = createDatabase()
    const values: number[] = []
    db.observe(shown, 0).subscribe((value) => {
      values.push(value)
      if (values.length === 2) tick(db)
    })
    tick(db)
    expect(db.get(shown, 1)).toBe(1)
  })

  it('[MEM-7] a failure, while its revision is current', () => {
    const error = new Error('odd')
    let runs = 0
    const odd = derived('odd', (q, i: number) => {
      runs++
      q.get(number, i)
      throw error
    }, { lru: 0 })
    const db = createDatabase({ limits: { cells: 0 } })
    expect([thrownBy(() => db.get(odd, 1)), thrownBy(() => db.get(odd, 1)), runs]).toEqual([error, error, 1])
    db.snapshot().dispose()
    expect([thrownBy(() => db.get(odd, 1)), runs]).toEqual([error, 1])
  })

  it('[MEM-4] one scan over 100 000 cold keys does not drive out what is used often, with commits on the way', () => {
    const hot = ids(0, 50)
    for (const every of [100_000, 1000]) {
      const { ran, square } = tower(100)
      const db = createDatabase()
      for (let round = 0; round < 3; round++) {
        for (const i of hot) db.get(square, i)
        tick(db)
      }
      for (const i of ids(1000, 101_000)) {
        db.get(square, i)
        if (i % every === 0) tick(db)
      }
      tick(db)
      ran.length = 0
      for (const i of hot) db.get(square, i)
      expect([every, ran]).toEqual([every, []])
    }
  })

  it('[MEM-4] what becomes hot later drives out what was hot before', () => {
    const { ran, square } = tower(20)
    const db = createDatabase()
    for (const from of [0, 1000]) {
      for (let round = 0; round < 10; round++) {
        for (const i of ids(from, from + 15)) db.get(square, i)
        tick(db)
      }
    }
    ran.length = 0
    for (const i of ids(1000, 1015)) db.get(square, i)
    expect(ran).toEqual([])
    expect(db.stats().evictions).toBeGreaterThan(0)
  })
})

describe('what a job has held or placed', () => {
  const bit = input<[], number>('bit', { initial: 0 })
  const kept = (db: Database, name: string): number | undefined => db.stats().definitions.find(({ definition }) => definition === name)?.memos

  it('[MEM-1 SHARE-3] what a snapshot computes counts: asked there, then in the head, or not', () => {
    const { ran, square } = tower(2)
    const db = createDatabase()
    const snapshot = db.snapshot()
    for (const i of ids(0, 10)) snapshot.get(square, i)
    for (const i of ids(0, 5)) db.get(square, i)
    expect([ran.length, kept(db, 'square')]).toEqual([10, 10])
    tick(db)
    expect([kept(db, 'square'), db.stats().evictions]).toEqual([2, 8])
    snapshot.dispose()
    tick(db)
    expect(kept(db, 'square')).toBe(2)
  })

  it('[MEM-1] what was running when a commit came counts once it has ended', async () => {
    const stops = new Stops()
    const slow = derived('slow', async (q, i: number) => {
      const value = q.get(number, i)
      await stops.at('slow')
      return value
    }, { lru: 2 })
    const db = createDatabase()
    const all = Promise.all(ids(0, 10).map((i) => db.get(slow, i)))
    tick(db)
    await stops.openAll()
    await all
    expect(kept(db, 'slow')).toBe(10)
    tick(db)
    expect(kept(db, 'slow')).toBe(2)
  })

  it('[MEM-1] so does what was only proved', async () => {
    const stops = new Stops()
    const sign = derived('sign', async (q) => {
      const value = Math.sign(q.get(number, 1))
      await stops.at('sign')
      return value
    })
    const above = derived('above', async (q, i: number) => (await q.get(sign)) + i, { lru: 2 })
    const db = createDatabase()
    for (const value of [1, 2]) {
      db.set(number, 1, value)
      const all = Promise.all(ids(0, 10).map((i) => db.get(above, i)))
      tick(db)
      await stops.openAll()
      await all
    }
    tick(db)
    expect(kept(db, 'above')).toBe(2)
  })

  it('[MEM-1 CAN-1] and what stands there when a job is cancelled', async () => {
    const stops = new Stops()
    const slow = derived('slow', async (q, i: number) => {
      if (q.get(bit) === 1) await stops.at('slow')
      return i
    }, { lru: 20 })
    const db = createDatabase()
    await Promise.all(ids(0, 10).map((i) => db.get(slow, i)))
    db.set(bit, 1)
    const controller = new AbortController()
    const left = Promise.allSettled(ids(0, 10).map((i) => db.with({ signal: controller.signal }).get(slow, i)))
    db.limit(slow, 2)
    tick(db)
    expect(kept(db, 'slow')).toBe(10)
    controller.abort()
    await left
    tick(db)
    expect(kept(db, 'slow')).toBe(2)
  })

  it('[MEM-1 MEM-7] failures take no room, also of what was observed', () => {
    const half = derived('half', (q, i: number) => {
      if (i < 5 && q.get(bit) === 1) throw new Error('low')
      return i
    }, { lru: 4 })
    const db = createDatabase()
    const subscriptions = ids(0, 5).map((i) => db.watch(half, i).subscribe())
    tick(db)
    db.set(bit, 1)
    for (const subscription of subscriptions) subscription.unsubscribe()
    for (const i of ids(5, 9)) db.get(half, i)
    tick(db)
    expect(db.stats().evictions).toBe(0)
  })
})

describe('the notice', () => {
  it('[MEM-1 ERR-10] one for a query without a limit that has 100 000 cells nobody observes, and none for one with; what it throws is reported', () => {
    const notices: string[] = []
    const errors: unknown[] = []
    const db = createDatabase({
      onNotice: (notice) => {
        notices.push(notice)
        throw 'no room for notices'
      },
      onUnhandledError: (error) => errors.push(error),
    })
    const { square } = tower(10)
    const free = derived('free', (q, i: number) => q.get(number, i))
    for (const i of ids(0, 100_002)) {
      db.get(square, i)
      db.get(free, i)
    }
    expect(notices).toHaveLength(1)
    expect(notices[0]).toMatch(/^free has 100000 cells/)
    expect(errors).toEqual(['no room for notices'])
  })
})
