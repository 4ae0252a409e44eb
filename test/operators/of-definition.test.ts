/** ofDefinition: events about records of some definitions. */
import { expect, it } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'
import { ofDefinition } from '../../src/operators/index.js'

const x = input<[], number>('x', { initial: 1 })
const y = input<[], number>('y', { initial: 1 })
const double = derived('double', (q) => q.get(x) * 2)

it('[EVT-2] passes the events about records of its definitions, and none of other events', () => {
  const db = createDatabase()
  const seen: string[] = []
  db.events('revision', 'input', 'invalidation', 'run', 'hit').pipe(ofDefinition(x, double)).subscribe(({ type, id }) => seen.push(`${type} ${id}`))
  db.get(double)
  db.set(x, 2)
  db.set(y, 2)
  db.get(double)
  db.get(double)
  expect(seen).toEqual([
    'queryStarted double()', 'queryComputed double()', 'inputSet x()', 'queryInvalidated double()', 'queryStarted double()', 'queryComputed double()',
    'queryHit double()',
  ])
})

it('passes nothing where no definition is given', () => {
  const db = createDatabase()
  const seen: unknown[] = []
  db.events$.pipe(ofDefinition()).subscribe((event) => seen.push(event))
  db.set(x, 2)
  expect(seen).toEqual([])
})
