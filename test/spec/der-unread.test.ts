/** What a query does not depend on: changes of things it never read, peeks, and cells that are only warmed. */
import { record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, input } from '../../src/index.js'
import { edges } from '../support/inspect.js'
import { thrownBy, track } from '../support/turns.js'

const file = input<[path: string], string>('file')
const other = input<[], number>('other', { initial: 0 })

/** Makes commits that concern nobody. */
function churn(db: Database, times: number): void {
  for (let i = 0; i < times; i++) db.set(other, db.get(other) + 1)
}

/** A chain of queries over `file('a')`, 50 deep. */
function chains(): { readonly ran: string[]; readonly sync: typeof sync; readonly later: typeof later } {
  const ran: string[] = []
  const sync = derived('sync', (q, n: number): string => {
    ran.push(`sync(${n})`)
    return n === 0 ? (q.get(file, 'a') ?? '') : q.get(sync, n - 1)
  })
  const later = derived('later', async (q, n: number): Promise<string> => {
    ran.push(`later(${n})`)
    return n === 0 ? (q.get(file, 'a') ?? '') : q.get(later, n - 1)
  })
  return { ran, sync, later }
}

describe('changes of something never read', () => {
  it('[DER-3] cost a deep cell nothing but a hit, however many revisions passed', async () => {
    const { ran, sync, later } = chains()
    const db = createDatabase()
    db.get(sync, 50)
    await db.get(later, 50)
    ran.length = 0
    const log = record(db, 'run', 'validation', 'hit', 'join')
    churn(db, 1000)
    db.get(sync, 50)
    await db.get(later, 50)
    expect(log.take()).toEqual(['hit sync(50)', 'hit later(50)'])
    churn(db, 1000)
    db.get(sync, 25)
    expect(log.take()).toEqual(['hit sync(25)'])
    expect(ran).toEqual([])
  })

  it('[DER-3] also after the cell was validated, and after it was recomputed to an equal value', async () => {
    const ran: string[] = []
    const length = derived('length', (q) => {
      ran.push('length')
      return (q.get(file, 'a') ?? '').length
    })
    const top = derived('top', async (q) => {
      ran.push('top')
      return q.get(length)
    })
    const db = createDatabase()
    await db.get(top)
    db.set(file, 'a', '')
    await db.get(top)
    ran.length = 0
    const log = record(db, 'run', 'validation', 'hit')
    churn(db, 100)
    await db.get(top)
    db.get(length)
    expect(log.take()).toEqual(['hit top()', 'hit length()'])
    expect(ran).toEqual([])
  })

  it('[DER-3] a cell that is asked again after a thousand commits validates only what a commit reached', () => {
    const left = derived('left', (q) => q.get(file, 'l') ?? '')
    const right = derived('right', (q, n: number): string => (n === 0 ? (q.get(file, 'r') ?? '') : q.get(right, n - 1)))
    const both = derived('both', (q) => q.get(left) + q.get(right, 100))
    const db = createDatabase()
    db.get(both)
    churn(db, 1000)
    db.set(file, 'l', 'x')
    const log = record(db, 'run', 'validation', 'hit')
    expect(db.get(both)).toBe('x')
    expect(log.take()).toEqual(['run left()', 'run both()', 'hit left()', 'hit right(100)'])
  })
})

describe('reads that are not kept', () => {
  it('[DER-12] peek records nothing: neither inputs nor queries nor what they read', async () => {
    const ran: string[] = []
    const trimmed = derived('trimmed', (q) => (q.get(file, 'a') ?? '').trim())
    const later = derived('later', async (q) => q.get(trimmed))
    const peeking = derived('peeking', async (q) => {
      ran.push('peeking')
      const values = [q.peek(file, 'a'), q.peek(trimmed), await q.peek(later), q.peek(other)]
      return [...values, q.get(file, 'b')]
    })
    const db = createDatabase()
    db.set(file, 'a', ' x')
    expect(await db.get(peeking)).toEqual([' x', 'x', 'x', 0, undefined])
    expect(edges(db, peeking)).toEqual(['file(b)'])
    db.set(file, 'a', 'y')
    churn(db, 1)
    expect(await db.get(peeking)).toEqual([' x', 'x', 'x', 0, undefined])
    expect(ran).toEqual(['peeking'])
    db.set(file, 'b', '')
    expect(await db.get(peeking)).toEqual(['y', 'y', 'y', 1, ''])
    expect(ran).toEqual(['peeking', 'peeking'])
  })

  it('[DER-12] a peek does not undo a read of the same record, before it or after it', () => {
    const ran: string[] = []
    const before = derived('before', (q) => [ran.push('before'), q.peek(file, 'a'), q.get(file, 'a')].at(-1))
    const after = derived('after', (q) => [ran.push('after'), q.get(file, 'a'), q.peek(file, 'a')].at(-1))
    const db = createDatabase()
    db.get(before)
    db.get(after)
    db.set(file, 'a', 'x')
    expect([db.get(before), db.get(after)]).toEqual(['x', 'x'])
    expect(ran).toEqual(['before', 'after', 'before', 'after'])
  })

  it('[DER-12] prefetch warms a cell, and gives and throws nothing', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const slow = derived('slow', async (q) => {
      ran.push('slow')
      await stops.at('slow')
      return q.get(other)
    })
    const failing = derived('failing', () => {
      ran.push('failing')
      throw new Error('no')
    })
    const db = createDatabase()
    const given: unknown[] = [db.prefetch(slow), db.prefetch(failing)]
    expect(given).toEqual([undefined, undefined])
    expect(ran).toEqual(['slow', 'failing'])
    const waiting = track(db.get(slow))
    await stops.open('slow')
    expect(waiting).toEqual({ state: 'fulfilled', value: 0 })
    expect(thrownBy(() => db.get(failing))).toEqual(new Error('no'))
    expect(ran).toEqual(['slow', 'failing'])
  })

  it('[DER-12] a body that prefetches through the view records nothing', () => {
    const ran: string[] = []
    const warm = derived('warm', (q) => {
      ran.push('warm')
      return q.get(file, 'a')
    })
    const db = createDatabase()
    const top = derived('top', (q) => {
      ran.push('top')
      db.prefetch(warm)
      return q.get(other)
    })
    db.get(top)
    db.set(file, 'a', 'x')
    db.get(top)
    expect(ran).toEqual(['top', 'warm'])
    expect(edges(db, top)).toEqual(['other()'])
  })
})
