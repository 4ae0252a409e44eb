/** Many sources below, and many queries above: what it costs to see who is needed. Counted in records looked at. */
import type { Random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { dependentsOf, insertEdge } from '../../src/core/graph.js'
import { NEEDED, Needs, UNNEEDED } from '../../src/core/needs.js'
import { Cell } from '../../src/core/node.js'
import { tableOf } from '../../src/core/records.js'
import { derived } from '../../src/index.js'
import { branchOf } from '../model/invariants.js'
import { HandClock } from '../support/clock.js'
import { countedDatabases } from '../support/databases.js'
import { feeding } from '../support/feeding.js'
import { forSeeds } from '../support/random.js'

const createDatabase = countedDatabases()

/** `size` sources below one query, and as many queries above that. `looks`: how many records anybody has looked at to see whether they are pinned or watched. */
function hourglass(size: number) {
  const clock = new HandClock()
  const db = createDatabase({ clock })
  const { feed, take } = feeding<number>({ grace: 10 }, () => 1)
  const total = derived('total', (q) => {
    let sum = 0
    for (let i = 0; i < size; i++) sum += q.get(feed, `${i}`) as number
    return sum
  })
  const share = derived('share', (q, i: number) => q.get(total) / (i + 1))
  const { family } = branchOf(db)
  const isPinned = family.isPinned.bind(family)
  let count = 0
  family.isPinned = (cell) => (count++, isPinned(cell))
  const looks = (): number => {
    const before = count
    count = 0
    return before
  }
  return { clock, db, feed, take, share, looks }
}

describe('many sources', () => {
  it('[SRC-3 SCALE-3 LIVE-9] whose grace ends together are looked at together: each record above them once', async () => {
    const size = 500
    const { clock, db, take, share, looks } = hourglass(size)
    const subscriptions = Array.from({ length: size }, (_, i) => db.observe(share, i).subscribe())
    await clock.pass(100)
    expect(take()).toHaveLength(size)
    expect(looks()).toBeLessThan(4 * size)
    for (const subscription of subscriptions) subscription.unsubscribe()
    await clock.pass(9)
    expect([take(), looks()]).toEqual([[], 0])
    await clock.pass(1)
    expect(take().filter((entry) => entry.startsWith('-'))).toHaveLength(size)
    expect(looks()).toBeLessThan(4 * size)
  })

  it('[SRC-3 SCALE-3] also where nobody watches: when they begin, and when they end', async () => {
    const size = 500
    const { clock, db, take, share, looks } = hourglass(size)
    for (let i = 0; i < size; i++) db.get(share, i)
    expect(looks()).toBeLessThan(4 * size)
    await clock.pass(10)
    expect(take()).toHaveLength(2 * size)
    expect(looks()).toBeLessThan(4 * size)
  })

  it('[SRC-3 SCALE-3] a look ends at the first who needs them, however many do', async () => {
    const size = 500
    const { clock, db, take, share, looks } = hourglass(size)
    const stays = Array.from({ length: size }, (_, i) => db.observe(share, i).subscribe())
    await clock.pass(100)
    looks()
    stays.pop()?.unsubscribe()
    await clock.pass(10)
    expect(looks()).toBeLessThan(size + 10)
    expect([take().length, clock.waiting]).toEqual([size, 0])
    for (const subscription of stays) subscription.unsubscribe()
  })

  it('[SRC-3 SCALE-3] where nobody has gone, only those are looked at whose grace has ended', async () => {
    const size = 500
    const { clock, db, feed, take, share, looks } = hourglass(size)
    const stays = db.observe(share, 0).subscribe()
    for (let i = 0; i < 8; i++) {
      void db.get(feed, `other ${i}`)
      await clock.pass(1)
    }
    looks()
    take()
    await clock.pass(10)
    expect([take().length, looks(), clock.waiting]).toEqual([8, 8, 0])
    stays.unsubscribe()
    await clock.pass(10)
    expect(take()).toHaveLength(size)
  })
})

describe('who is needed', () => {
  /** Cells that read each other in any way, rings too; some of them pinned, some left by the last who watched them. */
  function graph(random: Random) {
    const { head } = branchOf(createDatabase()).family
    const table = tableOf(head, derived('any', () => 0))
    const cells = Array.from({ length: 1 + random.int(12) }, (_, i) => new Cell(table, i, null))
    for (let i = random.int(2 * cells.length); i > 0; i--) insertEdge(random.pick(cells), null, random.pick(cells), 0)
    const gone = new Map<Cell, number>()
    for (const cell of cells) {
      if (random.chance(0.1)) head.family.pins.set(cell, 1)
      if (random.chance(0.3)) gone.set(cell, random.int(5))
    }
    return { family: head.family, cells, gone }
  }

  it('[SRC-3] is who leads to a pin or a live query, in any graph; the others were until the last above them went', async () => {
    await forSeeds(2000, (random) => {
      const { family, cells, gone } = graph(random)
      const needs = new Needs(family, gone)
      const expected = (cell: Cell): number => {
        const above = [cell, ...dependentsOf(cell)]
        return above.some((one) => family.isPinned(one)) ? NEEDED : Math.max(...above.map((one) => gone.get(one) ?? UNNEEDED))
      }
      for (let i = 0; i < 2 * cells.length; i++) {
        const cell = random.pick(cells)
        expect(needs.until(cell)).toBe(expected(cell))
      }
    })
  })
})
