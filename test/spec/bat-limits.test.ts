/** Batches and single writes over a limit: nothing of them is done. */
import { record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input, LimitExceededError } from '../../src/index.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], string>('file')
const joined = derived('joined', (q) => `${q.get(file, 'a')} ${q.get(file, 'b')}`)

function thrownOr(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}

describe('limits', () => {
  it('[BAT-9] a batch over a limit fails whole: no revision, no event, no part of it', () => {
    const db = createDatabase({ limits: { stateBytes: 1000 } })
    db.set(file, 'a', 'x')
    db.get(joined)
    const log = record(db, 'revision', 'input', 'invalidation')
    const error = thrownBy(() => db.batch((tx) => (tx.set(file, 'a', 'y'), tx.set(file, 'b', 'small'), tx.set(file, 'c', 'z'.repeat(2000)), tx.remove(file, 'a'))))
    expect([log.take(), db.revision, db.entries(file).toJS(), db.get(joined)]).toEqual([[], 1, { a: 'x' }, 'x undefined'])
    expect(error).toBeInstanceOf(LimitExceededError)
    expect(error).toMatchObject({ limit: 'stateBytes', allowed: 1000 })
    expect(db.batch((tx) => tx.set(file, 'b', 'small'))).toBe(2)
  })

  it('[BAT-9] only the final state of a batch counts', () => {
    const db = createDatabase({ limits: { stateBytes: 1000 } })
    db.set(file, 'a', 'x'.repeat(400))
    const big = 'z'.repeat(400)
    expect(() => db.set(file, 'b', big)).toThrow(LimitExceededError)
    expect(db.batch((tx) => (tx.set(file, 'b', big), tx.remove(file, 'a')))).toBe(2)
    expect(db.batch((tx) => (tx.set(file, 'c', big.repeat(9)), tx.set(file, 'c', 'small')))).toBe(3)
    for (let i = 0; i < 20; i++) db.batch((tx) => (tx.remove(file, 'b'), tx.set(file, 'b', String(i).repeat(200))))
    expect(db.keys(file)).toEqual(['b', 'c'])
  })

  it('[BAT-9] an initial value is nothing the slot takes', () => {
    const text = input<[name: string], string>('text', { initial: 'i'.repeat(300) })
    const db = createDatabase({ limits: { stateBytes: 1000 } })
    const written = Array.from({ length: 10 }, (_, i) => thrownOr(() => db.set(text, `t${i}`, 'x'.repeat(100))))
    expect(written.filter((result) => typeof result === 'number').length).toBeLessThan(6)
  })

  it('[BAT-9 REV-5] a subscriber that goes over a limit is told so by its own write, and the count stays right', () => {
    const errors: unknown[] = []
    const db = createDatabase({ limits: { stateBytes: 1000 }, onUnhandledError: (error) => errors.push(error) })
    const returned: unknown[] = []
    const events = db.events('input').subscribe(() => {
      events.unsubscribe()
      for (const name of ['b', 'c', 'd']) returned.push(thrownOr(() => db.set(file, name, 'x'.repeat(170))))
    })
    db.set(file, 'a', 'x')
    expect(returned).toEqual([2, 3, expect.any(LimitExceededError)])
    expect([db.revision, db.keys(file), errors]).toEqual([3, ['a', 'b', 'c'], []])
    expect(() => db.set(file, 'd', 'x'.repeat(170))).toThrow(LimitExceededError)
  })

  it('[BAT-9 REV-6] a write that is refused for its chain takes nothing of the limit', () => {
    const errors: unknown[] = []
    const db = createDatabase({ limits: { stateBytes: 1000, nestedCommits: 0 }, onUnhandledError: (error) => errors.push(error) })
    const events = db.events('input').subscribe(() => void db.set(file, 'b', 'x'.repeat(300)))
    for (let i = 0; i < 5; i++) db.set(file, 'a', String(i))
    events.unsubscribe()
    expect([errors.length, db.keys(file), db.set(file, 'b', 'x'.repeat(300))]).toEqual([5, ['a'], 6])
  })

  it('[BAT-9 SNAP-2] a snapshot counts on its own: what one wrote that is gone takes nothing any more', () => {
    const db = createDatabase({ limits: { stateBytes: 1000 } })
    db.set(file, 'a', 'x')
    for (let i = 0; i < 5; i++) {
      const snapshot = db.snapshot()
      snapshot.set(file, 'b', 'y'.repeat(300))
      snapshot.dispose()
    }
    expect(db.set(file, 'b', 'y'.repeat(300))).toBe(2)
  })
})
