/** Cycles that come and go, and old lists of dependencies. */
import { describe, expect, it } from 'vitest'
import { CycleError, type Derived, derived, input } from '../../src/index.js'
import { outcome } from '../support/cycles.js'
import { countedDatabases } from '../support/databases.js'

const createDatabase = countedDatabases()
const flag = input<[name: string], boolean>('flag')
const other = input<[], number>('other', { initial: 0 })

type Sync = Derived<[], number>

describe('change and recovery', () => {
  it('[CYC-6 LIVE-2 DER-15] of what is volatile tells who watches a member that has read nothing volatile itself', () => {
    const fickle: Derived<[], number> = derived('fickle', (q) => {
      q.volatile()
      return q.revision === 0 ? q.get(plain) : 1
    })
    const plain: Derived<[], number> = derived('plain', (q) => q.get(fickle))
    const db = createDatabase()
    expect(() => db.get(fickle)).toThrow(CycleError)
    const heard: string[] = []
    db.watch(plain).subscribe((state) => heard.push(state.status === 'ready' ? String(state.value) : state.status))
    db.set(other, 1)
    expect(heard).toEqual(['failed', '1'])
  })

  /** a reads b, b reads c, and c reads a if the flag is set. */
  function ring() {
    const a: Sync = derived('a', (q): number => q.get(b) + 1)
    const b: Sync = derived('b', (q): number => q.get(c) + 1)
    const c: Sync = derived('c', (q): number => (q.get(flag, 'c') === true ? q.get(a) : 0))
    return [a, b, c] as const
  }

  it('[CYC-6] a cycle appears and disappears with an input, for every participant and from every entry', () => {
    for (const entry of [0, 1, 2]) {
      const db = createDatabase()
      const queries = ring()
      const turn = [...queries.slice(entry), ...queries.slice(0, entry)]
      const look = (): unknown[] => {
        for (const query of turn) outcome(() => db.get(query))
        return queries.map((query) => outcome(() => db.get(query)))
      }
      for (let round = 0; round < 3; round++) {
        expect(look()).toEqual([2, 1, 0])
        db.set(flag, 'c', true)
        expect(look()).toEqual(['cycle', 'cycle', 'cycle'])
        db.set(other, round + 1)
        expect(look()).toEqual(['cycle', 'cycle', 'cycle'])
        db.set(flag, 'c', false)
      }
    }
  })

  it('[CYC-6] live queries of all participants report the cycle, and recover', () => {
    const db = createDatabase()
    const queries = ring()
    const seen: string[] = []
    for (const query of queries) {
      db.watch(query).subscribe((state) => seen.push(`${query.name} ${state.status === 'ready' ? state.value : state.status}`))
    }
    db.set(flag, 'c', true)
    db.set(flag, 'c', false)
    const good = ['a 2', 'b 1', 'c 0']
    expect(seen).toEqual([...good, 'a failed', 'b failed', 'c failed', ...good])
  })

  it('[CYC-6] with errors kept until a dependency changes, a change that breaks the ring is still noticed', () => {
    const db = createDatabase()
    const options = { errors: 'dependencies' } as const
    const runs: string[] = []
    const gate = input<[], number>('gate', { initial: 0 })
    const open = derived('open', (q) => q.get(gate) >= 10)
    const a: Sync = derived('a', (q): number => (runs.push('a'), q.get(b) + 1), options)
    const b: Sync = derived('b', (q): number => (runs.push('b'), q.get(open) ? 0 : q.get(a)), options)
    const look = (): unknown[] => [outcome(() => db.get(a)), outcome(() => db.get(b))]
    expect(look()).toEqual(['cycle', 'cycle'])
    runs.length = 0
    db.set(other, 1)
    expect(look()).toEqual(['cycle', 'cycle'])
    // Being on a cycle is no function of what was read: it counts for its revision.
    expect(runs).toEqual(['a', 'b'])
    db.set(gate, 5)
    expect(look()).toEqual(['cycle', 'cycle'])
    db.set(gate, 10)
    expect(look()).toEqual([1, 0])
  })

  it('[CYC-5] an old list of dependencies that closes a ring today’s code does not is no error', () => {
    const db = createDatabase()
    const way = input<[], string>('way', { initial: 'ab' })
    const a: Sync = derived('a', (q): number => (q.peek(way) === 'ab' ? q.get(b) : 1) + q.get(other))
    const b: Sync = derived('b', (q): number => (q.peek(way) === 'ba' ? q.get(a) : 2) + q.get(other))
    expect(db.get(a)).toBe(2)
    for (let round = 0; round < 3; round++) {
      db.set(way, 'ba')
      db.invalidate(b)
      expect([db.get(b), db.get(a)]).toEqual([1, 1])
      db.set(way, 'ab')
      db.invalidate(a)
      expect([db.get(a), db.get(b)]).toEqual([2, 2])
    }
  })

  it('[CYC-5] nor in a snapshot', () => {
    const db = createDatabase()
    const way = input<[], string>('way', { initial: 'ab' })
    const a: Sync = derived('a', (q): number => (q.peek(way) === 'ab' ? q.get(b) : 1))
    const b: Sync = derived('b', (q): number => (q.peek(way) === 'ba' ? q.get(a) : 2))
    expect(db.get(a)).toBe(2)
    const snapshot = db.snapshot()
    for (const view of [snapshot, db]) {
      view.set(way, 'ba')
      view.invalidate(b)
      expect([b, a].map((query) => view.get(query))).toEqual([1, 1])
    }
    expect([b, a].map((query) => db.snapshot().get(query))).toEqual([1, 1])
  })

  it.each([
    { size: 1, options: {} }, { size: 3, options: {} }, { size: 1, options: { cycle: { fallback: 0 } } }, { size: 3, options: { cycle: { fallback: 0 } } },
  ])('[ERR-1 CYC-7] asked again at one revision, a cycle of $size with $options is the same without a run, whatever was looked at between', ({ size, options }) => {
    const ran: string[] = []
    const caught = (action: () => number): number => {
      try {
        return action()
      } catch {
        return 1
      }
    }
    const below: Sync = derived('below', (q): number => q.get(below))
    const middle: Sync = derived('middle', (q) => caught(() => q.get(below)))
    const members: readonly Sync[] = Array.from({ length: size }, (_, i) =>
      derived(`ring${i}`, (q): number => {
        ran.push(`ring${i}`)
        return (i === 0 ? q.get(middle) : 0) + caught(() => q.get(members[(i + 1) % size] as Sync)) + caught(() => q.get(below))
      }, options))
    const db = createDatabase()
    db.get(middle)
    // `middle` holds for as long as `below` is not found to be otherwise, which the ring asks for anew.
    db.set(other, 1)
    const shown = (query: Sync): unknown => {
      try {
        return db.get(query)
      } catch (error) {
        return error
      }
    }
    const first = members.map(shown)
    db.get(middle)
    ran.length = 0
    expect(members.map(shown).every((again, i) => again === first[i])).toBe(true)
    expect(ran).toEqual([])
  })
})
