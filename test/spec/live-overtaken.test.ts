/** Asynchronous live queries that commits overtake, or subscribers leave. */
import type { Observable } from 'rxjs'
import { record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { forSeeds } from '../support/random.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const y = input<[], number>('y', { initial: 1 })
const other = input<[], number>('other', { initial: 0 })

/** Fails where x is negative, and gives an equal value for x and x + 2. */
function slowParity(stops: Stops) {
  return derived('slow', async (q) => {
    const value = q.get(x)
    await stops.at(`slow ${value}`)
    if (value < 0) throw `failed ${value}`
    return { parity: value % 2 }
  })
}

describe('overtaken', () => {
  it('[LIVE-2 LIVE-7] a run that commits overtake is finished, emitted, and followed by the newest', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const log = record(db)
    const sum = derived('sum', async (q) => {
      const first = q.get(x)
      await stops.at(`sum ${first}`)
      return [first, q.get(y)]
    })
    const seen: unknown[] = []
    db.observe(sum).subscribe((value) => seen.push(value))
    for (const value of [2, 3, 4]) {
      db.batch((tx) => {
        tx.set(x, value)
        tx.set(y, value)
      })
    }
    await stops.openAll()
    expect(log.take()).toEqual(['run sum()', 'run sum()'])
    expect(seen).toEqual([
      [1, 1],
      [4, 4],
    ])
  })

  it('[VAL-8] the result of an overtaken run is compared once, on its way to subscribers too', async () => {
    const compared: string[] = []
    const stops = new Stops()
    const box = derived('box', async (q) => {
      const value = q.get(x)
      await stops.at(`box ${value}`)
      return { value }
    }, { equals: (a, b) => (compared.push(`${a.value}~${b.value}`), a.value === b.value) })
    const db = createDatabase()
    const seen: number[] = []
    db.observe(box).subscribe(({ value }) => seen.push(value))
    await stops.openAll()
    for (const value of [2, 3]) db.set(x, value)
    await stops.openAll()
    expect([compared, seen]).toEqual([['1~2', '2~3'], [1, 2, 3]])
  })

  it('[LIVE-2] unrelated commits during the run cause no second run and no further emission', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = slowParity(stops)
    const log = record(db)
    const seen: string[] = []
    db.watch(slow).subscribe((state) => seen.push(state.status))
    for (const value of [1, 2, 3]) db.set(other, value)
    await stops.openAll()
    expect(log.take()).toEqual(['run slow()'])
    expect(seen).toEqual(['pending', 'ready'])
  })

  it('[LIVE-2] a run that was overtaken and the newest, which ran beside it, give one emission for equal values', async () => {
    for (const first of ['slow 1', 'slow 3']) {
      const db = createDatabase()
      const stops = new Stops()
      const slow = slowParity(stops)
      const values: unknown[] = []
      const states: string[] = []
      db.observe(slow).subscribe((value) => values.push(value))
      db.watch(slow).subscribe((state) => states.push(state.status))
      const log = record(db)
      db.set(x, 3)
      const newest = db.get(slow)
      await stops.open(first)
      await stops.openAll()
      expect(log.take().filter((line) => line.startsWith('run'))).toEqual(['run slow()'])
      expect([values, await newest]).toEqual([[{ parity: 1 }], { parity: 1 }])
      expect(states).toEqual(first === 'slow 1' ? ['pending', 'ready', 'stale', 'ready'] : ['pending', 'ready'])
      db.set(other, 5)
      db.set(x, 5)
      await stops.openAll()
      expect(values).toEqual([{ parity: 1 }])
    }
  })

  it('[LIVE-2 DUR-6] an equal value that has become less durable is no emission', async () => {
    const rare = input<[], number>('rare', { initial: 1, durability: 'high' })
    const db = createDatabase()
    const stops = new Stops()
    const slow = derived('slow', async (q) => {
      const value = q.get(rare)
      await stops.at('slow')
      return value > 1 ? q.get(x) : 1
    })
    const values: unknown[] = []
    const states: string[] = []
    db.observe(slow).subscribe((value) => values.push(value))
    db.watch(slow).subscribe((state) => states.push(state.status))
    await stops.openAll()
    const log = record(db)
    db.set(rare, 2)
    await stops.openAll()
    expect(log.take()).toEqual(['run slow()'])
    expect([values, states]).toEqual([[1], ['pending', 'ready', 'stale', 'ready']])
  })

  it('[LIVE-4] an asynchronous live query emits only states that existed, each from one revision, and ends at the newest', async () => {
    await forSeeds(40, async (random) => {
      const db = createDatabase()
      const stops = new Stops()
      const left = derived('left', async (q) => {
        await stops.at('left')
        return q.get(x)
      })
      const right = derived('right', async (q) => {
        const value = q.get(y)
        await stops.at('right')
        return value
      })
      const half = derived('half', (q) => q.get(x) >> 1)
      const seen: number[][] = []
      const subscription = db
        .live(async (q) => {
          const early = q.get(half)
          const [l, r] = await Promise.all([q.get(left), q.get(right)])
          return [l, r, q.get(x), (early << 1) | (q.get(y) & 1)]
        })
        .subscribe((values) => seen.push(values))
      const states = new Set([1])
      let value = 1
      for (let i = 0; i < 60; i++) {
        if (random.chance(0.4)) {
          value = random.int(12)
          states.add(value)
          const written = value
          db.batch((tx) => {
            tx.set(x, written)
            tx.set(y, written)
          })
        } else if (random.chance(0.2)) db.set(other, i)
        else if (stops.labels.length > 0) await stops.open(random.pick(stops.labels))
      }
      await stops.openAll()
      expect(seen.filter((values) => new Set(values).size !== 1 || !states.has(values[0] as number))).toEqual([])
      expect(seen.at(-1)?.[0] ?? value).toBe(value)
      expect(seen.every((values, i) => i === 0 || values[0] !== seen[i - 1]?.[0])).toBe(true)
      subscription.unsubscribe()
    })
  })
})

describe('leaving', () => {
  it('[LIVE-5] the last subscriber to leave cancels the run in the same turn', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const aborted: string[] = []
    const child = derived('child', async (q) => {
      q.signal.addEventListener('abort', () => aborted.push('child'))
      await stops.at('child')
      return q.get(x)
    })
    const parent = derived('parent', async (q) => {
      q.signal.addEventListener('abort', () => aborted.push('parent'))
      return q.get(child)
    })
    const subscriptions = [db.watch(parent), db.observe(parent), db.watch(parent)].map((stream: Observable<unknown>) => stream.subscribe())
    subscriptions[1]?.unsubscribe()
    subscriptions[0]?.unsubscribe()
    expect([aborted, db.stats().jobs]).toEqual([[], 2])
    subscriptions[2]?.unsubscribe()
    expect([aborted, db.stats().jobs]).toEqual([['parent', 'child'], 0])
    await stops.openAll()
    const log = record(db)
    const again = db.get(parent)
    await stops.openAll()
    expect(log.take()).toEqual(['run parent()', 'run child()'])
    expect(await again).toBe(1)
  })

  it('[LIVE-5] a live body of no name is cancelled with its subscriber', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const reasons: unknown[] = []
    const subscription = db
      .live(async (q) => {
        q.signal.addEventListener('abort', () => reasons.push(q.signal.reason))
        await stops.at('live')
        return q.get(x)
      })
      .subscribe()
    expect(db.stats().jobs).toBe(1)
    subscription.unsubscribe()
    expect(db.stats().jobs).toBe(0)
    expect(reasons).toEqual([expect.objectContaining({ name: 'AbortError' })])
    await stops.openAll()
    db.set(x, 2)
    expect(db.stats().jobs).toBe(0)
  })

  it('[LIVE-5] who subscribes again before the cancelled body noticed gets a fresh run, and only its value', async () => {
    const db = createDatabase()
    const stops = new Stops()
    let runs = 0
    const query = derived('query', async () => {
      const run = ++runs
      await stops.at(`run ${run}`)
      return run
    })
    const seen: unknown[] = []
    db.observe(query).subscribe((value) => seen.push(value)).unsubscribe()
    db.observe(query).subscribe((value) => seen.push(value))
    await stops.open('run 1')
    await stops.open('run 2')
    expect(runs).toBe(2)
    expect(seen).toEqual([2])
  })
})
