/** trace: what passes. */
import { concat, of, Subject, throwError } from 'rxjs'
import { afterEach, expect, it, vi } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'
import { trace } from '../../src/operators/index.js'
import { marbles } from '../support/marbles.js'

const x = input<[], number>('x', { initial: 1 })
const double = derived('double', (q) => ({ value: q.get(x) * 2 }))

afterEach(() => {
  vi.restoreAllMocks()
})

it('tells what passed, when, and at which revision', () => {
  const db = createDatabase()
  const lines: string[] = []
  let time = 100
  const subscription = db.observe(double).pipe(trace('double', { view: db, sink: (line) => lines.push(line), now: () => time++ })).subscribe()
  db.set(x, 2)
  subscription.unsubscribe()
  expect(lines).toEqual([
    'double subscribed, revision 0, 1.0 ms', 'double next {value: 2}, revision 0, 2.0 ms', 'double next {value: 4}, revision 1, 3.0 ms', 'double unsubscribed, revision 1, 4.0 ms',
  ])
})

it('tells ends once, and changes nothing', () => {
  const lines: string[] = []
  marbles(({ cold, expectObservable }) => {
    const traced = trace<string>('t', { sink: (line) => lines.push(line), now: () => 0 })
    expectObservable(cold('a-b-|').pipe(traced)).toBe('a-b-|')
    expectObservable(cold('a-b-#').pipe(traced)).toBe('a-b-#')
  })
  expect(lines.filter((line) => !line.includes('next'))).toEqual(['t subscribed, 0.0 ms', 't subscribed, 0.0 ms', 't complete, 0.0 ms', 't error "error", 0.0 ms'])
})

it('writes to the console by default', () => {
  const debug = vi.spyOn(console, 'debug').mockImplementation(() => {})
  of(1).pipe(trace('one')).subscribe()
  expect(debug.mock.calls.map(([line]) => String(line).replace(/[\d.]+ ms/, 'ms'))).toEqual(['one subscribed, ms', 'one next 1, ms', 'one complete, ms'])
})

it('[ERR-10] a sink that throws is reported, once for each line, and the stream goes on', () => {
  const reported: unknown[] = []
  const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
  const seen: unknown[] = []
  const sink = (line: string): void => {
    throw line.split(',')[0]
  }
  db.observe(double).pipe(trace('double', { sink })).subscribe(({ value }) => seen.push(value))
  db.set(x, 2)
  expect(seen).toEqual([2, 4])
  expect(reported).toEqual(['double subscribed', 'double next {value: 2}', 'double next {value: 4}'])
})

it('[DBG-6] describes what cannot be shown, and hands it on', () => {
  const hostile = new Proxy({}, { get: () => { throw new Error('hands off') } })
  const seen: unknown[] = []
  const source = new Subject<unknown>()
  source.pipe(trace('hostile', { sink: () => {} })).subscribe((value) => seen.push(value === hostile))
  source.next(hostile)
  expect(seen).toEqual([true])
  const errors: unknown[] = []
  concat(of(1), throwError(() => hostile)).pipe(trace('hostile', { sink: () => {} })).subscribe({ error: (error) => errors.push(error === hostile) })
  expect(errors).toEqual([true])
})
