/** Callers that leave: what fires, what goes on, and what is forgotten. */
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { ordersOf, rejectionOf, thrownBy, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const other = input<[], number>('other', { initial: 0 })

/** A query that notes what its signal does, and waits. */
function listening(stops: Stops, fired: unknown[]) {
  return derived('listening', async (q) => {
    const value = q.get(x)
    q.signal.addEventListener('abort', () => fired.push(q.signal.reason))
    await stops.at('listening')
    return value
  })
}

describe('the only caller leaves', () => {
  it('[CAN-1] the signal fires, the promise rejects with the reason, nothing is recorded, the next get runs', async () => {
    for (const reason of [new Error('left'), 'text', 0, null, false]) {
      const db = createDatabase()
      const stops = new Stops()
      const fired: unknown[] = []
      const query = listening(stops, fired)
      const log = record(db)
      const leaver = new AbortController()
      const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
      leaver.abort(reason)
      expect(fired).toEqual([reason])
      expect(await error).toBe(reason)
      expect(log.take()).toEqual(['run listening()', 'cancel listening()'])
      await stops.openAll()
      expect(log.take()).toEqual([])
      const next = db.get(query)
      await stops.openAll()
      expect(log.take()).toEqual(['run listening()'])
      expect(await next).toBe(1)
    }
  })

  it('[CAN-1] without a reason it is the AbortError that the platform makes', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const query = listening(stops, [])
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
    leaver.abort()
    expect(await error).toBe(leaver.signal.reason)
    expect(await error).toMatchObject({ name: 'AbortError' })
    await stops.openAll()
  })

  it('[CAN-1] a body that looks at its signal only afterwards finds it aborted, and its reads rejected', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const seen: unknown[] = []
    const query = derived('query', async (q) => {
      await stops.at('query')
      seen.push(q.signal.aborted, q.signal.reason)
      seen.push(thrownBy(() => q.get(x)))
    })
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
    leaver.abort('left')
    await error
    await stops.openAll()
    expect(seen).toEqual([true, 'left', 'left'])
  })

  it('[CAN-1] an abort from inside the body ends the evaluation like any other', async () => {
    const db = createDatabase()
    const leaver = new AbortController()
    const stops = new Stops()
    let leave = true
    const log: string[] = []
    const query = derived('query', async (q) => {
      log.push('run')
      await stops.at('query')
      if (leave) leaver.abort('from inside')
      return q.get(x)
    })
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
    await stops.open('query')
    expect(await error).toBe('from inside')
    leave = false
    const next = db.get(query)
    await stops.open('query')
    expect(log).toEqual(['run', 'run'])
    expect(await next).toBe(1)
  })

  it('[CAN-1] an abort in the synchronous part of the body rejects, and records nothing', async () => {
    const db = createDatabase()
    const leaver = new AbortController()
    const stops = new Stops()
    const query = derived('query', async (q) => {
      const value = q.get(x)
      leaver.abort('at once')
      await stops.at('query')
      return value
    })
    const error = rejectionOf(Promise.resolve().then(() => db.with({ signal: leaver.signal }).get(query)))
    await stops.openAll()
    expect(await error).toBe('at once')
    const log = record(db)
    const next = db.get(query)
    await stops.openAll()
    expect(log.take()).toEqual(['run query()'])
    expect(await next).toBe(1)
  })

  it('[CAN-1] leaving while a dependency is still being proved leaves nothing behind', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const child = derived('child', async (q) => {
      const value = q.get(x)
      await stops.at('child')
      return value % 2
    })
    const parent = derived('parent', async (q) => (await q.get(child)) + 1)
    const first = db.get(parent)
    await stops.openAll()
    await first
    db.set(x, 3)
    const log = record(db)
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(parent))
    expect(db.stats().jobs).toBe(2)
    leaver.abort('left')
    expect(db.stats().jobs).toBe(0)
    expect(await error).toBe('left')
    const next = db.get(parent)
    await stops.openAll()
    expect(log.take()).toEqual(['run child()', 'cancel child()', 'run child()', 'same child()'])
    expect(await next).toBe(2)
  })
})

describe('one of several leaves', () => {
  it('[CAN-2] it rejects at once, the others get the value, and the signal does not fire', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const fired: unknown[] = []
    const query = listening(stops, fired)
    const log = record(db)
    const leavers = [new AbortController(), new AbortController()]
    const [left, stays] = leavers.map(({ signal }) => track(db.with({ signal }).get(query)))
    const plain = db.get(query)
    leavers[0]?.abort('left')
    await flush()
    expect([left?.state, left?.error, stays?.state]).toEqual(['rejected', 'left', 'pending'])
    await stops.open('listening')
    leavers[1]?.abort('too late')
    expect(log.take()).toEqual(['run listening()'])
    expect(fired).toEqual([])
    expect(stays).toEqual({ state: 'fulfilled', value: 1 })
    expect(await plain).toBe(1)
  })

  it('[CAN-3] the signal fires once, after the last has left, in whatever order', async () => {
    for (const order of ordersOf([0, 1, 2])) {
      const db = createDatabase()
      const stops = new Stops()
      const fired: unknown[] = []
      const query = listening(stops, fired)
      const leavers = order.map(() => new AbortController())
      const outcomes = leavers.map(({ signal }) => track(db.with({ signal }).get(query)))
      const counts = order.map((i) => {
        leavers[i]?.abort(i)
        return fired.length
      })
      expect(counts).toEqual([0, 0, 1])
      expect(fired).toEqual([order[2]])
      await stops.openAll()
      for (const leaver of leavers) leaver.abort('again')
      expect(fired).toHaveLength(1)
      expect(outcomes.map(({ error }) => error)).toEqual([0, 1, 2])
    }
  })

  it('[CAN-2 CAN-7] the caller that began leaves, and one that joined at a newer revision gets the value', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const fired: unknown[] = []
    const query = listening(stops, fired)
    const log = record(db)
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
    db.set(other, 1)
    const joined = db.get(query)
    leaver.abort('left')
    expect(await error).toBe('left')
    await stops.openAll()
    expect(log.take()).toEqual(['run listening()'])
    expect(fired).toEqual([])
    expect(await joined).toBe(1)
  })

  it('[CAN-2] a caller without a signal stays, whoever leaves', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const fired: unknown[] = []
    const query = listening(stops, fired)
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
    const plain = db.get(query)
    leaver.abort('left')
    expect(await error).toBe('left')
    await stops.open('listening')
    expect([await plain, fired]).toEqual([1, []])
  })

  it('[CAN-2] a watching live query counts as a caller', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const fired: unknown[] = []
    const query = listening(stops, fired)
    const states: unknown[] = []
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
    const subscription = db.watch(query).subscribe((state) => states.push(state))
    leaver.abort('left')
    expect(await error).toBe('left')
    await stops.open('listening')
    expect(fired).toEqual([])
    expect(states).toEqual([{ status: 'pending' }, { status: 'ready', value: 1 }])
    subscription.unsubscribe()
  })
})
