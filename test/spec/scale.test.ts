/** Chains far deeper than the stack: cold, after a change at the bottom, after an unrelated change. */
import { gate, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, type Derived, derived, input, type Query } from '../../src/index.js'
import { macrotask, rejectionOf, thrownBy } from '../support/turns.js'
import { unhandledDuring } from '../support/unhandled.js'

const bottom = input<[], number>('bottom', { initial: 0 })
const other = input<[], number>('other', { initial: 0 })
const depth = 100_000

type Link = Derived<[n: number], number | Promise<number>>

interface Chain {
  readonly link: Link
  readonly runs: () => number
}

/** Makes a chain whose nth cell reads the one below it; the 0th reads the input. */
function chain(body: (q: Query, n: number, link: Link) => number | Promise<number>): Chain {
  let runs = 0
  const link: Link = derived('link', (q, n: number) => {
    runs++
    return n === 0 ? q.get(bottom) : body(q, n, link)
  })
  return { link, runs: () => runs }
}

/** The same with an `async` body. */
function asyncChain(body: (q: Query, n: number, link: Link) => Promise<number>): Chain {
  let runs = 0
  const link: Link = derived('link', async (q, n: number) => {
    runs++
    return n === 0 ? q.get(bottom) : body(q, n, link)
  })
  return { link, runs: () => runs }
}

const below = (q: Query, n: number, link: Link): number => q.get(link, n - 1) as number

const kinds: readonly (readonly [what: string, make: () => Chain])[] = [
  ['sync cells', () => chain((q, n, link) => below(q, n, link) + 1)],
  ['async cells', () => asyncChain(async (q, n, link) => (await q.get(link, n - 1)) + 1)],
  ['plain functions that return promises', () => chain((q, n, link) => Promise.resolve(q.get(link, n - 1)).then((value) => value + 1))],
  ['async cells that read after a wait', () => asyncChain(async (q, n, link) => {
    await Promise.resolve()
    return (await q.get(link, n - 1)) + 1
  })],
  ['sync cells that hand on promises, by turns with async ones', () => {
    const even = asyncChain(async (q, n) => (await q.get(odd, n - 1)) + 1)
    const odd: Link = derived('odd', (q, n: number) => q.get(even.link, n - 1))
    return { link: derived('top', (q, n: number) => Promise.resolve(q.get(even.link, n)).then((value) => value + n / 2)), runs: even.runs }
  }],
  ['nine sync cells to each async one', () => {
    const sync: Link = derived('sync', (q, n: number): number => (n % 10 === 1 ? 0 : below(q, n, sync)) + 1)
    return asyncChain(async (q, n, link) => (n < 10 ? n + q.get(bottom) : (await q.get(link, n - 10)) + (await q.get(sync, n - 1)) + 1))
  }],
  ['bodies that catch everything', () => chain((q, n, link) => {
    try {
      return below(q, n, link) + 1
    } catch {
      return -1
    }
  })],
  ['bodies that catch everything, and go on reading', () => chain((q, n, link) => {
    let value = -1
    for (let i = 0; i < 3; i++) {
      try {
        value = below(q, n, link) + 1
      } catch {
        value = q.get(other) - 2
      }
    }
    return value
  })],
  ['async bodies that catch everything', () => asyncChain(async (q, n, link) => {
    try {
      return (await q.get(link, n - 1)) + 1
    } catch {
      return -1
    }
  })],
]

async function check(db: Database, { link }: Chain, expected: number): Promise<void> {
  expect(await db.get(link, depth)).toBe(expected)
}

describe('chains of 100 000 cells', () => {
  for (const [what, make] of kinds) {
    it(`[SCALE-2] ${what}: cold, after a change at the bottom, after an unrelated change`, async () => {
      const made = make()
      const db = createDatabase()
      const unhandled = await unhandledDuring(() => check(db, made, depth))
      expect(unhandled.length).toBe(0)
      const cold = made.runs()
      expect(cold).toBeLessThanOrEqual(depth * 2 + 1000)
      db.set(other, 1)
      await check(db, made, depth)
      expect(made.runs()).toBe(cold)
      db.set(bottom, 5)
      await check(db, made, depth + 5)
      expect(made.runs() - cold).toBeLessThanOrEqual(depth + 1)
      expect(db.stats().jobs).toBe(0)
    }, 60_000)
  }

  it('[SCALE-2] a change that is cut off at the bottom, and marks that nobody follows', async () => {
    const sign = derived('sign', (q) => Math.sign(q.get(bottom)))
    for (const kind of ['sync', 'async'] as const) {
      let runs = 0
      const body = (q: Query, n: number): number | Promise<number> => {
        runs++
        return n === 0 ? q.get(sign) : q.get(link, n - 1)
      }
      const link: Link = kind === 'sync' ? derived('link', body) : derived('link', async (q, n: number) => body(q, n))
      const db = createDatabase()
      db.set(bottom, 1)
      await db.get(link, depth)
      runs = 0
      for (let i = 2; i < 10; i++) db.set(bottom, i)
      expect(await db.get(link, depth)).toBe(1)
      expect(runs).toBe(0)
    }
  }, 60_000)

  it('[SCALE-2] a failure passes through all of them, and is over when the bottom is', async () => {
    const error = new Error('negative')
    const check0 = derived('check', (q) => {
      if (q.get(bottom) < 0) throw error
      return q.get(bottom)
    })
    const sync: Link = derived('sync', (q, n: number): number => (n === 0 ? q.get(check0) : below(q, n, sync)))
    const later: Link = derived('later', async (q, n: number): Promise<number> => (n === 0 ? q.get(check0) : q.get(later, n - 1)))
    const db = createDatabase()
    db.set(bottom, -1)
    expect(thrownBy(() => db.get(sync, depth))).toBe(error)
    expect(await rejectionOf(Promise.resolve(db.get(later, depth)))).toBe(error)
    db.set(other, 1)
    expect(thrownBy(() => db.get(sync, depth))).toBe(error)
    expect(await rejectionOf(Promise.resolve(db.get(later, depth)))).toBe(error)
    db.set(bottom, 1)
    expect([db.get(sync, depth), await db.get(later, depth)]).toEqual([1, 1])
  }, 60_000)

  it('[SCALE-2 DER-13] read, watch and a body that waited may enter at the top as well', async () => {
    const { link } = chain((q, n, self) => below(q, n, self) + 1)
    const opened = gate()
    const waits = derived('waits', async (q) => {
      await opened.promise
      return q.get(link, depth)
    })
    expect(createDatabase().read((q) => q.get(link, depth))).toBe(depth)
    const db = createDatabase()
    const promise = db.get(waits)
    opened.open()
    expect(await promise).toBe(depth)
    const watched = createDatabase()
    const seen: unknown[] = []
    const subscription = watched.watch(link, depth).subscribe((state) => seen.push('value' in state ? state.value : state.status))
    watched.set(bottom, 1)
    expect(seen).toEqual([depth, depth + 1])
    subscription.unsubscribe()
    expect(createDatabase().touch(link, depth)).toBe(0)
  }, 60_000)

  it('[SCALE-2] writes while an async chain is computed: each caller gets the answer of its revision', async () => {
    const { link } = asyncChain(async (q, n, self) => (await q.get(self, n - 1)) + 1)
    const db = createDatabase()
    const answers: Promise<number>[] = []
    for (let i = 1; i <= 3; i++) {
      answers.push(Promise.resolve(db.get(link, depth)))
      await macrotask()
      db.set(bottom, i * 10)
    }
    answers.push(Promise.resolve(db.get(link, depth)))
    expect(await Promise.all(answers)).toEqual([depth, depth + 10, depth + 20, depth + 30])
    expect(db.stats().jobs).toBe(0)
  }, 60_000)

  it('[SCALE-2] a tree of deep branches read by a body that catches everything', () => {
    const ran: number[] = []
    const { link, runs } = chain((q, n, self) => below(q, n, self) + 1)
    const root = derived('root', (q) => {
      const values: unknown[] = []
      for (const n of [500, 5000, 1000, 20_000]) {
        try {
          values.push(q.get(link, n))
        } catch {
          values.push('caught')
        }
      }
      ran.push(values.length)
      return values
    })
    const db = createDatabase()
    const log = record(db, 'change')
    expect(db.get(root)).toEqual([500, 5000, 1000, 20_000])
    expect(log.take().filter((line) => line === 'changed root()')).toEqual(['changed root()'])
    expect(runs()).toBeLessThanOrEqual(41_000)
  })

  it('[SCALE-2 DER-12 DER-17] prefetch and touch inside bodies go as deep as reads', () => {
    for (const warm of ['prefetch', 'touch'] as const) {
      let runs = 0
      const db = createDatabase()
      const link: Link = derived('link', (q, n: number): number => {
        if (++runs > 200_000) throw new Error('runs without end')
        if (n === 0) return q.get(bottom)
        void db[warm](link, n - 1)
        return below(q, n, link) + 1
      })
      expect(db.get(link, 20_000)).toBe(20_000)
    }
  })

  it('[SCALE-2 DER-7] plain functions that return promises, which nobody knows of before they have run, also where one catches everything', async () => {
    const link: Link = derived('link', (q, n: number) => (n === 0 ? q.get(bottom) : below(q, n, link) + 1))
    const careful: Derived<[n: number], Promise<number>> = derived('careful', (q, n: number) => {
      try {
        return Promise.resolve(q.get(link, n) as number)
      } catch {
        return Promise.resolve(-1)
      }
    })
    const promised: Derived<[n: number], Promise<number>> = derived('promised', (q, n: number) => (n === 0 ? q.get(careful, 1000) : q.get(promised, n - 1).then((value) => value + 1)))
    const top = derived('top', (q, n: number) => q.get(promised, n))
    const db = createDatabase()
    for (const view of [db, createDatabase().snapshot()]) expect(await view.get(top, 2000)).toBe(3000)
    expect(await createDatabase().get(careful, 1000)).toBe(1000)
    db.set(bottom, 5)
    expect(await db.get(top, 2000)).toBe(3005)
    expect(db.stats().jobs).toBe(0)
  })
})
