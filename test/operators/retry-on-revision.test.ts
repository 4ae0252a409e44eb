/** retryOnRevision: again at the next revision. */
import { defer, of, throwError } from 'rxjs'
import { record } from 'pebre/testing'
import { expect, it } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'
import { retryOnRevision } from '../../src/operators/index.js'
import { marbles } from '../support/marbles.js'

const x = input<[], number>('x', { initial: 1 })
const other = input<[], number>('other', { initial: 1 })
const picky = derived('picky', (q) => {
  if (q.get(x) < 0) throw new Error('negative')
  return q.get(x)
})

it('[LIVE-6] subscribes again at the next revision, and at no other time', () => {
  const db = createDatabase()
  const log = record(db)
  const seen: unknown[] = []
  const subscription = db.observe(picky).pipe(retryOnRevision(db)).subscribe({ next: (value) => seen.push(value), error: (error) => seen.push(error) })
  db.set(x, -1)
  expect(log.take()).toEqual(['run picky()', 'run picky()', 'fail picky()'])
  db.set(other, 2)
  expect(log.take()).toEqual(['run picky()', 'fail picky()'])
  db.set(x, 2)
  expect(log.take()).toEqual(['run picky()'])
  expect(seen).toEqual([1, 2])
  db.set(x, -1)
  subscription.unsubscribe()
  log.take()
  db.set(x, 3)
  expect(log.take()).toEqual([])
})

it('a stream that fails at once, every time, is tried once for each revision', () => {
  const db = createDatabase()
  let tries = 0
  const failing = defer(() => throwError(() => ++tries))
  failing.pipe(retryOnRevision(db)).subscribe()
  for (const value of [2, 3, 4]) db.set(x, value)
  expect(tries).toBe(4)
})

it('waits for a revision after the failure, also when it fails while a commit is being told', () => {
  const db = createDatabase()
  let tries = 0
  db.events('input').subscribe(() => {
    if (tries === 0) defer(() => throwError(() => ++tries)).pipe(retryOnRevision(db)).subscribe()
  })
  db.set(x, 2)
  expect(tries).toBe(1)
  db.set(x, 3)
  expect(tries).toBe(2)
})

it('[CAN-8] completes with the database', () => {
  const db = createDatabase()
  const seen: string[] = []
  throwError(() => 'always').pipe(retryOnRevision(db)).subscribe({ error: () => seen.push('error'), complete: () => seen.push('complete') })
  db.close()
  expect(seen).toEqual(['complete'])
})

it('revisions that come in time', () => {
  marbles(({ cold, expectObservable }) => {
    const db = createDatabase()
    let tries = 0
    const source = defer(() => (++tries < 3 ? cold('-a-#') : of('b')))
    cold('----1-2---3').subscribe((value) => db.set(x, Number(value) + 10))
    expectObservable(source.pipe(retryOnRevision(db))).toBe('-a---a----(b|)')
  })
})
