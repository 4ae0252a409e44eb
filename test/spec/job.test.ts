/** Single flight: who joins whom, who starts anew, and how many runs it takes. */
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { type Derived, derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { ordersOf, rejectionOf, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const y = input<[], number>('y', { initial: 10 })
const other = input<[], number>('other', { initial: 0 })

/** A query that reads x, waits, and then reads y. */
function slowSum(stops: Stops): Derived<[], Promise<{ sum: number }>> {
  return derived('sum', async (q) => {
    const first = q.get(x)
    await stops.at('sum')
    return { sum: first + q.get(y) }
  })
}

describe('concurrent gets', () => {
  it('[JOB-1] fifty gets are one run, one promise and one value', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const sum = slowSum(stops)
    const log = record(db)
    const promises = Array.from({ length: 50 }, () => db.get(sum))
    await stops.open('sum')
    expect(log.take()).toEqual(['run sum()'])
    expect(new Set(promises).size).toBe(1)
    expect(new Set(await Promise.all(promises)).size).toBe(1)
    expect(db.get(sum)).toBe(promises[0])
    await expect(promises[0]).resolves.toEqual({ sum: 11 })
  })

  it('[JOB-1] fifty gets of a failing query are one run and one error', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const thrown = { oops: true }
    const failing = derived('failing', async () => {
      await stops.at('failing')
      throw thrown
    })
    const log = record(db)
    const promises = Array.from({ length: 50 }, () => db.get(failing))
    const errors = Promise.all(promises.map(rejectionOf))
    await stops.open('failing')
    expect(log.take()).toEqual(['run failing()', 'fail failing()'])
    expect((await errors).every((error) => error === thrown)).toBe(true)
    expect(await rejectionOf(db.get(failing))).toBe(thrown)
    expect(log.take()).toEqual([])
  })

  it('[JOB-1] an asynchronous query that fails before its first await runs once', async () => {
    const db = createDatabase()
    const thrown = new Error('at once')
    const failing = derived('failing', async () => {
      throw thrown
    })
    const log = record(db)
    const errors = await Promise.all(Array.from({ length: 50 }, () => rejectionOf(db.get(failing))))
    expect(log.take()).toEqual(['run failing()', 'fail failing()'])
    expect(errors.every((error) => error === thrown)).toBe(true)
  })

  it('[JOB-1] callers of every kind share one run', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const sum = slowSum(stops)
    const parent = derived('parent', (q) => q.get(sum))
    const seen: unknown[] = []
    const log = record(db)
    db.prefetch(sum)
    const touched = db.touch(sum)
    const leaving = db.with({ signal: new AbortController().signal }).get(sum)
    const reading = db.read((q) => q.get(sum))
    const subscription = db.observe(sum).subscribe((value) => seen.push(value))
    const all = [db.get(sum), leaving, reading, db.get(parent)]
    await stops.open('sum')
    subscription.unsubscribe()
    expect(log.take().filter((line) => line.endsWith(' sum()'))).toEqual(['run sum()'])
    const values = await Promise.all(all)
    expect(new Set([...values, ...seen]).size).toBe(1)
    expect(seen).toHaveLength(1)
    expect(await touched).toBe(0)
  })

  it('[JOB-1] fifty gets of two parents run their shared child once', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const sum = slowSum(stops)
    const left = derived('left', async (q) => (await q.get(sum)).sum + 1)
    const right = derived('right', async (q) => (await q.get(sum)).sum + 2)
    const log = record(db)
    const values = Array.from({ length: 50 }, (_, i) => db.get(i % 2 === 0 ? left : right))
    await stops.open('sum')
    expect(log.take()).toEqual(['run left()', 'run sum()', 'run right()'])
    expect(new Set(await Promise.all(values))).toEqual(new Set([12, 13]))
  })
})

describe('gets at newer states', () => {
  it('[JOB-2 JOB-3] a relevant write before the get means a run of its own, in every order of ending', async () => {
    for (const order of ordersOf([0, 1, 2, 3])) {
      const db = createDatabase()
      const stops = new Stops()
      const runs: number[] = []
      const double = derived('double', async (q) => {
        const value = q.get(x)
        runs.push(value)
        await stops.at(`double ${value}`)
        return value * 2
      })
      const values: Promise<number>[] = []
      for (const i of [0, 1, 2, 3]) {
        db.set(x, i)
        values.push(db.get(double))
      }
      for (const i of order) await stops.open(`double ${i}`)
      expect(runs).toEqual([0, 1, 2, 3])
      expect(await Promise.all(values)).toEqual([0, 2, 4, 6])
      expect(await db.get(double)).toBe(6)
      expect(runs).toEqual([0, 1, 2, 3])
    }
  })

  it('[JOB-3] the same where a query stands between; a write that leaves it as it was is joined', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const runs: number[] = []
    const parity = derived('parity', (q) => q.get(x) % 2)
    const slow = derived('slow', async (q) => {
      const value = q.get(parity)
      runs.push(value)
      await stops.at(`slow ${value}`)
      return value
    })
    db.set(x, 0)
    const values = [db.get(slow)]
    db.set(x, 2)
    values.push(db.get(slow))
    expect(runs).toEqual([0])
    db.set(x, 3)
    const newer = db.get(slow)
    expect(runs).toEqual([0, 1])
    await stops.open('slow 1')
    expect(await newer).toBe(1)
    await stops.open('slow 0')
    expect(await Promise.all(values)).toEqual([0, 0])
    expect([await db.get(slow), runs]).toEqual([1, [0, 1]])
  })

  it('[JOB-3] what has changed before the evaluation reads it is not waited for either', async () => {
    const db = createDatabase()
    const stops = new Stops()
    let runs = 0
    const late = derived('late', async (q) => {
      const run = ++runs
      await stops.at(`before ${run}`)
      const value = q.get(y)
      await stops.at(`after ${run}`)
      return value
    })
    const older = db.get(late)
    db.set(y, 20)
    await stops.open('before 1')
    const newer = db.get(late)
    expect(runs).toBe(2)
    await stops.open('before 2')
    await stops.open('after 2')
    expect(await newer).toBe(20)
    await stops.open('after 1')
    expect([await older, await db.get(late), runs]).toEqual([10, 20, 2])
  })

  it('[JOB-2] a caller that joined gets its own answer where a later read turns out to have changed', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const sum = slowSum(stops)
    const log = record(db)
    const older = db.get(sum)
    db.set(y, 20)
    const newer = db.get(sum)
    db.set(y, 30)
    const newest = db.get(sum)
    await stops.openAll()
    expect((await older).sum).toBe(11)
    expect((await newer).sum).toBe(21)
    expect((await newest).sum).toBe(31)
    expect(log.take().filter((line) => line === 'run sum()').length).toBeLessThanOrEqual(3)
    expect((await db.get(sum)).sum).toBe(31)
    expect(log.take()).toEqual([])
  })

  it('[JOB-2] a write and its reversal in the middle change no answer', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const sum = slowSum(stops)
    const older = db.get(sum)
    db.set(x, 2)
    const between = db.get(sum)
    db.set(x, 1)
    const newer = db.get(sum)
    await stops.openAll()
    expect((await older).sum).toBe(11)
    expect((await between).sum).toBe(12)
    expect((await newer).sum).toBe(11)
  })

  it('[JOB-2] a change deep below the running query is seen by newer callers', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const low = derived('low', (q) => q.get(x) + 1)
    const middle = derived('middle', async (q) => {
      const value = q.get(low)
      await stops.at('middle')
      return value
    })
    const top = derived('top', async (q) => {
      const value = await q.get(middle)
      await stops.at('top')
      return value
    })
    const older = db.get(top)
    await stops.open('middle')
    db.set(x, 5)
    const newer = db.get(top)
    await stops.openAll()
    expect(await older).toBe(2)
    expect(await newer).toBe(6)
  })

  it('[JOB-3] an evaluation nothing of which changed is joined at every newer revision, and proved', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const sum = slowSum(stops)
    const log = record(db)
    const values = [db.get(sum)]
    for (let i = 1; i <= 20; i++) {
      db.set(other, i)
      values.push(db.get(sum))
    }
    await stops.open('sum')
    expect(log.take()).toEqual(['run sum()'])
    expect(new Set(await Promise.all(values)).size).toBe(1)
    db.set(other, 21)
    await db.get(sum)
    expect(log.take()).toEqual([])
  })

  it('[JOB-3] a change that is cut off before it reaches what was read does not prevent joining', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const parity = derived('parity', (q) => q.get(x) % 2)
    const shown = derived('shown', async (q) => {
      const value = q.get(parity)
      await stops.at('shown')
      return { value }
    })
    const log = record(db)
    const older = db.get(shown)
    db.set(x, 3)
    const newer = db.get(shown)
    await stops.openAll()
    expect(log.take().filter((line) => line === 'run shown()')).toEqual(['run shown()'])
    expect(await newer).toBe(await older)
  })

  it('[JOB-3] a parent that must run again joins the child that need not', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const child = derived('child', async (q) => {
      const value = q.get(y)
      await stops.at('child')
      return value
    })
    const parent = derived('parent', async (q) => q.get(x) + (await q.get(child)))
    const log = record(db)
    const older = db.get(parent)
    db.set(x, 2)
    const newer = db.get(parent)
    await stops.open('child')
    expect(log.take()).toEqual(['run parent()', 'run child()', 'run parent()'])
    expect([await older, await newer]).toEqual([11, 12])
  })

  it('[JOB-2 JOB-3] a joined caller is answered for its own revision when a relevant write follows', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const sum = slowSum(stops)
    const log = record(db)
    const first = db.get(sum)
    db.set(other, 1)
    const joined = db.get(sum)
    db.batch((tx) => {
      tx.set(x, 100)
      tx.set(y, 200)
    })
    const own = db.get(sum)
    await stops.openAll()
    expect(log.take().filter((line) => line === 'run sum()')).toHaveLength(2)
    expect(await joined).toBe(await first)
    expect((await first).sum).toBe(11)
    expect((await own).sum).toBe(300)
  })

  it('[JOB-3] an evaluation in a query with arguments is joined by its own key only', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const keyed = derived('keyed', async (q, key: string) => {
      await stops.at(key)
      return q.get(x)
    })
    const log = record(db)
    const all = [db.get(keyed, 'a'), db.get(keyed, 'b'), db.get(keyed, 'a')]
    await stops.open('b')
    expect(log.take()).toEqual(['run keyed(a)', 'run keyed(b)'])
    expect(track(all[0] as Promise<number>).state).toBe('pending')
    await flush()
    await stops.openAll()
    expect(await Promise.all(all)).toEqual([1, 1, 1])
  })
})
