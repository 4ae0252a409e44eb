/** Computed atoms that are promises. */
import { type Atom, atom, type Computed, computed, notify } from '@reatom/core'
import type { QueryPeer, Store } from '../../queries/store.js'
import { Family } from './family.js'

type Inputs = Family<Atom<number>>
type Queries = Family<Computed<Promise<number>>>

const open = (): Store<null, Inputs, Queries> => ({
  input: (initial) => new Family(() => atom(initial)),
  query: (body) => new Family((key) => computed(() => body(null, key))),
  readInput: (_, inputs, key) => inputs.at(key)(),
  readQuery: (_, queries, key) => queries.at(key)(),
  get: (queries, key) => queries.at(key)(),
  set: (inputs, key, value) => {
    inputs.at(key).set(value)
    notify()
  },
  watch: (queries, key, tell) => {
    queries.at(key).subscribe((promise) => {
      void promise.then(tell)
    })
  },
})

export const reatom: QueryPeer<null, Inputs, Queries> = { open, cutsOff: false }
