/** `history`: earlier results are kept, so that a change that is taken back costs no run. */
import { record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, input, InvalidDefinitionError } from '../../src/index.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'
import { branchOf } from '../model/invariants.js'

const flag = input<[], boolean>('flag', { initial: false })
const shape = input<[name: string], { readonly sides: number }>('shape')
const ran: string[] = []
const taken = (): string[] => ran.splice(0)
const mid = derived('mid', (q) => {
  ran.push('mid')
  return [q.get(flag), q.get(shape, 'a')?.sides]
})
const kept = derived('kept', (q) => {
  ran.push('kept')
  return `${q.get(mid).join()} ${q.get(shape, 'b')?.sides}`
}, { history: 1 })
const later = derived('later', async (q) => {
  ran.push('later')
  await Promise.resolve()
  return q.get(kept).length + (q.get(flag) ? 100 : 0)
}, { history: 2 })

function filled(): Database {
  ran.length = 0
  return createDatabase()
}

describe('history', () => {
  it('[SHARE-4 VAL-3] toggling an input runs what has none, and nothing that has one', async () => {
    const db = filled()
    expect([db.get(kept), await db.get(later), taken()]).toEqual(['false, undefined', 16, ['kept', 'mid', 'later']])
    db.set(flag, true)
    expect([db.get(kept), await db.get(later), taken()]).toEqual(['true, undefined', 115, ['mid', 'kept', 'later']])
    for (const on of [false, true, false]) {
      db.set(flag, on)
      const answers = [db.get(kept), await db.get(later)]
      expect([answers, taken()]).toEqual([on ? ['true, undefined', 115] : ['false, undefined', 16], ['mid']])
    }
    expect(db.get(later)).toBe(db.get(later))
  })

  it('[SHARE-4 VAL-3] a change taken back before anybody asked runs nothing either', () => {
    const db = filled()
    const direct = derived('direct', (q) => ran.push(`direct ${q.get(flag)}`), { history: 1 })
    db.get(direct)
    taken()
    db.set(flag, true)
    db.set(flag, false)
    expect([db.get(direct), taken()]).toEqual([1, []])
  })

  it('[SHARE-4] values are compared, not references or stamps; absent is not undefined', () => {
    const maybe = input<[], unknown>('maybe')
    const sides = derived('sides', (q) => ran.push(`${q.get(shape, 'a')?.sides} ${q.has(maybe)} ${String(q.get(maybe))}`), { history: 3 })
    const db = filled()
    const states: (() => void)[] = [
      () => db.set(shape, 'a', { sides: 3 }),
      () => db.set(maybe, undefined),
      () => db.remove(maybe),
      () => db.set(shape, 'a', { sides: 4 }),
      () => db.set(shape, 'a', { sides: 3 }),
    ]
    const logs = states.map((change) => {
      change()
      db.get(sides)
      return taken()
    })
    expect(logs).toEqual([['3 false undefined'], ['3 true undefined'], [], ['4 false undefined'], []])
  })

  it('[SHARE-4 IN-14] the keys and entries of an input are no value that comes back', () => {
    const names = derived('names', (q) => ran.push(q.keys(shape).join()), { history: 2 })
    const count = derived('count', (q) => ran.push(String(q.entries(shape).size)), { history: 2 })
    const db = filled()
    const read = (): string[] => (db.get(names), db.get(count), taken())
    db.set(shape, 'a', { sides: 3 })
    expect(read()).toEqual(['a', '1'])
    db.set(shape, 'b', { sides: 3 })
    expect(read()).toEqual(['a,b', '2'])
    db.remove(shape, 'b')
    expect(read()).toEqual(['a', '1'])
  })

  it('[SHARE-8] n results are kept, and the oldest goes first', () => {
    const size = derived('size', (q) => ran.push(`size ${q.get(shape, 'a')?.sides}`), { history: 2 })
    const db = filled()
    const log = [1, 2, 3, 2, 1, 2, 3, 4, 1].map((sides) => {
      db.set(shape, 'a', { sides })
      db.get(size)
      return taken().length
    })
    expect(log).toEqual([1, 1, 1, 0, 0, 0, 0, 1, 1])
    for (let sides = 0; sides < 100; sides++) {
      db.set(shape, 'a', { sides })
      db.get(size)
    }
    const cell = [...branchOf(db).tables.values()].find(({ definition }) => definition === size)?.only
    expect(cell !== null && cell !== undefined && 'shelf' in cell ? cell.shelf?.past?.length : -1).toBe(2)
  })

  it('[SHARE-5 ERR-2 DER-15] failures and what is volatile have no past; what a failure read is none either', () => {
    const fails = derived('fails', (q) => {
      ran.push('fails')
      if (q.get(flag)) throw new Error('on')
      return 1
    }, { history: 2 })
    const now = derived('now', (q) => {
      ran.push('now')
      q.volatile()
      return q.get(flag)
    }, { history: 2 })
    const catches = derived('catches', (q) => {
      ran.push('catches')
      try {
        return q.get(fails)
      } catch {
        return 0
      }
    }, { history: 2 })
    const db = filled()
    const read = (): unknown[] => [db.get(catches), db.get(now)]
    const log = [false, true, false, true].map((on) => {
      db.set(flag, on)
      return [read(), taken()]
    })
    expect(log.map(([answers]) => answers)).toEqual([[1, false], [0, true], [1, false], [0, true]])
    expect(log.map(([, runs]) => (runs as string[]).includes('now'))).toEqual([true, true, true, true])
    expect(log.slice(3).flatMap(([, runs]) => (runs as string[]).filter((run) => run !== 'now'))).toEqual(['fails', 'catches'])
  })

  it('[VAL-4] of two results the one fits whose reads all fit, in their order', () => {
    const branchy = derived('branchy', (q) => {
      ran.push('branchy')
      return q.get(flag) ? `a${q.get(shape, 'a')?.sides}` : `b${q.get(shape, 'b')?.sides}`
    }, { history: 3 })
    const db = filled()
    const step = (change: () => void): unknown[] => {
      change()
      return [db.get(branchy), taken().length]
    }
    expect(step(() => db.set(shape, 'b', { sides: 1 }))).toEqual(['b1', 1])
    expect(step(() => db.set(flag, true))).toEqual(['aundefined', 1])
    expect(step(() => db.set(shape, 'b', { sides: 2 }))).toEqual(['aundefined', 0])
    expect(step(() => db.set(flag, false))).toEqual(['b2', 1])
    expect(step(() => db.set(shape, 'b', { sides: 1 }))).toEqual(['b1', 0])
    expect(step(() => db.set(flag, true))).toEqual(['aundefined', 0])
  })

  it('[LIVE-2 DER-17] a live query follows, and the change has the revision at which it was taken back', () => {
    const db = filled()
    const seen: unknown[] = []
    const subscription = db.observe(kept).subscribe((value) => seen.push(value))
    for (const on of [true, false, true]) db.set(flag, on)
    expect([seen, db.touch(kept)]).toEqual([['false, undefined', 'true, undefined', 'false, undefined', 'true, undefined'], 3])
    subscription.unsubscribe()
    const log = record(db, 'run')
    db.set(flag, false)
    db.get(kept)
    expect(log.take()).toEqual(['run mid()'])
    log.stop()
  })

  it('[SNAP-4] snapshots keep what they had, and use a history of their own', () => {
    const db = filled()
    const before = db.get(kept)
    const snapshot = db.snapshot()
    for (const on of [true, false, true]) {
      db.set(flag, on)
      db.get(kept)
    }
    taken()
    expect([snapshot.get(kept), taken()]).toEqual([before, []])
    snapshot.set(flag, true)
    snapshot.get(kept)
    taken()
    snapshot.set(flag, false)
    expect([snapshot.get(kept), taken().includes('kept')]).toEqual([before, false])
  })

  it('[REV-4] an invalidation is not undone', () => {
    const db = filled()
    db.get(kept)
    db.invalidate(kept)
    expect([db.get(kept), taken().filter((run) => run === 'kept')]).toEqual(['false, undefined', ['kept', 'kept']])
    db.set(flag, true)
    db.get(kept)
    db.invalidate(kept)
    db.get(kept)
    taken()
    db.set(flag, false)
    expect([db.get(kept), taken().includes('kept')]).toEqual(['false, undefined', true])
  })

  it('[SHARE-4] a history is a whole number', () => {
    for (const history of [-1, 0.5, NaN, '1' as never]) expect(thrownBy(() => derived('wrong', () => 1, { history }))).toBeInstanceOf(InvalidDefinitionError)
  })

  it('[SHARE-7] random programs answer the same with and without', async () => {
    await forSeeds(60, async (random) => {
      const build = (name: string, history: number): { step: (key: string, value: number) => void; read: () => Promise<unknown[]>; runs: () => number } => {
        const number = input<[key: string], number>(`number ${name}`)
        let runs = 0
        const sum = derived(`sum ${name}`, (q, a: string, b: string) => {
          runs++
          return (q.get(number, a) ?? 0) % 2 === 0 ? (q.get(number, b) ?? -1) : q.has(number, b) ? 1 : 2
        }, { history })
        const top = derived(`top ${name}`, async (q) => {
          runs++
          const first = q.get(sum, 'a', 'b')
          await Promise.resolve()
          return [first, first > 0 ? q.get(sum, 'b', 'c') : q.get(sum, 'c', 'a'), q.keys(number).join()]
        }, { history })
        const db = createDatabase()
        return { step: (key, value) => (value < 0 ? db.remove(number, key) : db.set(number, key, value)), read: () => db.get(top), runs: () => runs }
      }
      const [plain, past] = [build('plain', 0), build('past', 1 + random.int(3))]
      for (let turn = 0; turn < 60; turn++) {
        const [key, value] = [random.pick(['a', 'b', 'c']), random.int(4) - 1]
        plain.step(key, value)
        past.step(key, value)
        if (random.chance(0.7)) expect(await past.read()).toEqual(await plain.read())
      }
      expect(past.runs()).toBeLessThanOrEqual(plain.runs())
    })
  })
})
