/** batchRevisions: the revisions of a window. */
import { range, skip } from 'rxjs'
import { flush } from 'pebre/testing'
import { expect, it } from 'vitest'
import { createDatabase, input, InvalidDefinitionError } from '../../src/index.js'
import { batchRevisions, type RevisionRange } from '../../src/operators/index.js'
import { marbles } from '../support/marbles.js'

const x = input<[], number>('x', { initial: 0 })

it('makes the revisions of a window one emission; what waits comes before the end', () => {
  const values = { a: 1, b: 2, c: 3, d: 4 }
  marbles(({ cold, expectObservable }) => {
    expectObservable(cold('-ab--c------d|', values).pipe(batchRevisions(5))).toBe('------x------(y|)', { x: { from: 1, to: 3 }, y: { from: 4, to: 4 } })
    expectObservable(cold('-ab-#', values).pipe(batchRevisions(5))).toBe('----(x#)', { x: { from: 1, to: 2 } })
    expectObservable(cold('-ab-|', values).pipe(batchRevisions(5)), '---!').toBe('')
  })
})

it('[REV-3] a window of 0 is one turn', async () => {
  const db = createDatabase()
  const seen: RevisionRange[] = []
  db.revision$.pipe(skip(1), batchRevisions(0)).subscribe((batch) => seen.push(batch))
  for (let i = 1; i <= 1000; i++) db.set(x, i)
  await flush()
  db.set(x, 0)
  await flush()
  expect(seen).toEqual([{ from: 1, to: 1000 }, { from: 1001, to: 1001 }])
})

it('keeps no list, and refuses what is no time', () => {
  const seen: RevisionRange[] = []
  range(1, 1_000_000).pipe(batchRevisions(10)).subscribe((batch) => seen.push(batch))
  expect(seen).toEqual([{ from: 1, to: 1_000_000 }])
  expect(() => batchRevisions(-1)).toThrow(InvalidDefinitionError)
})
