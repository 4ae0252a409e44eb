/** Cancellation of parents and shared children, and what callers' signals cost. */
import { getEventListeners } from 'node:events'
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { rejectionOf, thrownBy, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const other = input<[], number>('other', { initial: 0 })

/** Grandparents over parents over one child; each notes its abort. */
function makeFamily() {
  const stops = new Stops()
  const aborted: string[] = []
  const child = derived('child', async (q) => {
    q.signal.addEventListener('abort', () => aborted.push('child'))
    const value = q.get(x)
    await stops.at('child')
    return value
  })
  const parent = derived('parent', async (q, name: string) => {
    q.signal.addEventListener('abort', () => aborted.push(name))
    return (await q.get(child)) + name.length
  })
  const grandparent = derived('grandparent', async (q, name: string) => {
    q.signal.addEventListener('abort', () => aborted.push('grandparent'))
    return (await q.get(parent, name)) + 100
  })
  return { stops, aborted, child, parent, grandparent }
}

describe('parents and children', () => {
  it('[CAN-5] a child nobody else waits for is aborted with its parents, outermost first', async () => {
    const db = createDatabase()
    const { stops, aborted, grandparent } = makeFamily()
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(grandparent, 'left'))
    leaver.abort('gone')
    expect(aborted).toEqual(['grandparent', 'left', 'child'])
    expect(db.stats().jobs).toBe(0)
    expect(await error).toBe('gone')
    await stops.openAll()
  })

  it('[CAN-5] a child somebody else waits for goes on: a caller, another parent, a prefetch, a live query', async () => {
    const others = {
      caller: (db: ReturnType<typeof createDatabase>, { child }: ReturnType<typeof makeFamily>) => void db.get(child),
      parent: (db: ReturnType<typeof createDatabase>, { parent }: ReturnType<typeof makeFamily>) => void db.get(parent, 'right'),
      prefetch: (db: ReturnType<typeof createDatabase>, { child }: ReturnType<typeof makeFamily>) => db.prefetch(child),
      live: (db: ReturnType<typeof createDatabase>, { child }: ReturnType<typeof makeFamily>) => void db.watch(child).subscribe(),
    }
    for (const wait of Object.values(others)) {
      for (const isFirst of [true, false]) {
        const db = createDatabase()
        const family = makeFamily()
        const log = record(db)
        const leaver = new AbortController()
        if (isFirst) wait(db, family)
        const error = rejectionOf(db.with({ signal: leaver.signal }).get(family.grandparent, 'left'))
        if (!isFirst) wait(db, family)
        leaver.abort('gone')
        expect(family.aborted).toEqual(['grandparent', 'left'])
        expect(await error).toBe('gone')
        await family.stops.openAll()
        expect(log.take().filter((line) => line.endsWith(' child()'))).toEqual(['run child()'])
        expect(await db.get(family.child)).toBe(1)
      }
    }
  })

  it('[CAN-5] a child of two parents is aborted when the second of them is', async () => {
    const db = createDatabase()
    const { stops, aborted, parent } = makeFamily()
    const leavers = { left: new AbortController(), right: new AbortController() }
    const errors = Object.entries(leavers).map(([name, { signal }]) => rejectionOf(db.with({ signal }).get(parent, name)))
    leavers.right.abort('one')
    expect(aborted).toEqual(['right'])
    leavers.left.abort('two')
    expect(aborted).toEqual(['right', 'left', 'child'])
    expect(await Promise.all(errors)).toEqual(['two', 'one'])
    await stops.openAll()
  })

  it('[CAN-5] of children requested together, those that are shared survive', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const aborted: string[] = []
    const leaf = derived('leaf', async (q, name: string) => {
      q.signal.addEventListener('abort', () => aborted.push(name))
      await stops.at(name)
      return name
    })
    const all = derived('all', async (q) => Promise.all(['a', 'b', 'c', 'd'].map((name) => q.get(leaf, name))))
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(all))
    await stops.open('d')
    const kept = db.get(leaf, 'b')
    leaver.abort('gone')
    expect(aborted.toSorted()).toEqual(['a', 'c'])
    expect(await error).toBe('gone')
    await stops.openAll()
    expect(await kept).toBe('b')
  })

  it('[CAN-5] an overtaken parent takes its overtaken child with it, and not the child of newer callers', async () => {
    const db = createDatabase()
    const { stops, aborted, parent } = makeFamily()
    const log = record(db)
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(parent, 'left'))
    db.set(x, 5)
    const newer = db.get(parent, 'left')
    leaver.abort('gone')
    expect(aborted).toEqual(['left', 'child'])
    expect(await error).toBe('gone')
    await stops.openAll()
    expect(log.take().toSorted()).toEqual(['cancel child()', 'cancel parent(left)', 'run child()', 'run child()', 'run parent(left)', 'run parent(left)'])
    expect(await newer).toBe(9)
  })

  it('[CAN-5 CAN-7] a parent that joined the work of a caller who left keeps it alive', async () => {
    const db = createDatabase()
    const { stops, aborted, child, parent } = makeFamily()
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(child))
    const joined = db.get(parent, 'left')
    db.set(other, 1)
    const newer = db.get(parent, 'right')
    leaver.abort('gone')
    expect(aborted).toEqual([])
    expect(await error).toBe('gone')
    await stops.openAll()
    expect([await joined, await newer]).toEqual([5, 6])
  })
})

describe('the signals of callers', () => {
  it('[CAN-6] one that is aborted already rejects without a run', async () => {
    const db = createDatabase()
    const { child, parent } = makeFamily()
    const sync = derived('sync', (q) => q.get(x))
    const log = record(db)
    const aborted = db.with({ signal: AbortSignal.abort('early') })
    expect(await rejectionOf(aborted.get(child))).toBe('early')
    expect(await rejectionOf(aborted.get(parent, 'left'))).toBe('early')
    expect(thrownBy(() => aborted.get(sync))).toBe('early')
    expect(log.take()).toEqual([])
    expect(db.stats().jobs).toBe(0)
  })

  it('[CAN-6] one that is aborted already rejects where the value is there as well', async () => {
    const db = createDatabase()
    const quick = derived('quick', async (q) => q.get(x))
    expect(await db.get(quick)).toBe(1)
    expect(await rejectionOf(db.with({ signal: AbortSignal.abort('early') }).get(quick))).toBe('early')
    expect(await db.get(quick)).toBe(1)
  })

  it('[CAN-6] ten thousand gets leave no listener on the signal', async () => {
    const db = createDatabase()
    const quick = derived('quick', async (q, i: number) => {
      await Promise.resolve()
      if (i % 3 === 0) throw new Error('third')
      return q.get(x) + i
    })
    const sync = derived('sync', (q, i: number) => q.get(x) + i)
    const { signal } = new AbortController()
    const reader = db.with({ signal })
    let failures = 0
    for (let i = 0; i < 5000; i++) {
      reader.get(sync, i)
      const first = reader.get(quick, i)
      const joined = reader.get(quick, i)
      await Promise.all([first, joined]).catch(() => failures++)
      await reader.get(quick, i).catch(() => undefined)
    }
    expect(failures).toBe(1667)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('[CAN-6] listeners go on success, on failure, on leaving, and when the database closes', async () => {
    for (const end of ['open', 'fail', 'abort', 'close'] as const) {
      const db = createDatabase()
      const stops = new Stops()
      const query = derived('query', () => stops.at('query'))
      const leaver = new AbortController()
      const outcomes = [0, 1, 2].map(() => track(db.with({ signal: leaver.signal }).get(query)))
      expect(getEventListeners(leaver.signal, 'abort')).toHaveLength(3)
      if (end === 'open') await stops.open('query')
      else if (end === 'fail') await stops.fail('query', new Error('failed'))
      else if (end === 'abort') leaver.abort('gone')
      else db.close()
      await flush()
      expect(getEventListeners(leaver.signal, 'abort')).toHaveLength(0)
      expect(outcomes.every(({ state }) => state === (end === 'open' ? 'fulfilled' : 'rejected'))).toBe(true)
    }
  })

  it('[CAN-6] a late and a second abort change nothing', async () => {
    const db = createDatabase()
    const { stops, child } = makeFamily()
    const leaver = new AbortController()
    const value = db.with({ signal: leaver.signal }).get(child)
    await stops.openAll()
    leaver.abort('late')
    leaver.abort('twice')
    expect(await value).toBe(1)
    expect(await db.get(child)).toBe(1)
    expect(await rejectionOf(db.with({ signal: leaver.signal }).get(child))).toBe('late')
  })

  it('[CAN-7] a cancellation is in no failure event, in no memo and in no other query that catches', async () => {
    const db = createDatabase()
    const { stops, child } = makeFamily()
    const catching = derived('catching', async (q) => {
      try {
        return await q.get(child)
      } catch {
        return -1
      }
    })
    const log = record(db, 'run', 'change')
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(catching))
    leaver.abort('gone')
    await error
    await stops.openAll()
    expect(log.take()).toEqual(['run catching()', 'run child()', 'cancel catching()', 'cancel child()'])
    const value = db.get(catching)
    await stops.openAll()
    expect(log.take()).toEqual(['run catching()', 'run child()', 'changed child()', 'changed catching()'])
    expect(await value).toBe(1)
  })

  it('[CAN-3 CAN-5 CAN-7] a get made while a parent is told that nobody waits is not rejected with that', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const answers: Promise<unknown>[] = []
    const child = derived('child', async (q) => {
      const value = q.get(x)
      await stops.at('child')
      return value
    })
    const parent = derived('parent', async (q) => {
      q.signal.addEventListener('abort', () => answers.push(db.get(child)))
      return q.get(child)
    })
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(parent))
    leaver.abort('gone')
    expect([await error, answers.length]).toEqual(['gone', 1])
    await stops.openAll()
    expect(await answers[0]).toBe(1)
    expect(db.stats().jobs).toBe(0)
  })
})
