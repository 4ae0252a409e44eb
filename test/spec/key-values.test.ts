/** Values of every kind, through inputs, queries, snapshots, batches and nodes: in memory they are exact. */
import { List, Map as ImmutableMap } from 'immutable'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'

const slot = input<[name: string], unknown>('slot')
const through = derived('through', (q, name: string) => q.get(slot, name))
const later = derived('later', async (q, name: string) => q.get(slot, name))

class Point {
  readonly x: number
  constructor(x: number) {
    this.x = x
  }
}

function cyclic(tag: number): object {
  const object: Record<string, unknown> = { tag, list: [] }
  object['self'] = object
  ;(object['list'] as unknown[]).push(object)
  return object
}

/** An array that has elements at the given places only. */
function holes(...at: readonly number[]): unknown[] {
  const array: unknown[] = []
  for (const place of at) array[place] = place
  return array
}

/** Each makes a value afresh, and another that is not equal to it. */
const kinds: readonly [name: string, make: () => unknown, other: () => unknown][] = [
  ['−0', () => -0, () => 0],
  ['NaN', () => NaN, () => 0],
  ['undefined', () => undefined, () => null],
  ['an empty string', () => '', () => 0],
  ['a lone surrogate', () => '\ud800', () => '\ufffd'],
  ['a huge bigint', () => 2n ** 5000n, () => 2n ** 5000n + 1n],
  ['an invalid date', () => new Date(NaN), () => new Date(0)],
  ['a typed array', () => new Uint8Array([1, 2]), () => new Uint8Array([1, 3])],
  ['typed arrays of one content', () => new Uint8Array([1]), () => new Int8Array([1])],
  ['an ArrayBuffer', () => new Uint8Array([1]).buffer, () => new Uint8Array([2]).buffer],
  ['a Map', () => new Map<unknown, unknown>([[NaN, { a: -0 }]]), () => new Map<unknown, unknown>([[NaN, { a: 0 }]])],
  ['a Set', () => new Set([1, 'x']), () => new Set([1])],
  ['a RegExp', () => /a/gi, () => /a/g],
  ['nested data', () => ({ a: [{ b: new Map([['k', new Set([1])]]) }] }), () => ({ a: [{ b: new Map([['k', new Set([2])]]) }] })],
  ['a cyclic value', () => cyclic(1), () => cyclic(2)],
  ['an array with holes', () => holes(1, 3), () => [undefined, 1, undefined, 3]],
  ['an own __proto__', () => JSON.parse('{"__proto__": {"x": 1}}') as unknown, () => JSON.parse('{"__proto__": {"x": 2}}') as unknown],
  ['an own __proto__ against none', () => JSON.parse('{"__proto__": null}') as unknown, () => ({})],
  ['an Error with a cause', () => new TypeError('bad', { cause: new Error('deep') }), () => new TypeError('bad', { cause: new Error('other') })],
  ['an Immutable collection', () => List([ImmutableMap({ a: -0 })]), () => List([ImmutableMap({ a: 0 })])],
  ['an object without a prototype', () => Object.assign(Object.create(null) as object, { a: 1 }), () => Object.assign(Object.create(null) as object, { a: 2 })],
]

describe('values in memory', () => {
  it.each(kinds)('[KEY-4] %s comes back exact, an equal one is no change, another is', async (_, make, other) => {
    const db = createDatabase()
    const value = make()
    db.set(slot, 'a', value)
    const snapshot = db.snapshot()
    const nodes: unknown[] = []
    db.node(slot, 'a').subscribe((shown) => nodes.push(shown))
    const shown = [db.get(slot, 'a'), db.get(through, 'a'), await db.get(later, 'a'), db.entries(slot).get('a'), snapshot.get(slot, 'a'), snapshot.get(through, 'a'), nodes[0]]
    for (const found of shown) expect(Object.is(found, value)).toBe(true)
    expect(value).toStrictEqual(make())
    const { runs } = db.stats()
    expect([db.set(slot, 'a', make()), db.batch((tx) => (tx.set(slot, 'a', other()), tx.set(slot, 'a', make()))), db.stats().runs]).toEqual([1, 1, runs])
    expect(Object.is(db.get(slot, 'a'), value)).toBe(true)
    expect([db.set(slot, 'a', other()), db.get(through, 'a')]).toStrictEqual([2, other()])
    expect(Object.is(snapshot.get(through, 'a'), value)).toBe(true)
    expect([nodes.length, db.set(slot, 'a', make())]).toEqual([2, 3])
  })

  it('[KEY-4] class instances, functions and symbols are handed through as they are', () => {
    const db = createDatabase()
    for (const value of [new Point(1), () => 1, Symbol('s'), Promise.resolve(1), new WeakMap(), new Proxy({}, {})]) {
      db.set(slot, 'a', value)
      expect([db.get(slot, 'a') === value, db.snapshot().get(slot, 'a') === value]).toEqual([true, true])
    }
  })

  it('[KEY-4] an equal result of a query keeps the reference, whatever kind it is', () => {
    for (const [, make, other] of kinds) {
      const result = derived('result', (q) => (q.get(slot, 'which') === 'other' ? other() : make()))
      const dependents: unknown[] = []
      const dependent = derived('dependent', (q) => dependents.push(q.get(result)))
      const db = createDatabase()
      db.get(dependent)
      const first = db.get(result)
      db.set(slot, 'which', 'same')
      db.get(dependent)
      expect([Object.is(db.get(result), first), dependents.length]).toEqual([true, 1])
      db.set(slot, 'which', 'other')
      db.get(dependent)
      expect([db.get(result), dependents.length]).toStrictEqual([other(), 2])
    }
  })

  it('[KEY-4] no value changes a prototype, and holes stay holes', () => {
    const db = createDatabase()
    db.set(slot, 'a', JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'))
    db.set(slot, 'b', holes(1))
    expect([(({}) as { polluted?: boolean }).polluted, Object.keys(db.get(slot, 'a') as object), 0 in (db.get(slot, 'b') as unknown[])]).toEqual([undefined, ['__proto__', 'constructor'], false])
  })

  it('[KEY-4] a value a hundred thousand levels deep is set, compared and frozen', () => {
    const nested = (depth: number, leaf: number): unknown => {
      let value: unknown = { leaf }
      for (let i = 0; i < depth; i++) value = [value]
      return value
    }
    const db = createDatabase()
    const revisions = [db.set(slot, 'a', nested(100_000, 1)), db.set(slot, 'a', nested(100_000, 1)), db.set(slot, 'a', nested(100_000, 2))]
    expect([revisions, Object.isFrozen((db.get(slot, 'a') as unknown[])[0])]).toEqual([[1, 1, 2], true])
  })
})
