/** Derived queries: when bodies run, what they are handed, and what is remembered. */
import { flush, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { BatchError, createDatabase, type Database, derived, DuplicateDefinitionError, input, InvalidDefinitionError } from '../../src/index.js'
import { edges } from '../support/inspect.js'
import { rejectionOf, thrownBy } from '../support/turns.js'

const file = input<[path: string], string>('file')
const other = input<[], number>('other', { initial: 0 })

/** Makes commits that concern nobody. */
function churn(db: Database, times: number): void {
  for (let i = 0; i < times; i++) db.set(other, db.get(other) + 1)
}

describe('running and remembering', () => {
  it('[DER-1] a second get gives the identical reference without a run', () => {
    const ran: string[] = []
    const parsed = derived('parsed', (q, path: string) => {
      ran.push(path)
      return { text: q.get(file, path) }
    })
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const first = db.get(parsed, 'a')
    expect(db.get(parsed, 'a')).toBe(first)
    expect(ran).toEqual(['a'])
    expect(first).toEqual({ text: 'x' })
  })

  it('[DER-1] an async query gives the identical promise: while it runs, after it, and as long as it is valid', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const parsed = derived('parsed', async (q, path: string) => {
      ran.push(path)
      const text = q.get(file, path)
      await stops.at(path)
      return { text }
    })
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const first = db.get(parsed, 'a')
    expect(db.get(parsed, 'a')).toBe(first)
    await stops.open('a')
    expect(db.get(parsed, 'a')).toBe(first)
    churn(db, 3)
    expect(db.get(parsed, 'a')).toBe(first)
    expect(ran).toEqual(['a'])
    expect(await first).toEqual({ text: 'x' })
    expect(await db.get(parsed, 'a')).toBe(await first)
  })

  it('[DER-1] a query that another query asked for first hands the promise of that run to later callers', async () => {
    const ran: string[] = []
    const inner = derived('inner', async () => {
      ran.push('inner')
      return {}
    })
    const outer = derived('outer', async (q) => q.get(inner))
    const db = createDatabase()
    const value = await db.get(outer)
    expect(db.get(inner)).toBe(db.get(inner))
    expect(await db.get(inner)).toBe(value)
    expect(ran).toEqual(['inner'])
  })

  it('[DER-2] a changed dependency leads to one run, at the next need and not before', async () => {
    const ran: string[] = []
    const upper = derived('upper', (q) => {
      ran.push('upper')
      return (q.get(file, 'a') ?? '').toUpperCase()
    })
    const db = createDatabase()
    db.get(upper)
    ran.length = 0
    db.set(file, 'a', 'x')
    db.set(file, 'a', 'y')
    await flush()
    expect(ran).toEqual([])
    expect(db.get(upper)).toBe('Y')
    db.get(upper)
    expect(ran).toEqual(['upper'])
  })

  it('[DER-4] a branch that is not taken any more causes no runs', () => {
    const ran: string[] = []
    const flag = input<[], boolean>('flag', { initial: true })
    const left = input<[], string>('left', { initial: 'l' })
    const right = input<[], string>('right', { initial: 'r' })
    const choice = derived('choice', (q) => {
      ran.push('choice')
      return q.get(flag) ? q.get(left) : q.get(right)
    })
    const db = createDatabase()
    db.get(choice)
    db.set(flag, false)
    expect(db.get(choice)).toBe('r')
    ran.length = 0
    db.set(left, 'l2')
    expect(db.get(choice)).toBe('r')
    expect(ran).toEqual([])
    expect(edges(db, choice)).toEqual(['flag()', 'right()'])
    db.set(right, 'r2')
    expect(db.get(choice)).toBe('r2')
    expect(ran).toEqual(['choice'])
  })

  it('[DER-5] args make the cell; trailing undefined args are dropped', () => {
    const ran: unknown[][] = []
    const args = derived('args', (_q, ...list: unknown[]) => {
      ran.push(list)
      return list.length
    })
    const db = createDatabase()
    db.get(args, 1, '2')
    db.get(args, '1', 2)
    db.get(args, '12')
    db.get(args, '12', undefined, undefined)
    db.get(args, undefined, '12')
    db.get(args, undefined)
    db.get(args)
    expect(ran).toEqual([[1, '2'], ['1', 2], ['12'], [undefined, '12'], []])
  })

  it('[DER-6] a synchronous definition is computed on the stack of the caller, cold and warm', () => {
    const ran: string[] = []
    const low = derived('low', (q) => {
      ran.push('low')
      return q.get(other) + 1
    })
    const high = derived('high', (q) => {
      ran.push('high')
      return q.get(low) * 2
    })
    const db = createDatabase()
    expect(db.get(high)).toBe(2)
    expect(db.get(high)).toBe(2)
    db.set(other, 4)
    expect(db.get(high)).toBe(10)
    expect(ran).toEqual(['high', 'low', 'low', 'high'])
    expect(db.stats().jobs).toBe(0)
  })

  it('[DER-11] undefined is memoised like any other value', async () => {
    const ran: string[] = []
    const nothing = derived('nothing', (q) => {
      ran.push('nothing')
      q.get(other)
    })
    const later = derived('later', async (q) => {
      ran.push('later')
      q.get(other)
    })
    const db = createDatabase()
    expect([db.get(nothing), db.get(nothing)]).toEqual([undefined, undefined])
    expect([await db.get(later), await db.get(later)]).toEqual([undefined, undefined])
    expect(ran).toEqual(['nothing', 'later'])
    const after = derived('after', (q) => {
      ran.push('after')
      return q.get(nothing)
    })
    db.get(after)
    churn(db, 1)
    db.get(after)
    expect(ran).toEqual(['nothing', 'later', 'after', 'nothing'])
  })

  it('[DER-14] a query that uses a second definition of one name fails with a typed error, and only that query', async () => {
    const twin = input<[path: string], string>('file')
    const good = derived('good', (q) => q.get(file, 'a') ?? 'none')
    const bad = derived('bad', (q) => q.get(twin, 'a'))
    const badLater = derived('badLater', async (q) => q.get(twin, 'a'))
    const caught = derived('caught', (q) => {
      try {
        return q.get(bad)
      } catch {
        return q.get(good)
      }
    })
    const db = createDatabase({ definitions: [file] })
    expect(thrownBy(() => db.get(bad))).toBeInstanceOf(DuplicateDefinitionError)
    expect(await rejectionOf(db.get(badLater))).toBeInstanceOf(DuplicateDefinitionError)
    expect(db.get(caught)).toBe('none')
    expect(thrownBy(() => db.get(bad))).toBe(thrownBy(() => db.get(bad)))
  })

  it('[DER-14 IN-14 IN-11] a body that is none, sets of keys of a query, an update without a function: typed errors, and nothing changes', () => {
    expect(() => derived('none', 5 as never)).toThrow(InvalidDefinitionError)
    const named = input<[name: string], number>('named')
    const query = derived('query', () => 1) as unknown as typeof named
    const db = createDatabase()
    const { revision } = db
    for (const update of [() => db.update(named, 'a', 5 as never), () => db.batch((tx) => tx.update(named, 'a', 5 as never))]) expect(update).toThrow(BatchError)
    for (const view of [db, db.snapshot()]) {
      for (const use of [() => view.has(query, 'a'), () => view.keys(query), () => view.entries(query)]) expect(use).toThrow(InvalidDefinitionError)
      for (const use of [() => view.read((q) => q.has(query, 'a')), () => view.read((q) => q.keys(query)), () => view.read((q) => q.entries(query))]) expect(use).toThrow(InvalidDefinitionError)
    }
    expect([db.revision, db.keys(named)]).toEqual([revision, []])
  })
})
