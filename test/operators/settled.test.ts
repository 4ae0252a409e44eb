/** settled: when no live query is pending. */
import { combineLatest } from 'rxjs'
import { flush, Stops } from 'pebre/testing'
import { expect, it } from 'vitest'
import { derived, input, type QueryState } from '../../src/index.js'
import { settled } from '../../src/operators/index.js'
import { countedDatabases } from '../support/databases.js'
import { marbles } from '../support/marbles.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const plus = derived('plus', (q) => q.get(x) + 1)
const double = derived('double', (q) => q.get(x) * 2)

const show = (states: Record<string, QueryState<number>>): unknown => Object.values(states).map((state) => (state.status === 'ready' ? state.value : state.status))

it('[LIVE-7] emits when nothing is pending or stale; of one commit, what it leads to', async () => {
  const db = createDatabase()
  const stops = new Stops()
  const slow = derived('slow', async (q) => {
    const value = q.get(x)
    await stops.at(`slow ${value}`)
    if (value < 0) throw new Error('negative')
    return value
  })
  const seen: unknown[] = []
  const subscription = combineLatest({ plus: db.watch(plus), double: db.watch(double), slow: db.watch(slow) }).pipe(settled()).subscribe((states) => seen.push(show(states)))
  await flush()
  expect(seen).toEqual([])
  await stops.open('slow 1')
  expect(seen.splice(0)).toEqual([[2, 2, 1]])
  db.set(x, 5)
  await flush()
  expect(seen).toEqual([])
  await stops.open('slow 5')
  expect(seen.splice(0)).toEqual([[6, 10, 5]])
  db.set(x, -5)
  await stops.open('slow -5')
  expect(seen.splice(0)).toEqual([[-4, -10, 'failed']])
  subscription.unsubscribe()
  db.set(x, 6)
  await flush()
  expect(seen).toEqual([])
})

it('[VAL-11] never shows two revisions at once', async () => {
  const db = createDatabase()
  const seen: unknown[] = []
  combineLatest([db.watch(plus), db.watch(double)]).pipe(settled()).subscribe(([a, b]) => seen.push(show({ a, b })))
  for (const value of [2, 3, 4]) {
    db.set(x, value)
    await flush()
  }
  expect(seen).toEqual([[3, 4], [4, 6], [5, 8]])
})

it('states that come in time', () => {
  const states: Record<string, QueryState<number>> = { p: { status: 'pending' }, r: { status: 'ready', value: 1 }, s: { status: 'stale', value: 1 }, f: { status: 'failed', error: 1 } }
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold('p-r-s-f-(sr)-|', states).pipe(settled())).toBe('--r---f-r----|', states)
    expectObservable(cold('-(sr|)', states).pipe(settled())).toBe('-(r|)', states)
    expectObservable(cold('-(rs#)', states).pipe(settled())).toBe('-#')
    expectObservable(cold('-r', states).pipe(settled()), '-!').toBe('')
  })
})

it('the activity of a database', () => {
  const counts = { b: { running: 1, waiting: 2, finished: 0 }, w: { running: 0, waiting: 1, finished: 2 }, i: { running: 0, waiting: 0, finished: 3 } }
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold('i-b-w-i-(bi)-|', counts).pipe(settled())).toBe('i-----i-i----|', counts)
  })
})
