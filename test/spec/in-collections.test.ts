/** Inputs taken together: `keys`, `entries`, `replaceAll`, and very many writes. */
import { List, Map as ImmutableMap, Set as ImmutableSet, Stack } from 'immutable'
import { gate, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { type Batch, createDatabase, type Database, derived, input } from '../../src/index.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], string | undefined>('file')
const cell = input<[x: number, y: number], number>('cell')
const names = derived('names', (q) => q.keys(file).join())
const all = derived('all', (q) => JSON.stringify(q.entries(file)))
const one = derived('one', (q, path: string) => q.get(file, path))

describe('keys and entries', () => {
  it('[IN-14] a reader of keys runs for a new or a removed key, not for a changed value', () => {
    const db = createDatabase()
    const log = record(db)
    expect(db.get(names)).toBe('')
    db.set(file, 'a', '1')
    db.set(file, 'b', '1')
    expect(db.get(names)).toBe('a,b')
    log.take()
    db.set(file, 'a', '2')
    db.set(file, 'b', undefined)
    expect([db.get(names), log.take()]).toEqual(['a,b', []])
    db.remove(file, 'a')
    expect([db.get(names), log.take()]).toEqual(['b', ['run names()']])
    db.set(file, 'c', '1')
    expect([db.get(names), log.take()]).toEqual(['b,c', ['run names()']])
    db.set(cell, 1, 1, 1)
    expect([db.get(names), log.take()]).toEqual(['b,c', []])
  })

  it('[IN-14 BAT-3] a key that comes and goes, or goes and comes, in one batch is no change of the set', () => {
    const db = createDatabase()
    db.set(file, 'a', '1')
    db.get(names)
    db.get(all)
    const log = record(db, 'run', 'input')
    db.batch((tx) => (tx.set(file, 'b', '1'), tx.remove(file, 'b'), tx.remove(file, 'a'), tx.set(file, 'a', '1')))
    expect([db.get(names), db.get(all), log.take()]).toEqual(['a', '{"a":"1"}', []])
    db.batch((tx) => (tx.remove(file, 'a'), tx.set(file, 'a', '2')))
    expect([db.get(names), log.take()]).toEqual(['a', ['set file(a)']])
  })

  it('[IN-14] a reader of entries depends on every value', () => {
    const db = createDatabase()
    const log = record(db)
    db.set(file, 'a', '1')
    expect(db.get(all)).toBe('{"a":"1"}')
    log.take()
    db.set(file, 'a', '2')
    expect([db.get(all), log.take()]).toEqual(['{"a":"2"}', ['run all()']])
    db.set(file, 'a', '2')
    db.set(cell, 0, 0, 1)
    expect([db.get(all), log.take()]).toEqual(['{"a":"2"}', []])
    db.remove(file, 'a')
    expect([db.get(all), log.take()]).toEqual(['{}', ['run all()']])
  })

  it('[IN-14] entries is one Immutable map as long as nothing changes, and never changes itself', () => {
    const db = createDatabase()
    db.set(file, 'a', '1')
    const first = db.entries(file)
    expect(ImmutableMap.isMap(first)).toBe(true)
    expect([db.entries(file) === first, db.read((q) => q.entries(file)) === first, db.snapshot().entries(file) === first]).toEqual([true, true, true])
    db.set(cell, 0, 0, 1)
    expect(db.entries(file)).toBe(first)
    db.set(file, 'b', '2')
    expect([first.toJS(), db.entries(file).toJS(), db.keys(file)]).toEqual([{ a: '1' }, { a: '1', b: '2' }, ['a', 'b']])
    expect(() => (db.keys(file) as string[]).push('c')).toThrow(TypeError)
  })

  it('[IN-14] entries costs the change and not the size', () => {
    const db = createDatabase({ freeze: false })
    db.replaceAll(file, Array.from({ length: 50_000 }, (_, i): [string, string] => [`k${i}`, 'v']))
    const start = performance.now()
    const first = db.entries(file)
    const building = performance.now() - start
    const again = performance.now()
    for (let i = 0; i < 100; i++) {
      db.set(file, 'k7', `v${i}`)
      db.entries(file)
    }
    const following = (performance.now() - again) / 100
    expect([first.size, db.entries(file).size, db.entries(file).get('k7')]).toEqual([50_000, 50_000, 'v99'])
    expect(following).toBeLessThan(building / 10)
  })

  it('[IN-14] the map holds −0, NaN and undefined as they were set', () => {
    const number = input<[name: string], number | undefined>('number')
    const db = createDatabase()
    db.entries(number)
    const shown: unknown[] = []
    for (const value of [0, -0, NaN, undefined, -0, 0]) {
      db.set(number, 'n', value)
      shown.push([...db.entries(number).values()])
    }
    expect(shown).toEqual([[0], [-0], [NaN], [undefined], [-0], [0]])
  })

  it('[IN-14] keys that Immutable takes for equal are two entries: a date and its number', () => {
    const at = input<[time: Date | number], string>('at')
    const place = input<[x: Date | number, y: number], string>('place')
    const db = createDatabase()
    db.set(at, new Date(5), 'date')
    db.set(at, 5, 'number')
    db.set(place, new Date(5), 1, 'date')
    db.set(place, 5, 1, 'number')
    expect([db.keys(at).length, db.entries(at).size, [...db.entries(at).values()], db.entries(at).get(5)]).toEqual([2, 2, ['date', 'number'], 'number'])
    expect([db.keys(place).length, db.entries(place).size]).toEqual([2, 2])
  })

  it('[IN-14 KEY-3] keys that Immutable takes for equal are two entries: a stack and its list, and a date inside a collection', () => {
    const at = input<[at: unknown], number>('at')
    const pairs: unknown[] = [List([1]), Stack([1]), List([Stack()]), List([List()]), List([new Date(5)]), List([5]), ImmutableMap([[new Date(NaN), 1]]), ImmutableMap([[NaN, 1]]), ImmutableSet([Stack([1])]), ImmutableSet([List([1])])]
    const db = createDatabase()
    pairs.forEach((key, i) => db.set(at, key, i))
    expect([...db.entries(at).values()].toSorted((a, b) => a - b)).toEqual(pairs.map((_, i) => i))
    db.set(at, List([1]), -1)
    expect([db.get(at, Stack([1])), db.entries(at).get(List([List([1])]) as never), db.entries(at).size]).toEqual([1, -1, pairs.length])
    expect(db.replaceAll(at, db.entries(at) as never)).toBe(db.revision)
    db.remove(at, Stack([1]))
    expect([...db.entries(at).values()].toSorted((a, b) => a - b)).toEqual([-1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('[IN-14] one primitive stands bare, anything else as an array of the arguments in keys, and as a List in entries', () => {
    const flag = input<[], boolean>('flag')
    const box = input<[at: { readonly x: number }], string>('box')
    const db = createDatabase()
    db.set(box, { x: 1 }, 'boxed')
    db.set(file, 'a', '1')
    db.set(cell, 1, 2, 3)
    db.set(flag, true)
    expect([db.keys(file), db.keys(cell), db.keys(flag), db.keys(box), db.keys(box).map((key) => db.get(box, ...key))]).toEqual([['a'], [[1, 2]], [[]], [[{ x: 1 }]], ['boxed']])
    expect([db.entries(file).get('a'), db.entries(cell).get(List([1, 2])), [...db.entries(flag).values()]]).toEqual(['1', 3, [true]])
  })

  it('[IN-14] an asynchronous reader sees keys and entries of its revision after every await, and is run again for them', async () => {
    const opened = gate()
    const slow = derived('slow', async (q) => {
      const before = q.keys(file).join()
      await opened.promise
      return [before, q.keys(file).join(), q.entries(file).toJS()]
    })
    const db = createDatabase()
    db.set(file, 'a', '1')
    const log = record(db)
    const pending = db.get(slow)
    db.batch((tx) => (tx.set(file, 'b', '2'), tx.set(file, 'a', '3')))
    opened.open()
    expect([await pending, log.take()]).toEqual([['a', 'a', { a: '1' }], ['run slow()']])
    expect([await db.get(slow), log.take()]).toEqual([['a,b', 'a,b', { a: '3', b: '2' }], ['run slow()']])
    db.set(file, 'a', '4')
    expect([await db.get(slow), log.take()]).toEqual([['a,b', 'a,b', { a: '4', b: '2' }], ['run slow()']])
  })

  it('[IN-14] agrees with a model under random writes, in the head and in a query', async () => {
    await forSeeds(20, (random) => {
      const db = createDatabase()
      const model = new Map<string, string>()
      for (let step = 0; step < 80; step++) {
        const name = `k${random.int(6)}`
        const value = `v${random.int(3)}`
        if (random.chance(0.1)) {
          const entries = Array.from({ length: random.int(4) }, (): [string, string] => [`k${random.int(6)}`, value])
          model.clear()
          for (const [key, next] of entries) model.set(key, next)
          db.replaceAll(file, entries)
        } else if (random.chance(0.3)) {
          model.delete(name)
          db.remove(file, name)
        } else {
          model.set(name, value)
          db.set(file, name, value)
        }
        if (!random.chance(0.5)) continue
        const expected = Object.fromEntries(model)
        expect([db.entries(file).toJS(), JSON.parse(db.get(all)), db.get(names).split(',').toSorted()]).toEqual([expected, expected, [...model.keys()].join().split(',').toSorted()])
      }
    })
  })
})

describe('replaceAll', () => {
  it('[IN-13] makes the definition hold exactly the given entries, in one commit', () => {
    const db = createDatabase()
    for (const path of ['a', 'b', 'c']) db.set(file, path, '1')
    db.set(cell, 0, 0, 1)
    const log = record(db, 'revision', 'input')
    expect(db.replaceAll(file, [['b', '1'], ['c', '2'], ['d', '2']])).toBe(5)
    expect([log.take().toSorted(), db.entries(file).toJS(), db.keys(cell)]).toEqual([['remove file(a)', 'revision 5', 'set file(c)', 'set file(d)'], { b: '1', c: '2', d: '2' }, [[0, 0]]])
  })

  it('[IN-13] slots with equal values keep their stamps: their readers do not run', () => {
    const db = createDatabase()
    for (const path of ['a', 'b', 'c']) db.set(file, path, '1')
    for (const path of ['a', 'b', 'c', 'd']) db.get(one, path)
    const log = record(db)
    db.replaceAll(file, [['b', '1'], ['c', '2'], ['d', '2']])
    expect([['a', 'b', 'c', 'd'].map((path) => db.get(one, path)), log.take()]).toEqual([[undefined, '1', '2', '2'], ['run one(a)', 'run one(c)', 'run one(d)']])
  })

  it('[IN-13] the same entries are no change, from whatever iterable and with several arguments', () => {
    const db = createDatabase()
    db.set(file, 'a', '1')
    db.set(cell, 1, 2, 3)
    const log = record(db, 'revision', 'input')
    const same = [
      db.replaceAll(file, new Map([['a', '1']])),
      db.replaceAll(file, db.entries(file)),
      db.replaceAll(file, (function* (): Generator<[string, string]> { yield ['a', '0']; yield ['a', '1'] })()),
      db.replaceAll(cell, [[[1, 2], 3]]),
      db.replaceAll(cell, db.entries(cell)),
    ]
    expect([same, log.take()]).toEqual([[2, 2, 2, 2, 2], []])
    db.replaceAll(file, [])
    expect([log.take(), db.keys(file)]).toEqual([['revision 3', 'remove file(a)'], []])
  })

  it('[IN-13] entries of an input whose one argument is an array or a List go back to their places', () => {
    const path = input<[steps: readonly number[]], string>('path')
    const list = input<[steps: List<number>], string>('list')
    const db = createDatabase()
    db.set(path, [1, 2], 'x')
    db.set(list, List([1, 2]), 'x')
    expect([db.replaceAll(path, db.entries(path)), db.replaceAll(list, db.entries(list))]).toEqual([2, 2])
    expect([db.get(path, [1, 2]), db.get(list, List([1, 2])), db.keys(path).map((key) => db.get(path, ...key))]).toEqual(['x', 'x', ['x']])
  })

  it('[IN-13] within a batch it counts from what the batch has written', () => {
    const db = createDatabase()
    db.set(file, 'a', '1')
    const log = record(db, 'revision', 'input')
    db.batch((tx) => {
      tx.set(file, 'b', '1')
      tx.set(file, 'c', '1')
      tx.replaceAll(file, [['c', '2']])
      expect([tx.has(file, 'a'), tx.has(file, 'b'), tx.get(file, 'c'), db.keys(file)]).toEqual([false, false, '2', ['a']])
      tx.set(file, 'd', '1')
    })
    expect([log.take().toSorted(), db.entries(file).toJS()]).toEqual([['remove file(a)', 'revision 2', 'set file(c)', 'set file(d)'], { c: '2', d: '1' }])
  })

  it('[IN-13 BAT-4] an iterable that throws leaves everything as it was', () => {
    const db = createDatabase()
    db.set(file, 'a', '1')
    const log = record(db, 'revision', 'input')
    const error = new Error('no more')
    const thrown = thrownBy(() => db.replaceAll(file, (function* (): Generator<[string, string]> { yield ['b', '1']; throw error })()))
    expect([log.take(), thrown, db.entries(file).toJS(), db.set(file, 'c', '1')]).toEqual([[], error, { a: '1' }, 2])
  })

  it('[IN-13 IN-15] gives what it removes its initial value back', () => {
    const level = input<[name: string], number>('level', { initial: 3 })
    const db = createDatabase()
    db.set(level, 'a', 1)
    db.set(level, 'b', 1)
    expect([db.replaceAll(level, [['b', 2]]), db.get(level, 'a'), db.get(level, 'b'), db.keys(level)]).toEqual([3, 3, 2, ['b']])
  })
})

describe('very many writes', () => {
  it('[IN-18] ten thousand in one batch: one emission of the revision, each dependent announced once', () => {
    const db = createDatabase()
    const sum = derived('sum', (q) => q.entries(cell).reduce((total, value) => total + value, 0))
    const row = derived('row', (q, x: number) => {
      let total = 0
      for (let y = 0; y < 100; y++) total += q.get(cell, x, y) ?? 0
      return total
    })
    for (let x = 0; x < 100; x++) db.get(row, x)
    const revisions: number[] = []
    const sums: number[] = []
    db.revision$.subscribe((revision) => revisions.push(revision))
    db.observe(sum).subscribe((value) => sums.push(value))
    const log = record(db, 'revision', 'invalidation')
    db.batch((tx) => {
      for (let x = 0; x < 100; x++) for (let y = 0; y < 100; y++) tx.set(cell, x, y, 1)
    })
    const lines = log.take()
    expect([lines.filter((line) => line.startsWith('revision')), lines.filter((line) => line.startsWith('stale')).toSorted()]).toEqual([['revision 1'], ['stale sum()', ...Array.from({ length: 100 }, (_, x) => `stale row(${x})`)].toSorted()])
    expect([revisions, sums, db.get(row, 99), db.stats().runs]).toEqual([[0, 1], [0, 10_000], 100, 103])
  })

  it('[IN-18 BAT-5] ten thousand by the view itself, inside one batch, take no more than those by tx', () => {
    const cost = (write: (db: Database, tx: Batch, i: number) => void): number => {
      const db = createDatabase()
      const start = performance.now()
      expect(db.batch((tx) => {
        for (let i = 0; i < 10_000; i++) write(db, tx, i)
      })).toBe(1)
      expect(db.keys(cell).length).toBe(10_000)
      return performance.now() - start
    }
    cost((_, tx, i) => tx.set(cell, i, 0, i))
    const byTx = cost((_, tx, i) => tx.set(cell, i, 0, i))
    expect(cost((db, _, i) => void db.set(cell, i, 0, i))).toBeLessThan(byTx * 10)
  })
})
