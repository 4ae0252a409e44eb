/** toInput: each value is one write. */
import { concatWith, from, of, range, Subject, take, throwError } from 'rxjs'
import { record } from 'pebre/testing'
import { expect, it } from 'vitest'
import { createDatabase, derived, input, InvalidKeyError, NestedCommitError } from '../../src/index.js'
import { toInput } from '../../src/operators/index.js'
import { marbles } from '../support/marbles.js'

interface File {
  readonly path: string
  readonly text: string
}

const file = input<[path: string], File>('file')
const level = input<[], number>('level', { initial: 0 })

it('[IN-17] writes each value to its record, and emits the revision at which it holds', () => {
  const db = createDatabase()
  const log = record(db, 'input')
  const seen: number[] = []
  const files: File[] = [{ path: 'a', text: '1' }, { path: 'b', text: '2' }, { path: 'a', text: '1' }]
  from(files).pipe(toInput(db, file, ({ path }) => [path])).subscribe((revision) => seen.push(revision))
  expect(log.take()).toEqual(['set file(a)', 'set file(b)'])
  expect(seen).toEqual([1, 2, 2])
  of(4).pipe(toInput(db, level)).subscribe()
  expect(db.get(level)).toBe(4)
})

it('values that come in time', () => {
  marbles(({ cold, expectObservable }) => {
    const db = createDatabase()
    expectObservable(cold('1-2-2-3-|').pipe(toInput(createDatabase(), level as never))).toBe('a-b-b-c-|', { a: 1, b: 2, c: 3 })
    expect(db.revision).toBe(0)
  })
})

it('[IN-17] an Observable that errors or completes leaves the value', () => {
  const db = createDatabase()
  const error = new Error('lost')
  const errors: unknown[] = []
  of(3).pipe(concatWith(throwError(() => error)), toInput(db, level)).subscribe({ error: (thrown: unknown) => errors.push(thrown) })
  expect(errors).toEqual([error])
  expect(db.get(level)).toBe(3)
})

it('[IN-9] a refused write is the error of the stream, and changes nothing', () => {
  const db = createDatabase()
  const errors: unknown[] = []
  const source = new Subject<File>()
  source.pipe(toInput(db, file, ({ path }) => [path])).subscribe({ error: (error: unknown) => errors.push(error) })
  source.next({ path: 'a', text: '' })
  source.next({ path: Symbol('no key') as unknown as string, text: '' })
  expect(errors).toEqual([expect.any(InvalidKeyError)])
  expect(source.observed).toBe(false)
  expect(db.revision).toBe(1)
})

it('[REV-6] a stream that answers its own writes ends with NestedCommitError', () => {
  const db = createDatabase({ limits: { nestedCommits: 10 } })
  const next = derived('next', (q) => q.get(level) + 1)
  const errors: unknown[] = []
  db.observe(next).pipe(toInput(db, level)).subscribe({ error: (error: unknown) => errors.push(error) })
  expect(errors).toEqual([expect.any(NestedCommitError)])
  expect(db.get(level)).toBeGreaterThan(5)
  expect(db.set(level, -5)).toBe(db.revision)
})

it('an Observable that emits synchronously a million times', () => {
  const db = createDatabase()
  range(1, 1_000_000).pipe(toInput(db, level)).subscribe()
  expect([db.get(level), db.revision]).toEqual([1_000_000, 1_000_000])
  range(1, Infinity).pipe(toInput(db, level), take(3)).subscribe()
  expect(db.get(level)).toBe(3)
})
