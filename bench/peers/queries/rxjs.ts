/**
 * Streams that hold the latest value, or say that one is on its way. A value that comes again after that is no news, and what was
 * made from it is shown again.
 */
import { BehaviorSubject, concat, distinctUntilChanged, filter, firstValueFrom, from, type Observable, of, shareReplay, switchMap, tap } from 'rxjs'
import type { QueryPeer, Store } from '../../queries/store.js'
import { Family } from './family.js'

const pending = Symbol('pending')
type State = number | typeof pending

type Inputs = Family<BehaviorSubject<State>>
type Queries = Family<Observable<State>>

const isValue = (state: State): state is number => state !== pending

function memo(source: Observable<State>, run: (value: number) => Promise<number>): Observable<State> {
  let seen: State = pending
  let result = 0
  const next = (value: State): Observable<State> => {
    if (value === pending) return of(pending)
    if (value === seen) return of(result)
    const made = from(run(value)).pipe(
      tap((found) => {
        seen = value
        result = found
      }),
    )
    return concat(of(pending), made)
  }
  return source.pipe(switchMap(next), distinctUntilChanged(), shareReplay({ bufferSize: 1, refCount: false }))
}

/** In a body, `q` is the value of the one stream it is made from. */
const open = (): Store<number, Inputs, Queries> => ({
  input: (initial) => new Family(() => new BehaviorSubject<State>(initial)),
  query: (body, reads) =>
    new Family((key) => {
      const read = reads(key)
      return memo('input' in read ? read.input.at(read.key) : read.query.at(read.key), (value) => body(value, key))
    }),
  readInput: (q) => q,
  readQuery: (q) => q as unknown as Promise<number>,
  get: (queries, key) => firstValueFrom(queries.at(key).pipe(filter(isValue))),
  set: (inputs, key, value) => inputs.at(key).next(value),
  watch: (queries, key, callback) => {
    queries.at(key).pipe(filter(isValue), distinctUntilChanged()).subscribe(callback)
  },
})

export const rxjs: QueryPeer<number, Inputs, Queries> = { open, cutsOff: true }
