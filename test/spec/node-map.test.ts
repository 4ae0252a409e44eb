/** The map in which tables find records by one primitive, against a plain Map. */
import { describe, expect, it } from 'vitest'
import { NodeMap } from '../../src/core/node-map.js'
import { forSeeds } from '../support/random.js'

const strange: readonly unknown[] = [-0, Number.NaN, 0.5, -1, 2 ** 31, 2 ** 32 + 1, Infinity, '1', true, null, 7n]
const byKey = ([a]: readonly [unknown, unknown], [b]: readonly [unknown, unknown]): number => (`${typeof a} ${String(a)}` < `${typeof b} ${String(b)}` ? -1 : 1)

describe('records by one primitive', () => {
  it('[KEY-2 MEM-4] are found, listed, counted and deleted as in a plain map, whatever the keys are', async () => {
    await forSeeds(60, (random) => {
      const map = new NodeMap<object>()
      const model = new Map<unknown, object>()
      const spread = random.pick([10, 100, 3000])
      const growing = random.chance(0.5)
      let next = 0
      for (let step = 0; step < 600; step++) {
        const key = random.chance(0.1) ? random.pick(strange) : growing ? next++ : random.int(spread)
        if (random.chance(growing ? 0.3 : 0.5)) {
          const gone = model.size > 0 && random.chance(0.8) ? random.pick([...model.keys()]) : key
          map.delete(gone)
          model.delete(gone)
        } else {
          const value = {}
          map.set(key, value)
          model.set(key, value)
        }
        expect([map.size, map.get(key)]).toEqual([model.size, model.get(key)])
      }
      const listed = [...map.entries()].toSorted(byKey)
      expect(listed).toEqual([...model].toSorted(byKey))
      expect(listed.every(([key, value]) => map.get(key) === value && value === model.get(key))).toBe(true)
      expect(new Set(map.values())).toEqual(new Set(model.values()))
    })
  })

  it('[MEM-4] what is added while they are listed does not come, what is deleted neither', () => {
    const map = new NodeMap<string>()
    for (const key of [0, 1, 2, 'a', 'b']) map.set(key, `${key}`)
    const seen: string[] = []
    for (const value of map.values()) {
      seen.push(value)
      map.set(seen.length + 2, 'new')
      map.set(`new ${seen.length}`, 'new')
      map.delete(1)
    }
    expect(seen).toEqual(['0', '2', 'a', 'b'])
  })

  it('[MEM-4] keys that only grow, and go again, leave no list behind', () => {
    const map = new NodeMap<object>()
    for (let key = 0; key < 1000; key++) {
      map.set(key, {})
      map.delete(key - 10)
    }
    expect([map.size, (map as unknown as { list: unknown[] }).list.length]).toEqual([10, 0])
  })
})
