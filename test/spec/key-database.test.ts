/** Keys as a database sees them: slots, cells, keys, entries, events, snapshots. */
import { List, Map as ImmutableMap, OrderedMap, Set as ImmutableSet } from 'immutable'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input, InvalidKeyError, type RuntimeEvent, type View } from '../../src/index.js'

const slot = input<[key: unknown], number>('slot')
const pair = input<[a: unknown, b: unknown], number>('pair')
/** Tells what its body received; each run is another value. */
const cell = derived('cell', (q, key: unknown) => ({ key, value: q.get(slot, key) }), { equals: false })
const both = derived('both', (q, a: unknown, b: unknown) => ({ a, b, value: q.get(pair, a, b) }), { equals: false })

/** Gives each key a slot and a cell of its own, by itself and as one of two, and checks that none meets another. */
function expectApart(keys: readonly unknown[]): void {
  const db = createDatabase()
  const events: RuntimeEvent[] = []
  db.events('input').subscribe((event) => events.push(event))
  for (const [i, key] of keys.entries()) {
    db.set(slot, key, i)
    db.set(pair, 'x', key, i)
    db.set(pair, key, 'x', i + 1000)
  }
  const check = (view: View): void => {
    expect(keys.map((key) => view.get(slot, key))).toEqual(keys.map((_, i) => i))
    expect(keys.map((key) => view.get(pair, 'x', key))).toEqual(keys.map((_, i) => i))
    expect(keys.map((key) => view.get(pair, key, 'x'))).toEqual(keys.map((_, i) => i + 1000))
    const cells = keys.map((key) => view.get(cell, key))
    expect(cells.map(({ value }) => value)).toEqual(keys.map((_, i) => i))
    expect(new Set(cells).size).toBe(keys.length)
    expect(keys.map((key) => view.get(cell, key))).toEqual(cells)
    expect(keys.map((key) => view.get(both, key, 'x').value)).toEqual(keys.map((_, i) => i + 1000))
    expect([view.keys(slot).length, view.entries(slot).size, view.entries(pair).size]).toEqual([keys.length, keys.length, keys.length * 2])
  }
  check(db)
  expect(db.stats().runs).toBe(keys.length * 2)
  expect(events.length).toBe(keys.length * 3)
  const snapshot = db.snapshot()
  for (const key of keys) expect([db.remove(slot, key) > 0, db.has(slot, key), snapshot.has(slot, key)]).toEqual([true, false, true])
  check(snapshot)
  expect([db.keys(slot), db.entries(slot).size]).toEqual([[], 0])
}

/** Checks that all the keys are one: slot, cell, and entry. */
function expectOne(...same: unknown[]): void {
  const db = createDatabase()
  db.set(slot, same[0], 0)
  const first = db.get(cell, same[0])
  for (const key of same) {
    expect([db.get(slot, key), db.has(slot, key), db.get(pair, key, 1)]).toEqual([0, true, undefined])
    expect(db.get(cell, key)).toBe(first)
    expect(db.set(slot, key, 0)).toBe(1)
  }
  for (const [i, key] of same.entries()) db.set(pair, key, 1, i)
  expect([db.keys(slot).length, db.keys(pair).length, db.get(pair, same[0], 1), db.entries(pair).size, db.stats().runs]).toEqual([1, 1, same.length - 1, 1, 1])
}

describe('strings', () => {
  it('[KEY-1] names of Object.prototype, the empty string, NFC and NFD, lone surrogates: each its own key', () => {
    expectApart([
      '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '', ' ', '\0', '\u00e9', 'e\u0301', '\ud800', '\udc00', '\ud800\udc00', '\ufffd',
      'a', 'A', 'a,b', '["a"]', 's1:a', 'slot', 'undefined', 'null', '[object Object]', '1e0', '\n', '"',
    ])
  })

  it('[KEY-1] a string of a megabyte is a key like any other, and its id is cut', () => {
    const long = 'x'.repeat(1 << 20)
    expectApart([long, `${long}y`, `y${long}`])
    const db = createDatabase()
    const events: RuntimeEvent[] = []
    db.events('input', 'run').subscribe((event) => events.push(event))
    db.set(slot, long, 1)
    db.set(pair, long, long, 1)
    db.get(cell, long)
    for (const event of events) if ('id' in event) expect([event.id.length < 1000, event.args[0] === long]).toEqual([true, true])
    expect(events.length).toBe(4)
  })

  it('[KEY-1] definitions may have such names as well', () => {
    const db = createDatabase()
    const names = ['__proto__', 'constructor', 'toString', '\ud800', 'e\u0301', '\u00e9', ' ', 'a(b)']
    const definitions = names.map((name) => input<[], number>(name))
    for (const [i, definition] of definitions.entries()) db.set(definition, i)
    const snapshot = db.snapshot()
    for (const definition of definitions) db.remove(definition)
    expect(definitions.map((definition) => snapshot.get(definition))).toEqual(names.map((_, i) => i))
    expect(definitions.map((definition) => [snapshot.entries(definition).size, db.entries(definition).size])).toEqual(names.map(() => [1, 0]))
  })
})

describe('primitives', () => {
  it('[KEY-2] 1, "1", 1n, true, "true", null, "null", undefined and their like are keys of their own', () => {
    expectApart([1, '1', 1n, true, 'true', null, 'null', undefined, false, 'false', 0, '0', 0n, '', NaN, 'NaN', Infinity, -Infinity, 1.5, -1, -1n, 2n ** 64n, 2 ** 64, 'undefined'])
  })

  it('[KEY-2] NaN is one, 0 and −0 are one, by themselves and among others', () => {
    expectOne(NaN, Number.NaN, 0 / 0)
    expectOne(0, -0)
    expectOne([0, { z: -0 }], [-0, { z: 0 }])
    expectOne(List([0]), List([-0]))
  })

  it('[KEY-2] the body, keys, entries and events show 0, however it was asked for', () => {
    const db = createDatabase()
    const events: RuntimeEvent[] = []
    db.events('input').subscribe((event) => events.push(event))
    db.set(slot, -0, 1)
    db.set(pair, -0, [-0], 1)
    const shown = [db.get(cell, -0).key, db.keys(slot)[0], [...db.entries(slot).keys()][0], db.get(both, -0, [-0]).a, (db.get(both, -0, [-0]).b as number[])[0], (db.keys(pair)[0] as unknown[])[0]]
    for (const event of events) shown.push('args' in event ? event.args[0] : event)
    expect(shown).toEqual(shown.map(() => 0))
  })

  it('[KEY-2] trailing undefined is left off, one in front or between is not', () => {
    const db = createDatabase()
    db.set(pair, 'a', undefined, 1)
    db.set(pair, undefined, 'a', 2)
    expect([db.get(pair, 'a', undefined), db.get(pair, undefined, 'a'), db.get(slot, undefined), db.keys(pair).length]).toEqual([1, 2, undefined, 2])
  })
})

describe('objects', () => {
  it('[KEY-3] the order of properties does not matter, a property that is undefined does', () => {
    expectOne({ a: 1, b: 2 }, { b: 2, a: 1 }, Object.freeze({ a: 1, b: 2 }))
    expectOne({ x: [{ b: 1, a: 2 }] }, { x: [{ a: 2, b: 1 }] })
    expectApart([{ a: 1 }, { a: 1, b: undefined }, { a: 1, b: null }, {}, [], [undefined], [[]], null, '{}', { a: '1' }, { a: [1] }, [{ a: 1 }]])
  })

  it('[KEY-3] arrays, dates, bigints, typed arrays and Immutable collections: equal content is one key', () => {
    expectOne([1, [2, 3]], [1, [2, 3]])
    expectOne(new Date(5), new Date(5))
    expectOne(new Date(NaN), new Date('never'))
    expectOne(new Uint8Array([1, 2]), Uint8Array.of(1, 2))
    expectOne(List([1, ImmutableMap({ a: 1 })]), List([1, ImmutableMap([['a', 1]])]))
    expectOne(ImmutableMap({ a: 1, b: 2 }), ImmutableMap({ b: 2, a: 1 }))
    expectOne(ImmutableSet([1, 2]), ImmutableSet([2, 1]))
    expectOne(OrderedMap([['a', 1]]), OrderedMap({ a: 1 }))
    expectOne(2n ** 70n, BigInt('1180591620717411303424'))
  })

  it('[KEY-3] kinds and contents that differ are different keys', () => {
    expectApart([
      [1, 2], [2, 1], ['1', 2], [12], [[1], 2], [1, [2]], List([1, 2]), ImmutableSet([1, 2]), OrderedMap([[1, 2]]), ImmutableMap([[1, 2]]), { 1: 2 },
      new Uint8Array([1, 2]), new Uint16Array([1, 2]), new Int8Array([1, 2]), new Date(1), new Date(2), new Date(1).toISOString(), [new Date(1)],
    ])
  })

  it('[KEY-3] what a key was made of may change afterwards: slot, body and events keep what was given', () => {
    const db = createDatabase()
    const mine = { at: [1], when: new Date(5), bytes: new Uint8Array([1]) }
    db.set(slot, mine, 7)
    mine.at.push(2)
    mine.when.setTime(6)
    mine.bytes[0] = 2
    const same = { at: [1], when: new Date(5), bytes: new Uint8Array([1]) }
    expect([db.get(slot, mine), db.get(slot, same), db.get(cell, same).key, db.keys(slot)]).toEqual([undefined, 7, same, [[same]]])
  })

  it('[KEY-3] nor can a body, or who reads keys or an event, change the key of others', () => {
    const db = createDatabase()
    const key = (): { readonly when: Date; readonly bytes: Uint8Array } => ({ when: new Date(5), bytes: new Uint8Array([1]) })
    const spoil = (args: unknown): void => {
      const { when, bytes } = args as ReturnType<typeof key>
      when.setTime(99)
      bytes[0] = 99
    }
    const spoiler = derived('spoiler', (q, given: ReturnType<typeof key>) => {
      const shown = structuredClone(given)
      spoil(given)
      return { shown, value: q.get(slot, key()) }
    })
    db.events('input').subscribe((event) => 'args' in event && spoil(event.args[0]))
    db.set(slot, key(), 1)
    spoil((db.keys(slot)[0] as unknown[])[0])
    const entryKey = (): unknown => ([...db.entries(slot).keys()][0] as List<unknown>).first()
    spoil(entryKey())
    expect([db.keys(slot), entryKey(), db.get(slot, key())]).toEqual([[[key()]], key(), 1])
    db.get(spoiler, key())
    db.set(slot, key(), 2)
    expect(db.get(spoiler, key())).toEqual({ shown: key(), value: 2 })
  })

  it('[KEY-3 IN-14] nor can who reads entries: the map is one, and is given whole to everybody', () => {
    const log = input<[at: unknown], number>('log')
    const bytes = new Uint8Array([1, 2])
    const keys: readonly (readonly [at: unknown, spoil: (part: never) => void])[] = [
      [new Date(5), (date: Date) => date.setTime(99)],
      [new Date(NaN), (date: Date) => date.setTime(99)],
      [bytes, (part: Uint8Array) => part.set([9])],
      [bytes.buffer, (part: ArrayBuffer) => new Uint8Array(part).set([9])],
      [new DataView(bytes.buffer.slice()), (part: DataView) => part.setInt8(0, 9)],
      [{ at: [new Date(5)] }, ({ at }: { at: [Date] }) => at[0].setTime(99)],
      [List([new Date(5)]), (list: List<Date>) => list.first()?.setTime(99)],
      [ImmutableMap([[new Uint8Array([1]), new Date(5)]]), (map: ImmutableMap<Uint8Array, Date>) => map.forEach((date, part) => void (part[0] = 9, date.setTime(99)))],
      [new Uint8Array([7]), (part: Uint8Array) => structuredClone(part, { transfer: [part.buffer] })],
    ]
    const db = createDatabase()
    for (const [index, [at]] of keys.entries()) db.set(log, at, index)
    db.set(log, 'plain', -1)
    const snapshot = db.snapshot()
    const spoilAll = (map: ReturnType<typeof db.entries<[unknown], number>>): void => {
      for (const [shown, index] of map) if (typeof shown === 'object') keys[index]?.[1]((List.isList(shown) ? shown.first() : (shown as unknown[])[0]) as never)
    }
    const views = [db, snapshot, { entries: () => db.read((q) => q.entries(log)) } as unknown as typeof db]
    for (const view of views) {
      for (let round = 0; round < 2; round++) {
        spoilAll(view.entries(log))
        expect(db.replaceAll(log, db.entries(log))).toBe(db.revision)
        expect(db.replaceAll(log, snapshot.entries(log))).toBe(db.revision)
      }
    }
    expect(db.revision).toBe(keys.length + 1)
    spoilAll(db.entries(log))
    for (const [at] of keys) {
      db.remove(log, at)
      snapshot.set(log, at, -1)
    }
    expect([db.entries(log).toArray(), db.entries(log) === db.entries(log)]).toEqual([[['plain', -1]], true])
    expect([snapshot.entries(log).size, [...snapshot.entries(log).values()].every((value) => value === -1)]).toEqual([keys.length + 1, true])
  })

  it('[KEY-3 IN-17] what was given to node, bind and with may change afterwards, too', () => {
    const db = createDatabase()
    const values = new Subject<number>()
    const mine = new Date(5)
    const node = db.node(slot, mine)
    db.bind(slot, mine, values)
    const states = db.with({ policy: 'every' }).observe(cell, mine)
    mine.setTime(6)
    node.next(1)
    const seen: unknown[] = []
    states.subscribe((value) => seen.push(value.key))
    expect([db.keys(slot), node.value, seen]).toEqual([[[new Date(5)]], 1, [new Date(5)]])
    values.next(2)
    expect([db.keys(slot), node.value]).toEqual([[[new Date(5)]], 2])
  })

  it('[KEY-3] cycles, functions, symbols and class instances are refused, at any depth, and nothing is made of them', () => {
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    class Point { readonly x = 1 }
    const db = createDatabase()
    const before = db.stats()
    for (const bad of [cyclic, () => 1, Symbol('s'), new Point(), new Map(), new Set(), /x/, new Error('e'), Promise.resolve(), new WeakMap(), Object.create({})]) {
      for (const key of [bad, [bad], { a: { b: bad } }, List([bad]), ImmutableMap([[bad, 1]])]) {
        expect(() => db.set(slot, key, 1)).toThrow(InvalidKeyError)
        expect(() => db.get(cell, key)).toThrow(InvalidKeyError)
        expect(() => db.get(pair, 'a', key)).toThrow(InvalidKeyError)
      }
    }
    expect([db.revision, db.stats()]).toEqual([0, before])
  })
})
