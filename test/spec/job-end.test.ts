/** The one exit of every job, and dependencies on work that somebody else had begun. `countedDatabases` counts jobs after each test. */
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, EqualityError, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { rejectionOf, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const other = input<[], number>('other', { initial: 0 })

describe('the end of a job', () => {
  it('[JOB-4] while a query runs there is one job, and none after it succeeded or failed', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const query = derived('query', async (q) => {
      await stops.at('query')
      if (q.get(x) < 0) throw new Error('negative')
      return q.get(x)
    })
    const good = db.get(query)
    expect(db.stats().jobs).toBe(1)
    await stops.open('query')
    expect(db.stats().jobs).toBe(0)
    expect(await good).toBe(1)
    db.set(x, -1)
    const bad = rejectionOf(db.get(query))
    expect(db.stats().jobs).toBe(1)
    await stops.open('query')
    expect(db.stats().jobs).toBe(0)
    expect(await bad).toEqual(new Error('negative'))
    db.set(x, 2)
    const healed = db.get(query)
    await stops.open('query')
    expect(await healed).toBe(2)
  })

  it('[JOB-4] a job that was cancelled leaves nothing running', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const child = derived('child', async (q) => {
      await stops.at('child')
      return q.get(x)
    })
    const parent = derived('parent', async (q) => (await q.get(child)) + 1)
    const leaver = new AbortController()
    const left = rejectionOf(db.with({ signal: leaver.signal }).get(parent))
    expect(db.stats().jobs).toBe(2)
    leaver.abort('left')
    expect(db.stats().jobs).toBe(0)
    expect(await left).toBe('left')
    await stops.openAll()
    const again = db.get(parent)
    await stops.openAll()
    expect(await again).toBe(2)
  })

  it('[JOB-4] an equality function that throws ends the job with a failure, and the next access works', async () => {
    const db = createDatabase()
    let broken = true
    const stops = new Stops()
    const compared = derived(
      'compared',
      async (q) => {
        const value = q.get(x)
        await stops.at('compared')
        return { value }
      },
      {
        equals: () => {
          if (broken) throw new Error('cannot compare')
          return false
        },
      },
    )
    const first = db.get(compared)
    await stops.open('compared')
    await first
    db.set(x, 2)
    const second = rejectionOf(db.get(compared))
    await stops.open('compared')
    expect(db.stats().jobs).toBe(0)
    expect(await second).toBeInstanceOf(EqualityError)
    broken = false
    db.set(x, 3)
    const third = db.get(compared)
    await stops.open('compared')
    expect(await third).toEqual({ value: 3 })
  })

  it('[JOB-4] subscribers that throw at every event and state end no job early, and leave none', async () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const stops = new Stops()
    const query = derived('query', async (q) => {
      await stops.at('query')
      return q.get(x)
    })
    const angry = (): never => {
      throw new Error('subscriber')
    }
    db.events$.subscribe(angry)
    db.events('hit', 'join', 'validation').subscribe(angry)
    const watching = db.watch(query).subscribe(angry)
    const value = db.get(query)
    const joined = db.get(query)
    await stops.open('query')
    expect(db.stats().jobs).toBe(0)
    expect([await value, await joined]).toEqual([1, 1])
    expect(reported.length).toBeGreaterThan(3)
    watching.unsubscribe()
  })

  it('[JOB-4] promises that misbehave end their job once', async () => {
    const db = createDatabase()
    const thrown = new Error('from then')
    const late: (() => void)[] = []
    const kinds: Record<string, (resolve: (value: number) => void, reject: (error: unknown) => void) => void> = {
      throws: () => {
        throw thrown
      },
      both: (resolve, reject) => {
        resolve(1)
        reject(thrown)
        resolve(2)
      },
      later: (resolve, reject) => {
        late.push(() => {
          reject(thrown)
          resolve(3)
        })
      },
      resolvesAndThrows: (resolve) => {
        resolve(4)
        throw thrown
      },
    }
    // oxlint-disable-next-line unicorn/no-thenable -- the subject of the test
    const odd = derived('odd', (_q, kind: string) => ({ then: kinds[kind] }) as unknown as PromiseLike<number>)
    const results = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, track(db.get(odd, kind))]))
    await flush()
    for (const settle of late) settle()
    await flush()
    expect(db.stats().jobs).toBe(0)
    expect(results).toEqual({
      throws: { state: 'rejected', error: thrown },
      both: { state: 'fulfilled', value: 1 },
      later: { state: 'rejected', error: thrown },
      resolvesAndThrows: { state: 'fulfilled', value: 4 },
    })
  })

  it('[JOB-4] a result whose `then` cannot be read is a failure like any other', () => {
    const db = createDatabase()
    const thrown = new Error('no then')
    const hostile = derived('hostile', (q) => {
      q.get(x)
      const handler = {
        get(): never {
          throw thrown
        },
      }
      return new Proxy({}, handler)
    })
    expect(() => db.get(hostile)).toThrow(thrown)
    expect(db.stats().jobs).toBe(0)
    expect(() => db.get(hostile)).toThrow(thrown)
  })

  it('[JOB-4] jobs that newer revisions overtook end as well', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const query = derived('query', async (q) => {
      const value = q.get(x)
      await stops.at('query')
      if (value % 2 === 0) throw new Error('even')
      return value
    })
    const outcomes = Array.from({ length: 10 }, (_, i) => {
      db.set(x, 10 + i)
      db.set(other, 10 + i)
      return track(db.get(query))
    })
    expect(db.stats().jobs).toBe(10)
    await stops.openAll()
    expect(db.stats().jobs).toBe(0)
    expect(outcomes.map(({ state }) => state)).toEqual(Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 'rejected' : 'fulfilled')))
  })

  it('[JOB-4] an evaluation that nobody awaits inside its parent ends too', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const child = derived('child', async () => {
      await stops.at('child')
      throw new Error('unseen')
    })
    const careless = derived('careless', async (q) => {
      void q.get(child)
      return q.get(x)
    })
    expect(await db.get(careless)).toBe(1)
    expect(db.stats().jobs).toBe(1)
    await stops.open('child')
    expect(db.stats().jobs).toBe(0)
  })
})

describe('joined work', () => {
  it('[JOB-5] a dependent that joined a running evaluation follows its changes', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const child = derived('child', async (q) => {
      await stops.at('child')
      return q.get(x)
    })
    const parent = derived('parent', async (q) => (await q.get(child)) + 1)
    const log = record(db)
    const begun = db.get(child)
    const joined = db.get(parent)
    await stops.open('child')
    expect(log.take()).toEqual(['run child()', 'run parent()'])
    expect([await begun, await joined]).toEqual([1, 2])
    db.set(x, 5)
    const next = db.get(parent)
    await stops.open('child')
    expect(log.take()).toEqual(['run child()', 'run parent()'])
    expect(await next).toBe(6)
  })

  it('[JOB-5] also where it joined at a newer revision than the evaluation began at', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const child = derived('child', async (q) => {
      const value = q.get(x)
      await stops.at('child')
      return value
    })
    const parents = ['left', 'right'].map((name) => derived(name, async (q) => (await q.get(child)) + 1))
    const log = record(db)
    const begun = db.get(child)
    db.set(other, 1)
    const joined = parents.map((parent) => db.get(parent))
    db.set(other, 2)
    await stops.open('child')
    expect(log.take().toSorted()).toEqual(['run child()', 'run left()', 'run right()'])
    expect([await begun, ...(await Promise.all(joined))]).toEqual([1, 2, 2])
    db.set(x, 5)
    const next = parents.map((parent) => db.get(parent))
    await stops.open('child')
    expect(log.take().filter((line) => line.startsWith('run')).toSorted()).toEqual(['run child()', 'run left()', 'run right()'])
    expect(await Promise.all(next)).toEqual([6, 6])
  })

  it('[JOB-5] a write that comes while the dependent waits makes it run again', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const child = derived('child', async (q) => {
      const value = q.get(x)
      await stops.at('child')
      return value
    })
    const parent = derived('parent', async (q) => (await q.get(child)) + 1)
    const begun = db.get(child)
    const joined = db.get(parent)
    db.set(x, 5)
    await stops.open('child')
    expect([await begun, await joined]).toEqual([1, 2])
    const next = db.get(parent)
    await stops.open('child')
    expect(await next).toBe(6)
  })

  it('[JOB-5] a failure that was joined is a dependency as well', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const child = derived('child', async (q) => {
      await stops.at('child')
      if (q.get(x) === 1) throw new Error('one')
      return q.get(x)
    })
    const parent = derived('parent', async (q) => {
      try {
        return await q.get(child)
      } catch {
        return 0
      }
    })
    const begun = rejectionOf(db.get(child))
    const joined = db.get(parent)
    await stops.open('child')
    await begun
    expect(await joined).toBe(0)
    db.set(x, 7)
    const next = db.get(parent)
    await stops.open('child')
    expect(await next).toBe(7)
  })
})
