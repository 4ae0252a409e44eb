/** Inputs written by Observables that are connected by hand. */
import { BehaviorSubject, concat, NEVER, of, range, Subject, tap, throwError } from 'rxjs'
import { flush } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input, InvalidDefinitionError, LimitExceededError, WriteInQueryError } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { thrownBy } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })
const file = input<[path: string], string>('file')
const double = derived('double', (q) => q.get(x) * 2)

function reporting(options: object = {}) {
  const reported: unknown[] = []
  return { db: createDatabase({ onUnhandledError: (error: unknown) => reported.push(error), ...options }), reported }
}

describe('bind', () => {
  it('[SRC-2 IN-5] writes every value, each a commit, until the subscription ends', () => {
    const { db } = reporting()
    const feed = new BehaviorSubject(1)
    const seen: number[] = []
    db.observe(double).subscribe((value) => seen.push(value))
    const subscription = db.bind(x, feed)
    feed.next(2)
    feed.next(2)
    subscription.unsubscribe()
    feed.next(3)
    expect([seen, db.revision, feed.observed]).toEqual([[0, 2, 4], 2, false])
  })

  it('[SRC-2 KEY-2] the arguments stand before the Observable; anything RxJS can follow will do', async () => {
    const { db } = reporting()
    db.bind(file, 'a', Promise.resolve('later'))
    db.bind(file, 'b', of('now'))
    expect([db.get(file, 'a'), db.get(file, 'b')]).toEqual([undefined, 'now'])
    await flush()
    expect(db.get(file, 'a')).toBe('later')
  })

  it('[SRC-4 IN-17] completion and an error leave the value; the error is reported; the subscription is closed', () => {
    const { db, reported } = reporting()
    const done = db.bind(x, of(1, 2))
    const failed = db.bind(x, concat(of(3), throwError(() => 'offline')))
    expect([done.closed, failed.closed, db.get(x), reported]).toEqual([true, true, 3, ['offline']])
  })

  it('[SRC-2 REV-5 IN-12] values during delivery, in a batch and in a body come in their turn', () => {
    const { db, reported } = reporting()
    const feed = new Subject<number>()
    db.bind(x, feed)
    const log: string[] = []
    db.observe(double).subscribe((value) => {
      log.push(`first ${value}`)
      if (value === 2) feed.next(5)
    })
    db.observe(double).subscribe((value) => log.push(`second ${value}`))
    feed.next(1)
    expect(log).toEqual(['first 0', 'second 0', 'first 2', 'second 2', 'first 10', 'second 10'])
    db.batch((tx) => {
      feed.next(6)
      expect(tx.get(x)).toBe(6)
    })
    expect(db.get(derived('impure', (q) => (feed.next(7), q.get(x))))).toBe(6)
    expect([db.get(x), reported]).toEqual([7, []])
  })

  it('[SRC-2 ERR-10] what cannot be written is reported, and the next value is', () => {
    const { db, reported } = reporting({ limits: { stateBytes: 1000 } })
    const feed = new Subject<string>()
    const subscription = db.bind(file, 'a', feed)
    feed.next('x'.repeat(5000))
    feed.next('y')
    expect([db.get(file, 'a'), reported, subscription.closed]).toEqual(['y', [expect.any(LimitExceededError)], false])
  })

  it('[SRC-2] a million values at once are a million commits, and leaving in the middle stops them', () => {
    const { db } = reporting()
    db.bind(x, range(1, 1_000_000))
    expect([db.get(x), db.revision]).toEqual([1_000_000, 1_000_000])
    db.node(x).subscribe((value) => {
      if (value === 10) db.close()
    })
    let asked = 0
    db.bind(x, range(1, 100).pipe(tap(() => asked++)))
    expect(asked).toBe(10)
    expect(thrownBy(() => db.get(x))).toMatchObject({ name: 'ClosedError' })
  })

  it('[SRC-3 CAN-8] closing the database and disposing of a snapshot end it', () => {
    const { db } = reporting()
    const feeds = [new Subject<number>(), new Subject<number>()] as const
    const snapshot = db.snapshot()
    db.bind(x, feeds[0])
    const subscription = snapshot.bind(x, feeds[1])
    feeds[1].next(5)
    expect([snapshot.get(x), db.get(x)]).toEqual([5, 0])
    snapshot.dispose()
    db.close()
    expect([feeds[0].observed, feeds[1].observed, subscription.closed]).toEqual([false, false, true])
  })

  it('[SRC-1 LIVE-11 IN-9] is refused inside a body, and for what is no input', () => {
    const { db } = reporting()
    expect(() => db.get(derived('binds', () => void db.bind(x, NEVER)))).toThrow(WriteInQueryError)
    expect(() => db.bind(double as never, NEVER as never)).toThrow(InvalidDefinitionError)
    expect(() => db.bind(file, (() => {}) as never, NEVER)).toThrow('cannot be part of a key')
  })
})
