/** Cycles with an answer whose values have a long way to go. */
import { flush, random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, type Derived, input } from '../../src/index.js'

const SIZE = 1000
const own = input<[at: number], bigint>('own')
const options = { cycle: { initial: 0n } } as const
const bit = (at: number): bigint => 1n << BigInt(at)
const all = (size: number): bigint => bit(size) - 1n

/** Who can be reached in a ring, with `leaps` besides. */
function ring(size: number, leaps: readonly number[] = []): { readonly now: Derived<[number], bigint>; readonly later: Derived<[number], Promise<bigint>> } {
  const next = (at: number): readonly number[] => (leaps[at] === undefined ? [(at + 1) % size] : [(at + 1) % size, leaps[at]])
  const now: Derived<[number], bigint> = derived('now', (q, at: number) => next(at).reduce((reached, to) => reached | q.get(now, to), q.get(own, at) ?? bit(at)), options)
  const later: Derived<[number], Promise<bigint>> = derived('later', async (q, at: number) => {
    const reached = await Promise.all(next(at).map(async (to) => await q.get(later, to)))
    return reached.reduce((sum, one) => sum | one, q.get(own, at) ?? bit(at))
  }, options)
  return { now, later }
}

async function shown(db: Database, { now, later }: ReturnType<typeof ring>, at: number): Promise<readonly bigint[]> {
  return [db.get(now, at), await db.get(later, at)]
}

describe('a ring far longer than the limit', () => {
  it.each([0, 1, 499, 999])('[CYC-8] has an answer, in time in proportion to it; entered at %i', async (entry) => {
    const queries = ring(SIZE)
    const db = createDatabase()
    expect(await shown(db, queries, entry)).toEqual([all(SIZE), all(SIZE)])
    expect(db.stats().runs).toBeLessThan(30 * SIZE)
    for (const at of [2, 500, 998]) expect(await shown(db, queries, at)).toEqual([all(SIZE), all(SIZE)])
    const { runs } = db.stats()
    db.set(own, 500, 0n)
    expect(await shown(db, queries, entry)).toEqual([all(SIZE) ^ bit(500), all(SIZE) ^ bit(500)])
    expect(db.stats().runs - runs).toBeLessThan(30 * SIZE)
    while (db.stats().jobs > 0) await flush()
  })

  it('[CYC-8] with members between that have no initial value', () => {
    const link: Derived<[number], bigint> = derived('link', (q, at: number) => q.get(head, (at + 1) % 300))
    const head: Derived<[number], bigint> = derived('head', (q, at: number) => bit(at) | q.get(link, at), options)
    for (const entry of [0, 7, 299]) {
      const db = createDatabase()
      expect([db.get(link, entry), db.get(head, 150)]).toEqual([all(300), all(300)])
    }
  })

  it('[CYC-8] with members between that have no initial value, and leave others alone', async () => {
    const link: Derived<[number], Promise<bigint>> = derived('link', async (q, at: number) => {
      void q.get(other, at)
      return await q.get(head, (at + 1) % 300)
    })
    const other: Derived<[number], Promise<bigint>> = derived('other', async (q, at: number) => await q.get(head, (at + 2) % 300))
    const head: Derived<[number], Promise<bigint>> = derived('head', async (q, at: number) => bit(at) | (await q.get(link, at)), options)
    const db = createDatabase()
    expect(await db.get(link, 7)).toBe(all(300))
    for (const at of [0, 150, 299]) expect([await db.get(head, at), await db.get(other, at)]).toEqual([all(300), all(300)])
    while (db.stats().jobs > 0) await flush()
  })

  it.each([1, Math.floor(Math.random() * 2 ** 31)])('[CYC-8] with leaps across it, from all entries, and in a snapshot; seeds from %i', { timeout: 60_000 }, async (first) => {
    for (let seed = first; seed < first + 8; seed++) {
      const rng = random(seed)
      const size = 210 + rng.int(40)
      const queries = ring(size, Array.from({ length: size }, () => rng.int(size)))
      const db = createDatabase()
      expect([seed, ...(await shown(db, queries, rng.int(size)))]).toEqual([seed, all(size), all(size)])
      const changed = rng.int(size)
      const snapshot = db.snapshot()
      snapshot.set(own, changed, 0n)
      const at = rng.int(size)
      expect([seed, snapshot.get(queries.now, at), await snapshot.get(queries.later, at)]).toEqual([seed, all(size) ^ bit(changed), all(size) ^ bit(changed)])
      expect([seed, ...(await shown(db, queries, at))]).toEqual([seed, all(size), all(size)])
    }
  })

  // What each gives may fall again, so that it matters in which order they are computed.
  it.each([1, Math.floor(Math.random() * 2 ** 31)])('[CYC-8] whatever the queries make of each other, the answer is that of the cycle; seeds from %i', async (first) => {
    let settled = 0
    for (let seed = first; seed < first + 60; seed++) {
      const rng = random(seed)
      const size = 3 + rng.int(8)
      const next = Array.from({ length: size }, () => Array.from({ length: 1 + rng.int(2) }, () => rng.int(size)))
      const salt = rng.int(1000)
      const some: Derived<[number], number> = derived('some', (q, at: number) => (next[at] ?? []).reduce((sum, to) => Math.imul(sum ^ q.get(some, to), 0x9e3779b1) >>> 9, salt + at) % 2, { cycle: { initial: 0, limit: 40 } })
      const answers = next.map((_, entry) => {
        const db = createDatabase()
        const read = (at: number): unknown => {
          try {
            return db.get(some, at)
          } catch (error) {
            return (error as Error).name
          }
        }
        read(entry)
        return next.map((__, at) => read(at))
      })
      for (const answer of answers) expect([seed, answer]).toEqual([seed, answers[0]])
      if (answers[0]?.every((value) => typeof value === 'number') === true) settled++
    }
    expect(settled).toBeGreaterThan(5)
  })
})
