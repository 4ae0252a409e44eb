/** values: what is ready. */
import { flush, Stops } from 'pebre/testing'
import { expect, it } from 'vitest'
import { derived, input, type QueryState } from '../../src/index.js'
import { values } from '../../src/operators/index.js'
import { countedDatabases } from '../support/databases.js'
import { marbles } from '../support/marbles.js'

const createDatabase = countedDatabases()
const level = input<[], number>('level', { initial: 0 })

it('[LIVE-7] passes the values of what is ready', async () => {
  const db = createDatabase()
  const stops = new Stops()
  const half = derived('half', async (q) => {
    const value = q.get(level)
    await stops.at(String(value))
    if (value < 0) throw new Error(`level ${value}`)
    return value / 2
  })
  const seen: unknown[] = []
  db.watch(half).pipe(values()).subscribe((value) => seen.push(value))
  for (const value of [0, 4, -1, 6]) {
    db.set(level, value)
    await stops.open(String(value))
  }
  await flush()
  expect(seen).toEqual([0, 2, 3])
})

it('states that come in time', () => {
  const states: Record<string, QueryState<number>> = { p: { status: 'pending' }, r: { status: 'ready', value: 1 }, s: { status: 'stale', value: 1 }, f: { status: 'failed', error: 'e', value: 1 } }
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold('p-r-s-r-f-|', states).pipe(values())).toBe('--1---1---|', { 1: 1 })
  })
})
