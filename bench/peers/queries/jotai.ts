import { type Atom, atom, createStore, type Getter, type PrimitiveAtom } from 'jotai/vanilla'
import type { QueryPeer, Store } from '../../queries/store.js'
import { Family } from './family.js'

type Inputs = Family<PrimitiveAtom<number>>
type Queries = Family<Atom<Promise<number>>>

function open(): Store<Getter, Inputs, Queries> {
  const store = createStore()
  return {
    input: (initial) => new Family(() => atom(initial)),
    query: (body) => new Family((key) => atom((get) => body(get, key))),
    readInput: (get, inputs, key) => get(inputs.at(key)),
    readQuery: (get, queries, key) => get(queries.at(key)),
    get: (queries, key) => store.get(queries.at(key)),
    set: (inputs, key, value) => store.set(inputs.at(key), value),
    watch: (queries, key, tell) => {
      const node = queries.at(key)
      const tellLatest = (): void => {
        void store.get(node).then(tell)
      }
      store.sub(node, tellLatest)
      tellLatest()
    },
  }
}

export const jotai: QueryPeer<Getter, Inputs, Queries> = { open, cutsOff: false }
