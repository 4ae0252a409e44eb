import { expect, it } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'
import { failures, ofType, values } from '../../src/operators/index.js'

const level = input<[], number>('level', { initial: 1 })
const half = derived('half', (q) => {
  const value = q.get(level)
  if (value < 0) throw new RangeError(`level ${value}`)
  return Math.floor(value / 2)
})

it('values passes what is ready, failures what was thrown', () => {
  const db = createDatabase()
  const seen: unknown[] = []
  db.watch(half).pipe(values()).subscribe((value) => seen.push(value))
  db.watch(half).pipe(failures()).subscribe((error) => seen.push((error as Error).message))
  db.set(level, 4)
  db.set(level, 5)
  db.set(level, -1)
  db.set(level, 6)
  expect(seen).toEqual([0, 2, 'level -1', 3])
})

it('ofType passes the events of its types, typed as such', () => {
  const db = createDatabase()
  const seen: unknown[] = []
  db.events$.pipe(ofType('inputSet')).subscribe(({ id, value }) => seen.push([id, value]))
  db.set(level, 2)
  db.remove(level)
  expect(seen).toEqual([['level()', 2]])
})
