/** Gates, stops and the scheduler: bodies go on when the test says so. */
import { flush, gate, record, Scheduler, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { rejectionOf } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })

describe('gates', () => {
  it('wait until they are opened, or fail', async () => {
    const first = gate<number>()
    const second = gate()
    const seen: unknown[] = []
    first.promise.then((value) => seen.push(value)).catch(() => {})
    second.promise.catch((error: unknown) => seen.push(error))
    await flush()
    expect(seen).toEqual([])
    first.open(1)
    second.fail('closed')
    await flush()
    expect(seen).toEqual([1, 'closed'])
  })
})

describe('stops', () => {
  it('go on by label, in any order', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = derived('slow', async (q, name: string) => {
      await stops.at(`${name} 1`)
      const value = q.get(x)
      await stops.at(`${name} 2`)
      return value
    })
    const log = record(db)
    const [a, b] = [db.get(slow, 'a'), db.get(slow, 'b')]
    expect(stops.labels).toEqual(['a 1', 'b 1'])
    await stops.open('b 1')
    expect(stops.labels).toEqual(['a 1', 'b 2'])
    const failed = rejectionOf(a)
    await stops.fail('a 1', 'lost')
    expect(await failed).toBe('lost')
    await stops.openAll()
    expect(await b).toBe(1)
    expect(log.take()).toEqual(['run slow(a)', 'run slow(b)', 'fail slow(a)'])
    await expect(stops.open('c')).rejects.toThrow('Nothing waits at c')
  })
})

describe('scheduler', () => {
  const order = async (seed: number): Promise<string[]> => {
    const db = createDatabase()
    const scheduler = new Scheduler(seed)
    const slow = derived('slow', async (q, name: string) => {
      for (const step of [1, 2, 3]) await scheduler.step(`${name}${step}`)
      return q.get(x)
    })
    const answers = ['a', 'b', 'c'].map((name) => db.get(slow, name))
    const steps = await scheduler.run()
    expect(await Promise.all(answers)).toEqual([1, 1, 1])
    expect(scheduler.size).toBe(0)
    return steps
  }

  it('equal seeds give equal orders, others give others', async () => {
    const orders = await Promise.all([1, 2, 3, 4, 5, 6].map(order))
    expect(orders.map((steps) => steps.toSorted())).toEqual(orders.map(() => ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2', 'c3']))
    expect(new Set(orders.map((steps) => steps.join())).size).toBeGreaterThan(3)
    expect(await Promise.all([1, 2, 3, 4, 5, 6].map(order))).toEqual(orders)
  })

  it('a test may choose itself', async () => {
    const scheduler = new Scheduler()
    const seen: string[] = []
    for (const label of ['a', 'b', 'c']) scheduler.step(label).then(() => seen.push(label)).catch(() => {})
    expect([scheduler.release(1), scheduler.release(5), scheduler.release(0), scheduler.release(0)]).toEqual(['b', 'c', 'a', undefined])
    await flush()
    expect(seen).toEqual(['b', 'c', 'a'])
  })
})
