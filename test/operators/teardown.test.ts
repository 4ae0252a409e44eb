/** What every operator has in common: it leaves nothing behind, and subscribers that throw harm nobody. */
import { Map as ImmutableMap } from 'immutable'
import { record } from 'pebre/testing'
import { Observable, type OperatorFunction, range, Subject, take } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDatabase, type Database, derived, input, type RuntimeEvent } from '../../src/index.js'
import {
  batchRevisions, changes, during, failures, history, liveQuery, liveReload, logTo, ofDefinition, ofType, retryOnRevision, root, settled, toInput, toInputs, trace, values,
} from '../../src/operators/index.js'

const x = input<[], number>('x', { initial: 0 })
const double = derived('double', (q, by: number) => q.get(x) * by)
const event: RuntimeEvent = { type: 'revisionBumped', sequence: 1, revision: 1, time: 0 }
const silent = { debug() {}, info() {}, warn() {}, error() {} }

type Case = readonly [name: string, make: (db: Database) => OperatorFunction<never, unknown>, value: unknown]

const all: readonly Case[] = [
  ['liveQuery', (db) => liveQuery(db, double), 2],
  ['values', () => values(), { status: 'ready', value: 1 }],
  ['failures', () => failures(), { status: 'failed', error: 1 }],
  ['settled', () => settled(), { status: 'ready', value: 1 }],
  ['retryOnRevision', (db) => retryOnRevision(db), 1],
  ['changes', () => changes(), ImmutableMap({ a: 1 })],
  ['toInput', (db) => toInput(db, x), 1],
  ['toInputs', (db) => toInputs(db, (tx, value: number) => tx.set(x, value)), 1],
  ['toInputs in a window', (db) => toInputs(db, (tx, value: number) => tx.set(x, value), { window: 100 }), 1],
  ['ofType', () => ofType('revisionBumped'), event],
  ['ofDefinition', () => ofDefinition(x), event],
  ['during', () => during(1), event],
  ['batchRevisions', () => batchRevisions(100), 1],
  ['trace', () => trace('t', { sink: () => {} }), 1],
  ['logTo', () => logTo(silent), event],
]

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe.each(all)('%s', (_name, make, value) => {
  it('[LIVE-9] leaves its source and every timer when it is unsubscribed, twice too', () => {
    const db = createDatabase()
    const source = new Subject<never>()
    const subscription = source.pipe(make(db)).subscribe()
    expect(source.observed).toBe(true)
    source.next(value as never)
    subscription.unsubscribe()
    subscription.unsubscribe()
    expect([source.observed, vi.getTimerCount()]).toEqual([false, 0])
    const log = record(db)
    db.set(x, 7)
    expect(log.take()).toEqual([])
  })

  it('leaves its source when the source ends', () => {
    const source = new Subject<never>()
    source.pipe(make(createDatabase())).subscribe({ error: () => {} })
    source.next(value as never)
    source.complete()
    expect([source.observed, vi.getTimerCount()]).toEqual([false, 0])
  })

  it('hands on an error, after which it holds nothing', () => {
    const db = createDatabase()
    const source = new Subject<never>()
    const errors: unknown[] = []
    source.pipe(make(db)).subscribe({ error: (error) => errors.push(error) })
    source.next(value as never)
    source.error('lost')
    expect([errors, vi.getTimerCount()]).toEqual([_name === 'retryOnRevision' ? [] : ['lost'], 0])
  })

  it('stops a source that emits for ever when nobody listens any more', () => {
    let emitted = 0
    const source = new Observable<never>((subscriber) => {
      while (!subscriber.closed && emitted < 100_000) {
        emitted++
        subscriber.next(value as never)
      }
    })
    const stopped = new Subject<void>()
    const subscription = source.pipe(make(createDatabase()), take(1)).subscribe(() => stopped.next())
    subscription.unsubscribe()
    const tellsAtOnce = ['liveQuery', 'values', 'failures', 'retryOnRevision', 'changes', 'toInput', 'ofType', 'during', 'trace', 'logTo'].includes(_name)
    expect(emitted).toBe(tellsAtOnce ? 1 : 100_000)
  })
})

it('[EVT-7 ERR-10] a subscriber behind an operator on a stream of a database throws: it is reported, and the rest go on', () => {
  const reported: unknown[] = []
  const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
  const fail = (): never => {
    throw new Error('from a subscriber')
  }
  db.revision$.pipe(toInput(db, input<[], number>('seen', { initial: -1 })), take(1)).subscribe(fail)
  db.observe(double, 2).pipe(trace('t', { sink: () => {} }), retryOnRevision(db)).subscribe(fail)
  db.live((q) => ImmutableMap({ x: q.get(x) })).pipe(changes()).subscribe(fail)
  db.events('input').pipe(logTo(silent), ofDefinition(x), during(2)).subscribe(fail)
  const seen: number[] = []
  db.observe(double, 3).subscribe((value) => seen.push(value))
  reported.length = 0
  db.set(x, 1)
  expect(seen).toEqual([0, 3])
  expect(reported.map(String)).toEqual(Array.from({ length: reported.length }, () => 'Error: from a subscriber'))
  expect(reported.length).toBeGreaterThan(1)
})

it('[LIVE-9] liveReload and history leave nothing', () => {
  const db = createDatabase()
  const log = record(db)
  const reload = liveReload(db, [root(double, 2)], { window: 100 }).subscribe()
  const steps = history(db)
  db.set(x, 1)
  expect(vi.getTimerCount()).toBe(1)
  reload.unsubscribe()
  steps.dispose()
  steps.dispose()
  expect(vi.getTimerCount()).toBe(0)
  log.take()
  db.set(x, 2)
  expect(log.take()).toEqual([])
})

it('a million values through every operator that tells at once', () => {
  const db = createDatabase()
  let count = 0
  range(0, 1_000_000).pipe(trace('t', { sink: () => {} }), retryOnRevision(db)).subscribe(() => count++)
  expect(count).toBe(1_000_000)
})
