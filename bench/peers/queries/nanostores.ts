/** Computed stores that are kept mounted, and hold promises. */
import { atom, computed, keepMount, type PreinitializedWritableAtom, type ReadableAtom } from 'nanostores'
import type { QueryPeer, Store } from '../../queries/store.js'
import { Family } from './family.js'

type Value = number | Promise<number>
type Inputs = Family<PreinitializedWritableAtom<number>>
type Queries = Family<ReadableAtom<Promise<number>>>

/** In a body, `q` is the value of the store it is computed from. */
const open = (): Store<Value, Inputs, Queries> => ({
  input: (initial) => new Family(() => atom(initial)),
  query: (body, reads) =>
    new Family((key) => {
      const read = reads(key)
      const source: ReadableAtom<Value> = 'input' in read ? read.input.at(read.key) : read.query.at(read.key)
      const store = computed(source, (value) => body(value, key))
      keepMount(store)
      return store
    }),
  readInput: (q) => q as number,
  readQuery: (q) => q as Promise<number>,
  get: (queries, key) => queries.at(key).get(),
  set: (inputs, key, value) => inputs.at(key).set(value),
  watch: (queries, key, tell) => {
    queries.at(key).subscribe((promise) => {
      void promise.then(tell)
    })
  },
})

export const nanostores: QueryPeer<Value, Inputs, Queries> = { open, cutsOff: false }
