/** changes: what differs between consecutive maps. */
import { Map as ImmutableMap, OrderedMap } from 'immutable'
import { Subject } from 'rxjs'
import type { Random } from 'pebre/testing'
import { expect, it } from 'vitest'
import { createDatabase, input } from '../../src/index.js'
import { changes, type MapDifference } from '../../src/operators/index.js'
import { marbles } from '../support/marbles.js'
import { forSeeds } from '../support/random.js'

const file = input<[path: string], string>('file')

/** The differences of a sequence of maps. */
function differences<K, V>(maps: readonly ImmutableMap<K, V>[]): MapDifference<K, V>[] {
  const source = new Subject<ImmutableMap<K, V>>()
  const seen: MapDifference<K, V>[] = []
  source.pipe(changes()).subscribe((difference) => seen.push(difference))
  for (const map of maps) source.next(map)
  return seen
}

it('[IN-14] tells what was added, removed and changed in the entries of an input, and nothing where nothing differs', () => {
  const db = createDatabase()
  db.set(file, 'a', '1')
  const seen: unknown[] = []
  db.live((q) => q.entries(file)).pipe(changes()).subscribe((difference) => seen.push(difference))
  db.batch((tx) => {
    tx.set(file, 'b', '2')
    tx.set(file, 'c', '3')
  })
  db.batch((tx) => {
    tx.set(file, 'a', 'one')
    tx.remove(file, 'b')
  })
  expect(seen).toEqual([
    { added: [{ key: 'a', value: '1' }], removed: [], changed: [] },
    { added: [{ key: 'b', value: '2' }, { key: 'c', value: '3' }], removed: [], changed: [] },
    { added: [], removed: [{ key: 'b', value: '2' }], changed: [{ key: 'a', before: '1', after: 'one' }] },
  ])
})

it('[VAL-10] compares values by Object.is, and holds undefined for a value', () => {
  const [, second, third] = differences([ImmutableMap<string, unknown>({ a: 0, b: Number.NaN }), ImmutableMap<string, unknown>({ a: -0, b: Number.NaN }), ImmutableMap<string, unknown>({ a: -0, c: undefined })])
  expect(second?.changed).toEqual([{ key: 'a', before: 0, after: -0 }])
  expect(third).toEqual({ added: [{ key: 'c', value: undefined }], removed: [{ key: 'b', value: Number.NaN }], changed: [] })
})

it('maps that come in time', () => {
  const one = ImmutableMap<string, number>([['a', 1]])
  marbles(({ cold, expectObservable }) => {
    const seen = { x: { added: [{ key: 'a', value: 1 }], removed: [], changed: [] }, y: { added: [], removed: [{ key: 'a', value: 1 }], changed: [] } }
    expectObservable(cold('a-a-e-|', { a: one, e: ImmutableMap<string, number>() }).pipe(changes())).toBe('x---y-|', seen)
  })
})

/** Keys of which some have equal hashes, and values that repeat. */
function randomMap(random: Random, before: ImmutableMap<unknown, number>): ImmutableMap<unknown, number> {
  const collide = ['Aa', 'BB'].flatMap((a) => ['Aa', 'BB'].flatMap((b) => ['Aa', 'BB'].map((c) => a + b + c)))
  const size = random.pick([1, 3, 10, 100, 1000])
  let map = random.chance(0.1) ? ImmutableMap<unknown, number>() : before
  for (let i = random.int(random.pick([2, 10, 500])); i > 0; i--) {
    const key = random.chance(0.2) ? random.pick(collide) : random.chance(0.5) ? random.int(size) : `k${random.int(size)}`
    map = random.chance(0.4) ? map.delete(key) : map.set(key, random.int(3))
  }
  return map
}

const sorted = (list: readonly object[]): unknown[] => list.map((entry) => JSON.stringify(entry)).toSorted()

it('equals the comparison of all entries, for random maps', async () => {
  await forSeeds(60, (random) => {
    const maps = [ImmutableMap<unknown, number>()]
    for (let i = 0; i < 20; i++) maps.push(random.chance(0.1) ? random.pick(maps) : randomMap(random, maps.at(-1) ?? ImmutableMap()))
    for (const [i, after] of maps.entries()) {
      const before = maps[i - 1] ?? ImmutableMap<unknown, number>()
      const added = [...after].filter(([key]) => !before.has(key)).map(([key, value]) => ({ key, value }))
      const removed = [...before].filter(([key]) => !after.has(key)).map(([key, value]) => ({ key, value }))
      const changed = [...after].filter(([key, value]) => before.has(key) && before.get(key) !== value).map(([key, value]) => ({ key, before: before.get(key), after: value }))
      const found = differences([before, after]).at(before.size === 0 ? 0 : 1) ?? { added: [], removed: [], changed: [] }
      const expected = before.size === 0 && after.size === 0 ? { added: [], removed: [], changed: [] } : { added: sorted(added), removed: sorted(removed), changed: sorted(changed) }
      expect({ added: sorted(found.added), removed: sorted(found.removed), changed: sorted(found.changed) }).toEqual(expected)
    }
  })
})

it('takes time in proportion to the difference: entries that are shared are not looked at', () => {
  let looked = 0
  const key = (id: number): object => ({
    hashCode() {
      looked++
      return id
    },
    equals(other: unknown) {
      return other === this
    },
  })
  const keys = Array.from({ length: 100_000 }, (_, i) => key(i))
  const big = ImmutableMap(keys.map((k, i): [object, number] => [k, i]))
  const next = big.set(keys[5] as object, -1).delete(keys[70_000] as object).set(key(200_000), 0)
  looked = 0
  const found = differences([big, next]).at(1)
  expect([found?.added.length, found?.removed.length, found?.changed.length]).toEqual([1, 1, 1])
  expect(looked).toBeLessThan(1000)
})

it('compares whole maps whose structure it does not know', () => {
  const found = differences([OrderedMap<string, number>([['a', 1], ['b', 2]]), OrderedMap<string, number>([['b', 3], ['c', 4]])])
  expect(found).toEqual([
    { added: [{ key: 'a', value: 1 }, { key: 'b', value: 2 }], removed: [], changed: [] },
    { added: [{ key: 'c', value: 4 }], removed: [{ key: 'a', value: 1 }], changed: [{ key: 'b', before: 2, after: 3 }] },
  ])
})
