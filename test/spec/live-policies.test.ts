/** Asynchronous live queries under constant writes: what becomes of evaluations that commits overtake. */
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input, InvalidDefinitionError, type LiveOptions } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })
const y = input<[], number>('y', { initial: 0 })
const other = input<[], number>('other', { initial: 0 })

/** Waits at the value of x it was asked for. */
function slowCopy(stops: Stops) {
  return derived('slow', async (q) => {
    const value = q.get(x)
    await stops.at(`slow ${value}`)
    return { value, y: q.get(y) }
  })
}

type Policy = LiveOptions & Required<Pick<LiveOptions, 'policy'>>

function follow(options: Policy) {
  const db = createDatabase()
  const stops = new Stops()
  const slow = slowCopy(stops)
  const log = record(db, 'run')
  const seen: unknown[] = []
  const subscription = db
    .with(options)
    .watch(slow)
    .subscribe((state) => seen.push('value' in state ? `${state.status} ${state.value?.value}` : state.status))
  const take = (): unknown[] => seen.splice(0)
  const results = (): unknown[] => take().filter((state) => !String(state).startsWith('stale'))
  const runs = (): string[] => log.take().filter((line) => line.includes('slow'))
  return { db, stops, slow, take, results, runs, subscription }
}

describe('latest', () => {
  it('[LIVE-8] what runs is finished and emitted, then the newest is computed', async () => {
    const { db, stops, take, runs } = follow({ policy: 'latest' })
    for (let i = 1; i <= 5; i++) db.set(x, i)
    expect([runs(), take()]).toEqual([['run slow()'], ['pending']])
    await stops.open('slow 0')
    expect([runs(), take()]).toEqual([['run slow()'], ['ready 0', 'stale 0']])
    db.set(x, 6)
    await stops.open('slow 5')
    await stops.open('slow 6')
    expect([runs(), take()]).toEqual([['run slow()'], ['ready 5', 'stale 5', 'ready 6']])
  })
})

describe('restart', () => {
  it('[LIVE-8] what runs is given up for the newest, at most k times in a row, and counted anew after a result', async () => {
    const { db, stops, take, runs } = follow({ policy: 'restart', restarts: 2 })
    for (let i = 1; i <= 5; i++) db.set(x, i)
    expect(runs()).toEqual(['run slow()', 'run slow()', 'cancel slow()', 'run slow()', 'cancel slow()'])
    await stops.open('slow 2')
    expect([runs(), take()]).toEqual([['run slow()'], ['pending', 'ready 2', 'stale 2']])
    db.set(x, 6)
    expect(runs()).toEqual(['run slow()', 'cancel slow()'])
    await stops.open('slow 6')
    expect([runs(), take(), stops.labels]).toEqual([[], ['ready 6'], ['slow 0', 'slow 1', 'slow 5']])
  })

  it('[LIVE-8] under writes without end it keeps emitting', async () => {
    const { db, stops, take } = follow({ policy: 'restart', restarts: 3 })
    for (let i = 1; i <= 100; i++) {
      db.set(x, i)
      await stops.open(stops.labels.at(-1) as string)
    }
    await stops.openAll()
    const ready = take().filter((state) => String(state).startsWith('ready'))
    expect(ready.length).toBeGreaterThan(20)
    expect(ready.at(-1)).toBe('ready 100')
  })

  it('[LIVE-8 JOB-3] a commit that changed nothing it read restarts nothing', async () => {
    const { db, stops, take, runs } = follow({ policy: 'restart', restarts: 1 })
    for (let i = 1; i <= 5; i++) db.set(other, i)
    await stops.open('slow 0')
    expect([runs(), take()]).toEqual([['run slow()'], ['pending', 'ready 0']])
  })

  it('[LIVE-8 LIVE-9] whoever leaves gives up the newest as well, and nothing is left', async () => {
    const { db, stops, take, subscription, runs } = follow({ policy: 'restart' })
    db.set(x, 1)
    runs()
    subscription.unsubscribe()
    expect([runs(), db.stats().jobs]).toEqual([['cancel slow()'], 0])
    await stops.openAll()
    db.set(x, 2)
    expect([take(), db.stats().jobs]).toEqual([['pending'], 0])
  })

  it('[LIVE-8 CAN-2] an evaluation that others wait for goes on for them', async () => {
    const { db, stops, slow, runs } = follow({ policy: 'restart' })
    const answer = db.get(slow)
    db.set(x, 1)
    expect(runs()).toEqual(['run slow()', 'run slow()'])
    await stops.openAll()
    expect(await answer).toEqual({ value: 0, y: 0 })
  })
})

describe('every', () => {
  it('[LIVE-8] each revision is evaluated, and told in the order of revisions, whichever ends first', async () => {
    const { db, stops, take, runs } = follow({ policy: 'every' })
    for (let i = 1; i <= 3; i++) db.set(x, i)
    expect([runs(), take()]).toEqual([['run slow()', 'run slow()', 'run slow()', 'run slow()'], ['pending']])
    await stops.open('slow 2')
    await stops.open('slow 1')
    expect(take()).toEqual([])
    await stops.open('slow 0')
    expect(take()).toEqual(['ready 0', 'ready 1', 'ready 2', 'stale 2'])
    await stops.open('slow 3')
    expect([runs(), take()]).toEqual([[], ['ready 3']])
  })

  it('[LIVE-8 BIND-1] each result is that of its own revision', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = slowCopy(stops)
    const seen: unknown[] = []
    db.live(async (q) => q.get(slow), { policy: 'every' }).subscribe((value) => seen.push(value))
    for (let i = 1; i <= 3; i++) {
      db.batch((tx) => {
        tx.set(x, i)
        tx.set(y, i)
      })
    }
    await stops.openAll()
    expect(seen).toEqual([0, 1, 2, 3].map((i) => ({ value: i, y: i })))
  })

  it('[LIVE-8] the buffer is bounded: the oldest and the newest stay, and what is left out is counted', async () => {
    const dropped: number[] = []
    const { db, stops, results, runs } = follow({ policy: 'every', buffer: 2, onDropped: (count) => dropped.push(count) })
    for (let i = 1; i <= 6; i++) db.set(x, i)
    expect(dropped).toEqual([1, 2, 3, 4])
    expect(runs().filter((line) => line.startsWith('cancel'))).toHaveLength(4)
    expect(db.stats().jobs).toBeLessThanOrEqual(6)
    await stops.openAll()
    expect(results()).toEqual(['pending', 'ready 0', 'ready 1', 'ready 6'])
  })

  it('[LIVE-8] revisions that change what an evaluation on its way reads only later are told too', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const late = derived('late', async (q) => {
      const at = q.get(x)
      await stops.at(`late ${at}`)
      return `${at} ${q.get(y)}`
    })
    const log = record(db, 'run')
    const seen: unknown[] = []
    db.with({ policy: 'every' }).observe(late).subscribe((value) => seen.push(value))
    db.set(y, 1)
    db.set(y, 2)
    db.set(other, 1)
    db.set(y, 0)
    expect(log.take().filter((line) => line.includes('late'))).toEqual(['run late()'])
    await stops.openAll()
    expect(seen).toEqual(['0 0', '0 1', '0 2', '0 0'])
    log.take()
    db.set(other, 2)
    expect([log.take().filter((line) => line.includes('late')), stops.labels, db.stats().jobs]).toEqual([[], [], 0])
  })

  it('[LIVE-8] what may change nothing leaves a full buffer first', async () => {
    const { db, stops, results } = follow({ policy: 'every', buffer: 2 })
    for (let n = 1; n <= 5; n++) db.set(other, n)
    db.set(x, 1)
    db.set(x, 2)
    await stops.openAll()
    expect(results()).toEqual(['pending', 'ready 0', 'ready 1', 'ready 2'])
    db.set(x, 3)
    db.set(x, 4)
    for (let n = 1; n <= 5; n++) db.set(other, -n)
    db.set(x, 5)
    await stops.openAll()
    expect(results()).toEqual(['ready 3', 'ready 4', 'ready 5'])
  })

  it('[LIVE-8 LIVE-2] a revision with an equal result is not told again', async () => {
    const { db, stops, results } = follow({ policy: 'every' })
    await stops.openAll()
    results()
    db.set(x, 1)
    db.set(x, 0)
    db.set(x, 1)
    db.set(x, 1.5)
    db.set(x, 1)
    await stops.openAll()
    expect(results()).toEqual(['ready 1', 'ready 0', 'ready 1', 'ready 1.5', 'ready 1'])
    db.set(y, 5)
    db.set(y, 0)
    db.set(other, 1)
    await stops.openAll()
    expect(results()).toEqual(['ready 1', 'ready 1'])
  })

  it('[LIVE-8 LIVE-2] results of evaluations that ran side by side are compared with each other', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const parity = derived('parity', async (q) => {
      const value = q.get(x)
      await stops.at(`parity ${value}`)
      return { parity: value % 2 }
    })
    const seen: unknown[] = []
    db.with({ policy: 'every' }).observe(parity).subscribe((value) => seen.push(value))
    await stops.openAll()
    for (const value of [1, 3, 5, 2, 7]) db.set(x, value)
    await stops.openAll()
    expect(seen).toEqual([{ parity: 0 }, { parity: 1 }, { parity: 0 }, { parity: 1 }])
  })

  it('[LIVE-8 LIVE-9] leaving with results outstanding gives all of them up', async () => {
    const { db, stops, take, subscription } = follow({ policy: 'every' })
    for (let i = 1; i <= 3; i++) db.set(x, i)
    subscription.unsubscribe()
    expect(db.stats().jobs).toBe(0)
    await stops.openAll()
    expect(take()).toEqual(['pending'])
  })

  it('[LIVE-8 LIVE-6] a failure among the results is a state, and the next result follows', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = derived('slow', async (q) => {
      const value = q.get(x)
      await stops.at(`slow ${value}`)
      if (value === 1) throw new Error('one')
      return value
    })
    const seen: unknown[] = []
    db.with({ policy: 'every' }).watch(slow).subscribe((state) => seen.push('value' in state ? `${state.status} ${state.value}` : state.status))
    db.set(x, 1)
    db.set(x, 2)
    await stops.openAll()
    expect(seen).toEqual(['pending', 'ready 0', 'stale 0', 'failed 0', 'stale 0', 'ready 2'])
  })

  it('[LIVE-8 LIVE-3] a synchronous query is told at once, whatever the policy', () => {
    const db = createDatabase()
    const double = derived('double', (q) => q.get(x) * 2)
    for (const policy of ['latest', 'restart', 'every'] as const) {
      const seen: unknown[] = []
      const subscription = db.with({ policy }).observe(double).subscribe((value) => seen.push(value))
      db.set(x, 1)
      db.set(x, 2)
      db.set(x, 0)
      expect(seen).toEqual([0, 2, 4, 0])
      subscription.unsubscribe()
    }
  })
})

describe('options', () => {
  it('[LIVE-8] what makes no sense is refused', () => {
    const db = createDatabase()
    const double = derived('double', (q) => q.get(x) * 2)
    const wrong = [{ policy: 'oldest' }, { policy: 'restart', restarts: -1 }, { policy: 'restart', restarts: 0.5 }, { policy: 'every', buffer: 0 }]
    for (const options of wrong) {
      expect(() => db.with(options as Policy).watch(double)).toThrow(InvalidDefinitionError)
      expect(() => db.live((q) => q.get(x), options as Policy)).toThrow(InvalidDefinitionError)
    }
  })

  it('[LIVE-8] an onDropped that throws is reported, and harms nobody', async () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const stops = new Stops()
    const slow = slowCopy(stops)
    const seen: unknown[] = []
    const thrown = new Error('dropped')
    const options: Policy = { policy: 'every', buffer: 1, onDropped: () => { throw thrown } }
    db.with(options).observe(slow).subscribe(({ value }) => seen.push(value))
    for (let i = 1; i <= 2; i++) db.set(x, i)
    await stops.openAll()
    await flush()
    expect([reported, seen]).toEqual([[thrown], [0, 2]])
  })
})
