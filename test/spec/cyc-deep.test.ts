/** Cycles of a hundred thousand cells. */
import { Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { CycleError, type Derived, derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { macrotask, rejectionOf, thrownBy, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const SIZE = 100_000
const LONG = 120_000
const broken = input<[], boolean>('broken', { initial: false })

/** What a cell reads: the first SIZE cells lead into a ring of as many. */
const next = (at: number): number => (at === 2 * SIZE - 1 ? SIZE : at + 1)

/** A ring of SIZE cells that is entered through as many others, and that the input breaks. */
const ring = derived('ring', (q, at: number): number => {
  if (at === SIZE && q.get(broken)) return 0
  return q.get(ring, next(at)) + 1
})

const slowRing: Derived<[at: number], Promise<number>> = derived('slowRing', async (q, at: number): Promise<number> => {
  if (at === SIZE && q.get(broken)) return 0
  return (await q.get(slowRing, next(at))) + 1
})

/** Ids that follow each other are reads that happen, save where some were left out. */
function expectReads(ids: readonly string[], after: (at: number) => number): void {
  const cells = ids.map((id) => Number(/\((\d+)\)/.exec(id)?.[1]))
  const wrong = cells.filter((at, i) => i > 0 && !Number.isNaN(at + (cells[i - 1] as number)) && at !== after(cells[i - 1] as number))
  expect({ ids, wrong }).toEqual({ ids, wrong: [] })
}

function expectShort(error: unknown, after = next): void {
  expect(error).toBeInstanceOf(CycleError)
  const { path, wayIn, message } = error as CycleError
  expectReads(path, after)
  expectReads(wayIn, after)
  expect(path.at(-1)).toBe(path[0])
  expect(path.length).toBeGreaterThan(10)
  expect(path.length + wayIn.length).toBeLessThan(100)
  expect(path.filter((id) => id.includes('more'))).toHaveLength(1)
  expect(message.length).toBeLessThan(5000)
}

describe('deep cycles', () => {
  it('[CYC-9] a ring of synchronous cells is reported with a shortened path, from inside and from far outside', () => {
    for (const entry of [SIZE + 777, 0]) {
      const db = createDatabase()
      expectShort(thrownBy(() => db.get(ring, entry)))
    }
  }, LONG)

  it('[CYC-9 CYC-6] every cell of it fails, and recovers when an input breaks it', () => {
    const db = createDatabase()
    expectShort(thrownBy(() => db.get(ring, SIZE)))
    const runs = db.stats().runs
    for (const at of [SIZE, SIZE + 1, SIZE + 50_000, 2 * SIZE - 1]) expect(thrownBy(() => db.get(ring, at))).toBeInstanceOf(CycleError)
    expect(db.stats().runs).toBe(runs)
    db.set(broken, true)
    expect(db.get(ring, SIZE + 1)).toBe(SIZE - 1)
    expect(db.get(ring, SIZE)).toBe(0)
    db.set(broken, false)
    expectShort(thrownBy(() => db.get(ring, SIZE + 1)))
  }, LONG)

  it('[CYC-9] a ring of asynchronous cells, from inside and from far outside', async () => {
    for (const entry of [SIZE, SIZE - 1000]) {
      const db = createDatabase()
      const error = await rejectionOf(db.get(slowRing, entry))
      expectShort(error)
      await macrotask()
      expect(db.stats().jobs).toBe(0)
      db.set(broken, true)
      expect(await db.get(slowRing, entry)).toBe(SIZE - entry)
    }
  }, LONG)

  it('[CYC-9] a ring that independent callers close, job by job', async () => {
    const size = 20_000
    const db = createDatabase()
    const stops = new Stops()
    const start: Derived<[at: number], Promise<number>> = derived('start', async (q, at: number): Promise<number> => {
      await stops.at('start')
      return q.get(start, (at + 1) % size)
    })
    const outcomes = Array.from({ length: size }, (_, at) => track(db.get(start, at)))
    await stops.openAll()
    expect(outcomes.every(({ error }) => error instanceof CycleError)).toBe(true)
    expectShort(outcomes[0]?.error, (at) => (at + 1) % size)
  }, LONG)
})
