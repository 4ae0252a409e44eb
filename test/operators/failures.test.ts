/** failures: what was thrown. */
import { expect, it } from 'vitest'
import { createDatabase, derived, input, type QueryState } from '../../src/index.js'
import { failures } from '../../src/operators/index.js'
import { marbles } from '../support/marbles.js'

const level = input<[], number>('level', { initial: 0 })

it('[LIVE-6 ERR-3] passes the objects that were thrown', () => {
  const db = createDatabase()
  const thrown = [new Error('one'), new Error('two')]
  const picky = derived('picky', (q) => {
    const error = thrown[q.get(level)]
    if (error !== undefined) throw error
    return q.get(level)
  })
  const seen: unknown[] = []
  db.watch(picky).pipe(failures()).subscribe((error) => seen.push(error))
  for (const value of [1, 5, 0]) db.set(level, value)
  expect(seen.length).toBe(3)
  expect(seen.map((error) => thrown.indexOf(error as Error))).toEqual([0, 1, 0])
})

it('states that come in time', () => {
  const states: Record<string, QueryState<number>> = { r: { status: 'ready', value: 1 }, f: { status: 'failed', error: 'e' }, s: { status: 'stale', value: 1 } }
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold('r-f-s-f-|', states).pipe(failures())).toBe('--e---e-|', { e: 'e' })
  })
})
