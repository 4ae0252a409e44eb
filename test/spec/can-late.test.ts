/** What comes after the last caller has left: late values, fallbacks and fresh runs. */
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it, vi } from 'vitest'
import { derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { ordersOf, rejectionOf } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })

describe('after the last has left', () => {
  it('[CAN-3 CAN-4] who comes before the body noticed starts a fresh run, and the late value is discarded', async () => {
    for (const order of ordersOf(['old', 'new'])) {
      const db = createDatabase()
      const stops = new Stops()
      const names = ['old', 'new']
      const query = derived('query', async () => {
        const name = names.shift() ?? 'more'
        await stops.at(name)
        return { name }
      })
      const leaver = new AbortController()
      const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
      leaver.abort('left')
      const fresh = db.get(query)
      for (const name of order) await stops.open(name)
      expect(await error).toBe('left')
      expect(await fresh).toEqual({ name: 'new' })
      expect(await db.get(query)).toBe(await fresh)
      expect(names).toEqual([])
    }
  })

  it('[CAN-3] a fresh run may start in the very listener of the signal', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const log: string[] = []
    const fresh: Promise<number>[] = []
    const query = derived('query', async (q) => {
      log.push('run')
      q.signal.addEventListener('abort', () => {
        log.push('abort')
        fresh.push(db.get(query))
      })
      await stops.at('query')
      return q.get(x)
    })
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
    leaver.abort('left')
    await stops.openAll()
    expect(log).toEqual(['run', 'abort', 'run'])
    expect(await error).toBe('left')
    expect(await Promise.all(fresh)).toEqual([1])
  })

  it('[CAN-4] a body that catches the abort and returns a fallback is not memoised', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const log = record(db)
    const query = derived('query', async (q) => {
      const aborted = new Promise<string>((resolve) => q.signal.addEventListener('abort', () => resolve('fallback')))
      return Promise.race([aborted, stops.at('query').then(() => 'value')])
    })
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
    leaver.abort('left')
    await flush()
    expect(await error).toBe('left')
    const next = db.get(query)
    await stops.openAll()
    expect(log.take()).toEqual(['run query()', 'cancel query()', 'run query()'])
    expect(await next).toBe('value')
  })

  it('[CAN-4 CAN-7] a body that rejects late is not heard of again', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const unhandled = vi.fn<(error: unknown) => void>()
    process.on('unhandledRejection', unhandled)
    const log = record(db, 'run', 'change')
    const query = derived('query', () => stops.at('query'))
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(query))
    leaver.abort('left')
    expect(await error).toBe('left')
    await stops.fail('query', new Error('late'))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(log.take()).toEqual(['run query()', 'cancel query()'])
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('[CAN-7] what stood before a cancelled run stands again when its inputs do', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const query = derived('query', async (q) => {
      const value = q.get(x)
      await stops.at('query')
      return { value }
    })
    const dependent = derived('dependent', async (q) => (await q.get(query)).value * 10)
    const before = db.get(dependent)
    await stops.openAll()
    await before
    db.set(x, 2)
    const leaver = new AbortController()
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(dependent))
    leaver.abort('left')
    expect(await error).toBe('left')
    await stops.openAll()
    const log = record(db)
    const states: unknown[] = []
    const subscription = db.watch(dependent).subscribe((state) => states.push(state))
    await stops.openAll()
    subscription.unsubscribe()
    expect(log.take()).toEqual(['run query()', 'run dependent()'])
    expect(states).toEqual([{ status: 'pending' }, { status: 'ready', value: 20 }])
  })
})
