/** The map that frozen roots are made of, against a plain Map. */
import { describe, expect, it } from 'vitest'
import { IdMap } from '../../src/core/id-map.js'
import { forSeeds } from '../support/random.js'

interface Entry {
  readonly id: number
}

const listed = (map: Map<number, Entry>): Entry[] => [...map].toSorted(([a], [b]) => a - b).map(([, entry]) => entry)

function differ(a: Map<number, Entry>, b: Map<number, Entry>): [Entry | undefined, Entry | undefined][] {
  const ids = [...new Set([...a.keys(), ...b.keys()])].toSorted((x, y) => x - y)
  return ids.filter((id) => a.get(id) !== b.get(id)).map((id) => [a.get(id), b.get(id)])
}

describe('a map that shares structure', () => {
  it('[SNAP-1 SNAP-11] holds, lists and compares as a plain map does, whatever was done to it', async () => {
    await forSeeds(40, (random) => {
      const spread = random.pick([20, 1000, 2 ** 31])
      let versions: { map: IdMap<Entry>; model: Map<number, Entry> }[] = [{ map: new IdMap(), model: new Map() }]
      for (let turn = 0; turn < 60; turn++) {
        const from = random.pick(versions)
        const model = new Map(from.model)
        const changes = Array.from({ length: random.int(20) }, (): [number, Entry | undefined] => {
          const id = random.chance(0.5) && model.size > 0 ? random.pick([...model.keys()]) : random.int(spread)
          return [id, random.chance(0.4) ? undefined : { id }]
        })
        for (const [id, entry] of changes) {
          if (entry === undefined) model.delete(id)
          else model.set(id, entry)
        }
        versions.push({ map: from.map.with(changes), model })
        if (versions.length > 8) versions = versions.slice(1)
      }
      for (const { map, model } of versions) {
        expect([map.size, [...map.values()]]).toEqual([model.size, listed(model)])
        for (const id of [0, 1, 31, 32, 1023, 1024, 2 ** 32 - 1, ...model.keys()]) expect(map.get(id)).toBe(model.get(id))
        const other = random.pick(versions)
        expect([...IdMap.differences(map, other.map)]).toEqual(differ(model, other.model))
      }
    })
  })

  it('[SNAP-11] comparing looks at what is different, and not at what is shared', () => {
    const entries = Array.from({ length: 100_000 }, (_, id): [number, Entry] => [id, { id }])
    const before = new IdMap<Entry>().with(entries)
    let looks = 0
    countLooks(Reflect.get(before, 'root') as CountedNode, () => looks++)
    const after = before.with([[7, { id: 7 }], [50_000, undefined], [99_999, { id: 99_999 }]])
    looks = 0
    expect([...IdMap.differences(before, after)].map(([a, b]) => [a?.id, b?.id])).toEqual([[7, 7], [50_000, undefined], [99_999, 99_999]])
    // Four levels, three of them on three ways.
    expect(looks).toBeLessThanOrEqual(32 * (1 + 3 * 3))
    looks = 0
    expect([[...IdMap.differences(before, before.with([]))], looks]).toEqual([[], 0])
  })
})

interface CountedNode {
  readonly items: readonly unknown[]
}

/** Calls back whenever the items of a node are looked at. */
function countLooks(node: CountedNode, look: () => void): void {
  const { items } = node
  Object.defineProperty(node, 'items', {
    get: () => {
      look()
      return items
    },
  })
  for (const item of items) if (typeof item === 'object' && item !== null && 'items' in item) countLooks(item as CountedNode, look)
}
