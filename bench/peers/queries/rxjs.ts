/** Streams of promises that share and hold the latest one. */
import { BehaviorSubject, firstValueFrom, map, type Observable, shareReplay } from 'rxjs'
import type { QueryPeer, Store } from '../../queries/store.js'
import { Family } from './family.js'

type Value = number | Promise<number>
type Inputs = Family<BehaviorSubject<number>>
type Queries = Family<Observable<Promise<number>>>

/** In a body, `q` is what the one stream holds that it is made from. */
const open = (): Store<Value, Inputs, Queries> => ({
  input: (initial) => new Family(() => new BehaviorSubject(initial)),
  query: (body, reads) =>
    new Family((key) => {
      const read = reads(key)
      const source: Observable<Value> = 'input' in read ? read.input.at(read.key) : read.query.at(read.key)
      const made = map((value: Value) => body(value, key))
      return source.pipe(made, shareReplay({ bufferSize: 1, refCount: false }))
    }),
  readInput: (q) => q as number,
  readQuery: (q) => q as Promise<number>,
  // A promise of a promise is one of its value.
  get: (queries, key) => firstValueFrom<unknown>(queries.at(key)) as Promise<number>,
  set: (inputs, key, value) => inputs.at(key).next(value),
  watch: (queries, key, tell) => {
    queries.at(key).subscribe((promise) => {
      void promise.then(tell)
    })
  },
})

export const rxjs: QueryPeer<Value, Inputs, Queries> = { open, cutsOff: false }
