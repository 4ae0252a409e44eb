/** Rings whose answer changes: one that a change closes, and one that is written to while it is being answered. Every head, every entry. */
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, type Derived, input, type Query } from '../../src/index.js'
import { macrotask } from '../support/turns.js'
import { unhandledDuring } from '../support/unhandled.js'

type Member = Derived<[], number> | Derived<[], Promise<number>>

const names = [0, 1, 2] as const
const grid = names.flatMap((head) => names.map((entry) => [head, entry] as const))

const closed = input<[], boolean>('closed', { initial: false })

/** 0 reads 2; 1 is one more than 0, up to 5; 2 reads 1 once the ring is closed. */
function ring(head: number, isAsync: boolean): readonly Member[] {
  const options = (own: number): object => (own === head ? { cycle: { initial: 0 } } : {})
  const queries: Member[] = []
  const now = (own: number): Derived<[], number> => queries[own] as Derived<[], number>
  const later = (own: number): Derived<[], Promise<number>> => queries[own] as Derived<[], Promise<number>>
  if (isAsync) {
    queries[0] = derived('zero', async (q) => await q.get(later(2)), options(0))
    queries[1] = derived('one', async (q) => Math.min(5, (await q.get(later(0))) + 1), options(1))
    queries[2] = derived('two', async (q) => (q.get(closed) ? await q.get(later(1)) : 0), options(2))
  } else {
    queries[0] = derived('zero', (q) => q.get(now(2)), options(0))
    queries[1] = derived('one', (q) => Math.min(5, q.get(now(0)) + 1), options(1))
    queries[2] = derived('two', (q) => (q.get(closed) ? q.get(now(1)) : 0), options(2))
  }
  return queries
}

describe('a change that closes a ring', () => {
  it.each(grid)('[CYC-8 CYC-6] has an answer although its head is only being validated when it is found; head %i, entered at %i', async (head, entry) => {
    for (const isAsync of [false, true]) {
      for (const first of names) {
        const queries = ring(head, isAsync) as readonly Derived<[], Promise<number>>[]
        const at = (own: number): Derived<[], Promise<number>> => queries[own] as Derived<[], Promise<number>>
        const db = createDatabase()
        await db.get(at(first))
        await db.get(at(1))
        const view = db.snapshot()
        view.set(closed, true)
        const nested = view.snapshot()
        for (const one of [nested, view]) expect([isAsync, first, await one.get(at(entry))]).toEqual([isAsync, first, 5])
        db.set(closed, true)
        expect([isAsync, first, await db.get(at(entry))]).toEqual([isAsync, first, 5])
        for (const one of [db, nested]) expect(await Promise.all(names.map((own) => one.get(at(own))))).toEqual([5, 5, 5])
      }
    }
  })
})

describe('what only earlier rounds have read', () => {
  const enough = input<[], number>('enough', { initial: 3 })

  it('[CYC-8 ERR-5 LIVE-2] a failure that goes round is tried again when its cause is gone', () => {
    const error = new Error('not yet')
    const below: Derived<[], number> = derived('below', (q) => q.get(above), { cycle: { initial: 0 } })
    const above: Derived<[], number> = derived('above', (q) => {
      const value = q.get(below)
      if (!q.get(closed)) throw error
      return Math.min(5, value + 1)
    })
    const db = createDatabase()
    const seen: unknown[] = []
    db.watch(above).subscribe((state) => seen.push(state.status === 'failed' ? state.error : state))
    db.set(closed, true)
    expect(seen).toEqual([error, { status: 'ready', value: 5 }])
  })

  it('[CYC-8 DER-2] an answer that stands on its own by now still follows what led to it', () => {
    const stair: Derived<[], number> = derived('stair', (q) => {
      const at = q.get(stair)
      return at >= 3 ? 10 : Math.min(at + 1, q.get(enough))
    }, { cycle: { initial: 0 } })
    const db = createDatabase()
    expect(db.get(stair)).toBe(10)
    db.set(enough, 2)
    expect(db.get(stair)).toBe(2)
    db.set(enough, 3)
    expect(db.get(stair)).toBe(10)
  })
})

describe('what only earlier rounds have read, asynchronously', () => {
  const enough = input<[], number>('enough', { initial: 3 })
  const double: Derived<[], Promise<number>> = derived('double', async (q) => (await Promise.resolve(), q.get(enough) * 2))

  it('[CYC-8 DER-2] an answer that stands on its own by now still follows what led to it, inputs and queries', async () => {
    for (const read of [(q: Query): number => q.get(enough) * 2, async (q: Query): Promise<number> => await q.get(double)]) {
      const stair: Derived<[], Promise<number>> = derived('stair', async (q) => {
        const at = await q.get(stair)
        return at >= 6 ? 10 : Math.min(at + 2, await read(q))
      }, { cycle: { initial: 0 } })
      const db = createDatabase()
      const seen: unknown[] = []
      db.observe(stair).subscribe((value) => seen.push(value))
      expect(await db.get(stair)).toBe(10)
      db.set(enough, 2)
      expect(await db.get(stair)).toBe(4)
      db.set(enough, 3)
      expect(await db.get(stair)).toBe(10)
      expect(seen).toEqual([10, 4, 10])
    }
  })

  it('[CYC-8 ERR-5 LIVE-2] a failure that goes round is tried again when its cause is gone', async () => {
    const error = new Error('not yet')
    const below: Derived<[], Promise<number>> = derived('below', async (q) => await q.get(above), { cycle: { initial: 0 } })
    const above: Derived<[], Promise<number>> = derived('above', async (q) => {
      const value = await q.get(below)
      if (!q.get(closed)) throw error
      return Math.min(5, value + 1)
    })
    const db = createDatabase()
    const seen: unknown[] = []
    db.watch(above).subscribe((state) => seen.push(state.status === 'failed' ? state.error : state.status))
    await macrotask()
    db.set(closed, true)
    expect(await db.get(above)).toBe(5)
    expect(seen).toEqual(['pending', error, 'pending', 'ready'])
  })
})

describe('what says whether an answer holds', () => {
  it('[CYC-8 VAL-2] a value that stays equal below a cycle runs nobody on it', async () => {
    const level = input<[], number>('level', { initial: 4 })
    for (const isAsync of [false, true]) {
      const ran: string[] = []
      const half = derived('half', (q) => Math.floor(q.get(level) / 2))
      const halfLater = derived('halfLater', async (q) => (await Promise.resolve(), Math.floor(q.get(level) / 2)))
      const a: Derived<[], number> = derived('a', (q) => (ran.push('a'), Math.max(q.get(b), q.get(half))), { cycle: { initial: 0 } })
      const b: Derived<[], number> = derived('b', (q) => (ran.push('b'), Math.min(5, q.get(a) + 1)))
      const aLater: Derived<[], Promise<number>> = derived('aLater', async (q) => (ran.push('a'), Math.max(await q.get(bLater), await q.get(halfLater))), { cycle: { initial: 0 } })
      const bLater: Derived<[], Promise<number>> = derived('bLater', async (q) => (ran.push('b'), Math.min(5, (await q.get(aLater)) + 1)))
      const db = createDatabase()
      const all = async (): Promise<number[]> => (isAsync ? [await db.get(aLater), await db.get(bLater)] : [db.get(a), db.get(b)])
      expect([isAsync, await all()]).toEqual([isAsync, [5, 5]])
      ran.length = 0
      db.set(level, 5)
      expect([isAsync, await all(), ran]).toEqual([isAsync, [5, 5], []])
      db.set(level, 20)
      expect([isAsync, await all()]).toEqual([isAsync, [10, 5]])
      db.set(level, 4)
    }
  })

  it.each([0, 3, 4, 5, 6, 7, 8])('[CYC-8 CYC-4] is on no cycle itself, whatever bodies that are not pure read after %i runs', async (pure) => {
    for (const isAsync of [false, true]) {
      let runs = 0
      const a: Derived<[], number> = derived('a', (q) => Math.min(5, q.get(b) + 1), { cycle: { initial: 0 } })
      const b: Derived<[], number> = derived('b', (q) => q.get(a) + q.get(odd))
      const odd: Derived<[], number> = derived('odd', (q) => {
        q.volatile()
        return runs++ < pure ? 0 : Math.min(0, q.get(a))
      })
      const aLater: Derived<[], Promise<number>> = derived('aLater', async (q) => Math.min(5, (await q.get(bLater)) + 1), { cycle: { initial: 0 } })
      const bLater: Derived<[], Promise<number>> = derived('bLater', async (q) => (await q.get(aLater)) + (await q.get(oddLater)))
      const oddLater: Derived<[], Promise<number>> = derived('oddLater', async (q) => {
        q.volatile()
        await Promise.resolve()
        return runs++ < pure ? 0 : Math.min(0, await q.get(aLater))
      })
      const db = createDatabase()
      for (let revision = 0; revision < 3; revision++) {
        const shown = isAsync ? [await db.get(aLater), await db.get(bLater)] : [db.get(a), db.get(b)]
        expect([isAsync, revision, ...shown]).toEqual([isAsync, revision, 5, 5])
        db.set(closed, revision % 2 === 0)
      }
      await macrotask()
      expect(db.stats().jobs).toBe(0)
    }
  })

  it('[CYC-8 VAL-2] is let go with the answer: inputs keep no trace of earlier ones, however they were overtaken', async () => {
    const own: Derived<[key: number], Promise<number>> = derived('own', async (q, key) => {
      const other = await q.get(own, 1 - key)
      await Promise.resolve()
      return Math.max(q.get(level), other)
    }, { cycle: { initial: 0 } })
    const level = input<[], number>('level', { initial: 0 })
    const db = createDatabase()
    const view = db.snapshot()
    view.set(level, 1)
    for (const one of [db, view]) {
      for (let i = 0; i < 300; i++) {
        one.set(level, i + 2)
        const answer = one.get(own, i % 2)
        for (let turn = 0; turn < i % 60; turn++) await Promise.resolve()
        if (i % 3 === 0) one.invalidate(own, 0)
        if (i % 2 === 0) expect(await answer).toBe(i + 2)
        else answer.catch(() => {})
      }
      await macrotask()
    }
    const kept = [db, view].map((one) => (one as unknown as { readonly branch: { readonly answers: ReadonlySet<unknown> } }).branch.answers.size)
    expect(kept.every((count) => count < 10)).toBe(true)
  })
})

describe('a ring that is written to while it is being answered', () => {
  const early = input<[], number>('early', { initial: 0 })
  const late = input<[], number>('late', { initial: 0 })

  /** 0 waits for 2 and reads `late` when a turn of the event loop has passed; 1 reads 0, and then `early`; 2 reads 1. */
  function waiting(head: number): readonly Derived<[], Promise<number>>[] {
    const options = (own: number): object => (own === head ? { cycle: { initial: 0 } } : {})
    const queries: Derived<[], Promise<number>>[] = []
    const at = (own: number): Derived<[], Promise<number>> => queries[own] as Derived<[], Promise<number>>
    queries[0] = derived('zero', async (q) => {
      const below = await q.get(at(2))
      await macrotask()
      return Math.max(below, q.get(late))
    }, options(0))
    queries[1] = derived('one', async (q) => Math.max(await q.get(at(0)), q.get(early)), options(1))
    queries[2] = derived('two', async (q) => await q.get(at(1)), options(2))
    return queries
  }

  it('[CYC-8 CAN-8] ends with its view, at whatever moment that goes', async () => {
    const endless: Derived<[], Promise<number>> = derived('endless', async (q) => (await q.get(endless)) + 1, { cycle: { initial: 0, limit: 20 } })
    const reasons = new Set<string>()
    const unhandled = await unhandledDuring(async () => {
      for (let turns = 0; turns < 150; turns++) {
        const db = createDatabase()
        const view = db.snapshot()
        const answers = [db, view].map((one) => one.get(endless).catch((error: unknown) => (error as Error).name))
        for (let i = 0; i < turns; i++) await Promise.resolve()
        view.dispose()
        if (turns % 2 === 0) db.close()
        for (const name of await Promise.all(answers)) reasons.add(String(name))
        await macrotask()
        expect([turns, turns % 2 === 0 ? 0 : db.stats().jobs]).toEqual([turns, 0])
      }
    })
    expect([unhandled, [...reasons].toSorted()]).toEqual([[], ['ClosedError', 'DisposedError', 'FixpointError']])
  })

  it('[CYC-8 DER-6] a synchronous ring below an asynchronous one that has met it is a value, not a promise', async () => {
    const small: Derived<[], number> = derived('small', (q) => Math.min(3, q.get(small) + 1), { cycle: { initial: 0 } })
    const large: Derived<[], Promise<number>> = derived('large', async (q) => {
      const own = q.get(large)
      const below = q.get(small)
      return Math.min(9, Math.max(await own, below + 1))
    }, { cycle: { initial: 0 } })
    const db = createDatabase()
    expect([await db.get(large), db.get(small)]).toEqual([4, 3])
  })

  it.each(grid)('[CYC-8 REV-7 BIND-4] answers each caller for his revision, whoever has settled already; head %i, entered at %i', async (head, entry) => {
    for (const written of [early, late]) {
      for (let turns = 0; turns < 60; turns++) {
        const queries = waiting(head)
        const at = (own: number): Derived<[], Promise<number>> => queries[own] as Derived<[], Promise<number>>
        const all = (order: readonly number[]): Promise<number[]> => Promise.all(order.map((own) => db.get(at(own))))
        const db = createDatabase()
        db.set(late, 1)
        const before = db.get(at(entry))
        for (let i = 0; i < turns; i++) await (turns > 40 && i < turns - 40 ? macrotask() : Promise.resolve())
        db.set(written, 7)
        expect([turns, await all([2, 1, 0]), await before]).toEqual([turns, [7, 7, 7], 1])
        db.set(written, 8)
        expect([turns, await all([0, 2, 1])]).toEqual([turns, [8, 8, 8]])
        const { runs } = db.stats()
        await all([1, 2, 0])
        expect([turns, db.stats().runs, db.stats().jobs]).toEqual([turns, runs, 0])
      }
    }
  })
})
