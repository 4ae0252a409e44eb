/** Live queries of one view: what is emitted, how often, and in which order. */
import { record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { forSeeds } from '../support/random.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const y = input<[], number>('y', { initial: 1 })
const other = input<[], number>('other', { initial: 0 })

const double = derived('double', (q) => q.get(x) * 2)
const parity = derived('parity', (q) => q.get(x) % 2)
const product = derived('product', (q) => q.get(x) * q.get(y))
const boxed = derived('boxed', (q) => ({ parity: q.get(parity) }))

describe('subscribing', () => {
  it('[LIVE-1] gives the current value at once, cold, memoised, or failed', () => {
    const db = createDatabase()
    const failing = derived('failing', () => {
      throw 'failed'
    })
    const log = record(db)
    for (let i = 0; i < 2; i++) {
      const seen: unknown[] = []
      db.watch(double).subscribe((state) => seen.push(state))
      db.observe(double).subscribe((value) => seen.push(value))
      db.live((q) => q.get(double) + 1).subscribe((value) => seen.push(value))
      db.watch(failing).subscribe((state) => seen.push(state))
      expect(log.take().filter((line) => !line.includes('live('))).toEqual(i === 0 ? ['run double()', 'run failing()', 'fail failing()'] : [])
      expect(seen).toEqual([{ status: 'ready', value: 2 }, 2, 3, { status: 'failed', error: 'failed' }])
    }
  })

  it('[LIVE-1] after unwatched changes it gives the newest value, not an old one', () => {
    const db = createDatabase()
    const seen: unknown[] = []
    db.observe(double).subscribe((value) => seen.push(value)).unsubscribe()
    db.set(x, 5)
    db.observe(double).subscribe((value) => seen.push(value))
    expect(seen).toEqual([2, 10])
  })

  it('[LIVE-1] does nothing before somebody subscribes', () => {
    const db = createDatabase()
    const log = record(db)
    void [db.watch(double), db.observe(double), db.live((q) => q.get(double))]
    db.set(x, 3)
    expect(log.take()).toEqual([])
  })
})

describe('emissions', () => {
  it('[LIVE-2] one for each commit that changes the result, none for any other', () => {
    const db = createDatabase()
    const log = record(db)
    const seen: unknown[] = []
    db.watch(product).subscribe((state) => seen.push(state))
    db.observe(product).subscribe((value) => seen.push(value))
    db.live((q) => q.get(product)).subscribe((value) => seen.push(value))
    expect(seen.splice(0)).toEqual([{ status: 'ready', value: 1 }, 1, 1])
    log.take()
    db.batch((tx) => {
      tx.set(x, 2)
      tx.set(y, 3)
    })
    expect(log.take().filter((line) => line.startsWith('run product'))).toHaveLength(1)
    expect(seen.splice(0)).toEqual([{ status: 'ready', value: 6 }, 6, 6])
    db.set(x, 2)
    db.set(other, 5)
    db.batch((tx) => {
      tx.set(x, 9)
      tx.set(x, 2)
    })
    expect(log.take()).toEqual([])
    db.batch((tx) => {
      tx.set(x, 3)
      tx.set(y, 2)
    })
    expect(log.take().filter((line) => line.startsWith('run product'))).toHaveLength(1)
    expect(seen).toEqual([])
  })

  it('[LIVE-2] an equal result is no emission, and keeps its reference', () => {
    const db = createDatabase()
    const seen: { parity: number }[] = []
    const ad: { parity: number }[] = []
    db.observe(boxed).subscribe((value) => seen.push(value))
    db.live((q) => ({ parity: q.get(x) % 2 })).subscribe((value) => ad.push(value))
    for (const value of [3, 5, 7]) db.set(x, value)
    expect([seen.length, ad.length]).toEqual([1, 1])
    expect(db.get(boxed)).toBe(seen[0])
    db.set(x, 8)
    expect([seen, ad]).toEqual([[{ parity: 1 }, { parity: 0 }], [{ parity: 1 }, { parity: 0 }]])
  })

  it('[LIVE-2] invalidating a query by hand emits only if its result changed', () => {
    const db = createDatabase()
    let outside = 1
    const reading = derived('reading', () => outside)
    const seen: unknown[] = []
    db.observe(reading).subscribe((value) => seen.push(value))
    db.invalidate(reading)
    outside = 2
    expect(seen).toEqual([1])
    db.invalidate(reading)
    expect(seen).toEqual([1, 2])
  })

  it('[LIVE-2] a query that is also read by get, before and in between, runs once per change', () => {
    const db = createDatabase()
    const log = record(db)
    const seen: number[] = []
    db.get(double)
    db.observe(double).subscribe((value) => seen.push(value))
    for (const value of [2, 3]) {
      db.set(x, value)
      expect(db.get(double)).toBe(value * 2)
    }
    expect(log.take()).toEqual(['run double()', 'run double()', 'run double()'])
    expect(seen).toEqual([2, 4, 6])
  })

  it('[LIVE-2] reading it in another subscriber first takes no emission away', () => {
    const db = createDatabase()
    const seen: string[] = []
    db.events$.subscribe(() => void db.get(double))
    db.revision$.subscribe(() => void db.get(double))
    db.observe(parity).subscribe(() => void db.get(double))
    db.observe(double).subscribe((value) => seen.push(`double ${value}`))
    db.set(x, 2)
    db.set(x, 4)
    expect(seen).toEqual(['double 2', 'double 4', 'double 8'])
  })

  it('[LIVE-3] everything is emitted when set or batch returns, in the order of subscription across cells', () => {
    const db = createDatabase()
    const seen: string[] = []
    const queries = [double, product, double, parity, product]
    for (const [i, query] of queries.entries()) db.observe(query).subscribe((value) => seen.push(`${i} ${query.name} ${value}`))
    db.live((q) => q.get(x)).subscribe((value) => seen.push(`5 live ${value}`))
    db.observe(double).subscribe((value) => seen.push(`6 double ${value}`))
    seen.length = 0
    db.set(x, 4)
    expect(seen.splice(0)).toEqual(['0 double 8', '1 product 4', '2 double 8', '3 parity 0', '4 product 4', '5 live 4', '6 double 8'])
    db.batch((tx) => {
      tx.set(y, 2)
      expect(seen).toEqual([])
      tx.set(x, 6)
    })
    expect(seen.splice(0)).toEqual(['0 double 12', '1 product 12', '2 double 12', '4 product 12', '5 live 6', '6 double 12'])
    db.update(x, (value) => (value ?? 0) + 1)
    expect(seen.map((line) => line[0]).join('')).toBe('0123456')
  })

  it('[LIVE-3] a batch that throws emits nothing', () => {
    const db = createDatabase()
    const seen: number[] = []
    db.observe(double).subscribe((value) => seen.push(value))
    expect(() =>
      db.batch((tx) => {
        tx.set(x, 2)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(seen).toEqual([2])
  })

  it('[LIVE-3] writes of subscribers come after the commit has been told to everybody', () => {
    const db = createDatabase()
    db.set(x, 4)
    const seen: string[] = []
    db.observe(double).subscribe((value) => {
      seen.push(`first ${value}`)
      if (value < 8) {
        db.set(x, value)
        seen.push(`wrote ${value}`)
      }
    })
    db.observe(double).subscribe((value) => seen.push(`second ${value}`))
    seen.length = 0
    db.set(x, 1)
    expect(seen).toEqual(['first 2', 'wrote 2', 'second 2', 'first 4', 'wrote 4', 'second 4', 'first 8', 'second 8'])
  })

  it('[LIVE-3] a write in the first emission is told after it, not inside it', () => {
    const db = createDatabase()
    const seen: string[] = []
    db.observe(double).subscribe((value) => {
      seen.push(`enter ${value}`)
      if (value < 8) db.set(x, value)
      seen.push(`leave ${value}`)
    })
    expect(seen).toEqual(['enter 2', 'leave 2', 'enter 4', 'leave 4', 'enter 8', 'leave 8'])
  })

  it('[LIVE-4] a live query never emits a mix of two revisions: 10 000 random writes over a diamond', async () => {
    const left = derived('left', (q) => q.get(x) + 1)
    const right = derived('right', (q) => q.get(x) - 1)
    const cut = derived('cut', (q) => q.get(x) >> 3)
    const join = derived('join', (q) => [q.get(left), q.get(right), q.get(cut)] as const)
    await forSeeds(2, (random) => {
      const db = createDatabase()
      const torn: unknown[] = []
      let emissions = 0
      let last = 0
      db.live((q) => ({ join: q.get(join), right: q.get(right), x: q.get(x), y: q.get(y), cut: q.get(cut) })).subscribe((all) => {
        emissions++
        last = all.x
        const [l, r, c] = all.join
        if (l !== all.x + 1 || r !== all.x - 1 || all.right !== r || c !== all.x >> 3 || all.cut !== c || all.y !== all.x || db.get(x) !== all.x) torn.push(all)
      })
      let expected = emissions
      let current = 1
      for (let i = 0; i < 10_000; i++) {
        const value = random.int(30)
        if (random.chance(0.2)) db.set(other, i)
        if (value !== current) expected++
        current = value
        db.batch((tx) => {
          if (random.chance(0.5)) tx.set(x, random.int(30))
          tx.set(y, value)
          tx.set(x, value)
        })
        if (last !== value) torn.push({ value, last })
      }
      expect(torn).toEqual([])
      expect(emissions).toBe(expected)
    })
  })
})
