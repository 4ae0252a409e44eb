/** toInputs: many writes are one batch. */
import { concat, EMPTY, NEVER, of, range, Subject, take, throwError } from 'rxjs'
import { flush, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { type Batch, BatchError, createDatabase, input, InvalidDefinitionError, InvalidKeyError, LimitExceededError } from '../../src/index.js'
import { toInputs } from '../../src/operators/index.js'
import { marbles } from '../support/marbles.js'

const file = input<[path: string], string>('file')
const write = (tx: Batch, path: string): void => tx.set(file, path, path)

describe('toInputs', () => {
  it('[BAT-1] the writes of one turn are one revision', async () => {
    const db = createDatabase()
    const log = record(db, 'revision', 'input')
    const source = new Subject<string>()
    const seen: number[] = []
    source.pipe(toInputs(db, write)).subscribe((revision) => seen.push(revision))
    source.next('a')
    source.next('b')
    source.next('a')
    expect(log.take()).toEqual([])
    await flush()
    expect(log.take()).toEqual(['revision 1', 'set file(a)', 'set file(b)'])
    source.next('c')
    await flush()
    expect(log.take()).toEqual(['revision 2', 'set file(c)'])
    expect(seen).toEqual([1, 2])
  })

  it('[BAT-1] the writes of a window are one revision; the window opens with the first', () => {
    marbles(({ cold, expectObservable, flush: end }) => {
      const db = createDatabase()
      const log = record(db, 'revision', 'input')
      const source = cold('--ab-c---d------e-|')
      expectObservable(source.pipe(toInputs(db, write, { window: 5 }))).toBe('-------x------y---(z|)', { x: 1, y: 2, z: 3 })
      end()
      expect(log.take()).toEqual([
        'revision 1', 'set file(a)', 'set file(b)', 'set file(c)', 'revision 2', 'set file(d)', 'revision 3', 'set file(e)',
      ])
    })
  })

  it('a stream without end does not put off its writes', () => {
    marbles(({ cold, expectObservable }) => {
      const db = createDatabase()
      expectObservable(cold('abcdefghij').pipe(toInputs(db, write, { window: 4 })), '10ms !').toBe('----x----y', { x: 1, y: 2 })
    })
  })

  it('what waits is written when the stream ends, with or without an error, and not when it is unsubscribed', () => {
    const db = createDatabase()
    marbles(({ cold, expectObservable }) => expectObservable(cold('a-|').pipe(toInputs(db, write, { window: 5 }))).toBe('--(x|)', { x: 1 }))
    marbles(({ cold, expectObservable }) => expectObservable(cold('b-#').pipe(toInputs(db, write, { window: 5 }))).toBe('--(x#)', { x: 2 }))
    marbles(({ cold, expectObservable }) => expectObservable(cold('c----d').pipe(toInputs(db, write, { window: 5 })), '---!').toBe(''))
    marbles(({ expectObservable }) => expectObservable(EMPTY.pipe(toInputs(db, write))).toBe('|'))
    expect(db.keys(file)).toEqual(['a', 'b'])
    expect(db.revision).toBe(2)
  })

  it('[BAT-4] a write that throws ends the stream with its error; what came before it is kept, and nothing of itself', async () => {
    const db = createDatabase()
    const thrown = new Error('bad')
    const seen: unknown[] = []
    const half = (tx: Batch, path: string): void => {
      tx.set(file, path, path)
      if (path === 'b') throw thrown
    }
    concat(of('a', 'b', 'c'), NEVER).pipe(toInputs(db, half)).subscribe({ next: (revision) => seen.push(revision), error: (error: unknown) => seen.push(error) })
    await flush()
    expect(seen).toEqual([1, thrown])
    expect(db.keys(file)).toEqual(['a'])
  })

  it.each([
    ['[IN-9] a key that is none', {}, (tx: Batch) => tx.set(file, Symbol('x') as never, ''), InvalidKeyError],
    ['[BAT-7] a promise', {}, (): unknown => Promise.resolve(), BatchError],
    ['[BAT-9] a batch over a limit', { limits: { stateBytes: 100 } }, (tx: Batch) => tx.set(file, 'a', 'x'.repeat(1000)), LimitExceededError],
  ])('%s is the error of the stream, and nothing is written', async (_what, options, bad, error) => {
    const db = createDatabase(options)
    const seen: unknown[] = []
    of(1).pipe(toInputs(db, bad)).subscribe({ next: (revision) => seen.push(revision), error: (thrown: unknown) => seen.push(thrown) })
    await flush()
    expect(seen).toEqual([expect.any(error)])
    expect(db.revision).toBe(0)
  })

  it('an error of the stream comes after the writes', async () => {
    const db = createDatabase()
    const seen: unknown[] = []
    concat(of('a'), throwError(() => 'lost')).pipe(toInputs(db, write)).subscribe({ next: (revision) => seen.push(revision), error: (error) => seen.push(error) })
    expect(seen).toEqual([1, 'lost'])
  })

  it('[IN-18] an Observable that emits synchronously a million times is one revision', async () => {
    const db = createDatabase()
    const log = record(db, 'revision', 'input')
    range(0, 1_000_000).pipe(toInputs(db, (tx, i) => tx.set(file, 'a', String(i)))).subscribe()
    expect(log.take()).toEqual(['revision 1', 'set file(a)'])
    expect(db.get(file, 'a')).toBe('999999')
    range(0, Infinity).pipe(take(3), toInputs(db, (tx, i) => tx.set(file, 'a', String(i)))).subscribe()
    expect(db.get(file, 'a')).toBe('2')
  })

  it.each([-1, Number.NaN, Infinity, '5'])('refuses a window of %s', (window) => {
    expect(() => toInputs(createDatabase(), write, { window: window as number })).toThrow(InvalidDefinitionError)
  })
})
