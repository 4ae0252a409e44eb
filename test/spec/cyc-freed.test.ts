/** Cycles through more bodies than may stand on the stack: it is freed and built up again, and nobody notices. */
import { random, type Random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { thrownBy } from '../support/turns.js'
import { createDatabase, CycleError, type Database, derived, type Derived, input, type View } from '../../src/index.js'

const edges = input<[at: number], readonly number[]>('edges', { initial: [] })
const own = input<[at: number], number>('own', { initial: 0 })

describe('live queries', () => {
  it('[CYC-6 LIVE-2] over members hear when the cycle has gone, and when it is there again', () => {
    const SIZE = 1000
    const steps: Derived<[number], number> = derived('steps', (q, at: number) => 1 + q.get(edges, at).reduce((sum, to) => sum + q.get(steps, to), 0))
    const db = createDatabase()
    db.batch((tx) => {
      for (let at = 0; at < SIZE; at++) tx.set(edges, at, [(at + 1) % SIZE])
    })
    const heard = [0, 1, 250, 500, 998, 999].map((at) => {
      const states: unknown[] = []
      db.watch(steps, at).subscribe((state) => states.push(state.status === 'failed' ? state.error : 'value' in state ? state.value : state.status))
      return { at, states }
    })
    db.set(edges, 10, [])
    db.set(edges, 10, [11])
    for (const { at, states } of heard) {
      const value = at <= 10 ? 11 - at : SIZE - at + 11
      expect([at, ...states]).toEqual([at, expect.any(CycleError), value, expect.any(CycleError)])
    }
  })
})

describe('an earlier result that runs in a ring today', () => {
  it.each([0, 1, 250, 499])('[CYC-7 CYC-4 SNAP-4] everybody on it is on the cycle, in the head and in a snapshot, whatever bodies catch; entered at %i', (entry) => {
    const SIZE = 500
    const caught: Derived<[number], number> = derived('caught', (q, at: number) => q.get(edges, at).reduce((sum, to) => {
      try {
        return sum + q.get(caught, to)
      } catch {
        return sum
      }
    }, 1))
    const isOn = (view: View, at: number): boolean => {
      try {
        view.get(caught, at)
        return false
      } catch (error) {
        return error instanceof CycleError
      }
    }
    const db = createDatabase()
    db.batch((tx) => {
      for (let at = 0; at + 1 < SIZE; at++) tx.set(edges, at, [at + 1])
    })
    expect(db.get(caught, 0)).toBe(SIZE)
    const before = db.snapshot()
    db.set(edges, SIZE - 1, [0])
    const ring = db.snapshot()
    for (const view of [ring, db]) {
      expect(isOn(view, entry)).toBe(true)
      expect(Array.from({ length: SIZE }, (_, at) => at).filter((at) => !isOn(view, at))).toEqual([])
    }
    expect(before.get(caught, entry)).toBe(SIZE - entry)
  })
})

describe('earlier results', () => {
  it('[CYC-1 SNAP-4] of two states that prove each other in a ring are met once', () => {
    const SIZE = 400
    const most: Derived<[number], number> = derived('most', (q, at: number) => q.get(edges, at).reduce((sum, to) => Math.max(sum, q.get(most, to)), 0))
    const db = createDatabase()
    db.batch((tx) => {
      for (let at = 0; at + 1 < SIZE; at++) tx.set(edges, at, [at + 1])
    })
    db.get(most, 0)
    const onward = db.snapshot()
    db.batch((tx) => {
      tx.set(edges, 0, [])
      tx.set(edges, SIZE - 1, [0])
    })
    db.get(most, SIZE - 1)
    const back = db.snapshot()
    db.set(edges, 0, [1])
    const ring = db.snapshot()
    expect(thrownBy(() => ring.get(most, 0))).toBeInstanceOf(CycleError)
    expect([onward.get(most, 0), back.get(most, SIZE - 1)]).toEqual([0, 0])
  })
})

type Mode = 'passed on' | 'caught' | 'fallback' | 'initial'
type Shown = number | 'cycle'
const FALLBACK = 1

interface Graph {
  readonly next: readonly (readonly number[])[]
  readonly own: readonly number[]
}

/** Who is on a cycle. */
function onCycles({ next }: Graph): readonly boolean[] {
  return next.map((_, from) => {
    const met = new Set(next[from])
    for (const at of met) for (const to of next[at] ?? []) met.add(to)
    return met.has(from)
  })
}

/** The largest number of all that are reached, as the queries make it. */
function expectedOf(graph: Graph, mode: Mode): readonly Shown[] {
  const { next, own: numbers } = graph
  const isOn = onCycles(graph)
  const known = new Map<number, Shown>()
  const show = (at: number): Shown => {
    const before = known.get(at)
    if (before !== undefined) return before
    let shown: Shown = numbers[at] as number
    if (mode === 'initial') {
      const met = new Set([at])
      for (const one of met) for (const to of next[one] ?? []) met.add(to)
      shown = Math.max(...Array.from(met, (one) => numbers[one] as number))
    } else if (isOn[at] === true) shown = mode === 'fallback' ? FALLBACK : 'cycle'
    else {
      for (const to of next[at] ?? []) {
        const read = show(to)
        if (read !== 'cycle') shown = Math.max(shown, read)
        else if (mode !== 'caught') shown = 'cycle'
        if (shown === 'cycle') break
      }
    }
    known.set(at, shown)
    return shown
  }
  // From the end, so that the oracle's own stack stays low.
  for (let at = next.length - 1; at >= 0; at--) show(at)
  return next.map((_, at) => show(at))
}

type Read = (view: View, at: number) => unknown

function readerFor(mode: Mode, isAsync: boolean): Read {
  const options = mode === 'fallback' ? { cycle: { fallback: FALLBACK } } : mode === 'initial' ? { cycle: { initial: 0 } } : {}
  const now: Derived<[number], number> = derived('now', (q, at: number) => q.get(edges, at).reduce((most, to) => {
    try {
      return Math.max(most, q.get(now, to))
    } catch (error) {
      if (mode !== 'caught') throw error
      return most
    }
  }, q.get(own, at)), options)
  const later: Derived<[number], Promise<number>> = derived('later', async (q, at: number) => {
    let most = q.get(own, at)
    for (const to of q.get(edges, at)) {
      try {
        most = Math.max(most, await q.get(later, to))
      } catch (error) {
        if (mode !== 'caught') throw error
      }
    }
    return most
  }, options)
  return (view, at) => (isAsync ? view.get(later, at) : view.get(now, at))
}

async function shownIn(view: View, read: Read, at: number): Promise<unknown> {
  try {
    return await read(view, at)
  } catch (error) {
    return error instanceof CycleError ? 'cycle' : error
  }
}

const graphOf = (view: View, size: number): Graph => ({ next: Array.from({ length: size }, (_, at) => view.get(edges, at)), own: Array.from({ length: size }, (_, at) => view.get(own, at)) })

function change(view: View, size: number, rng: Random): void {
  const at = rng.int(size)
  const onward = at + 1 < size ? [at + 1] : []
  if (rng.chance(0.5)) view.set(edges, at, [...(rng.chance(0.3) ? [rng.int(size)] : []), ...(rng.chance(0.5) ? onward : []), rng.int(size)])
  if (rng.chance(0.5)) view.set(own, rng.int(size), rng.int(9))
  if (rng.chance(0.3)) view.set(edges, size - 1, [rng.int(size)])
  if (rng.chance(0.3)) view.set(edges, size - 1, [])
}

async function play(seed: number): Promise<void> {
  const rng = random(seed)
  const mode = rng.pick(['passed on', 'caught', 'fallback', 'initial'] as const)
  const isAsync = rng.chance(0.35)
  const size = 160 + rng.int(300)
  const read = readerFor(mode, isAsync)
  const db: Database = createDatabase()
  db.batch((tx) => {
    for (let at = 0; at + 1 < size; at++) tx.set(edges, at, [at + 1, ...(rng.chance(0.3) && at + 2 < size ? [at + 2 + rng.int(size - at - 2)] : [])])
  })
  await shownIn(db, read, 0)
  const holds = rng.chance(0.5)
  const held: View[] = []
  for (let step = 0; step < 5; step++) {
    if (holds) held.push(db.snapshot())
    const view = held.length > 0 && rng.chance(0.5) ? rng.pick(held) : db
    change(view, size, rng)
    const expected = expectedOf(graphOf(view, size), mode)
    for (const at of [rng.int(size), rng.int(size)]) expect([seed, mode, isAsync, step, at, await shownIn(view, read, at)]).toEqual([seed, mode, isAsync, step, at, expected[at]])
  }
}

describe('random graphs', () => {
  it.each([1, 1000, Math.floor(Math.random() * 2 ** 31)])('[CYC-1 CYC-7 CYC-8 SCALE-2 SNAP-4] answer as the graph says, in snapshots too; seeds from %i', { timeout: 120_000 }, async (first) => {
    for (let seed = first; seed < first + 30; seed++) await play(seed)
  })
})
