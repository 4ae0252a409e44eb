/** Atoms of `effect/reactivity` that are kept alive, and hold promises. */
import { Atom, AtomRegistry } from 'effect/reactivity'
import type { QueryPeer, Store } from '../../queries/store.js'
import { Family } from './family.js'

type Inputs = Family<Atom.Writable<number>>
type Queries = Family<Atom.Atom<Promise<number>>>
type Get = Atom.AtomContext

function open(): Store<Get, Inputs, Queries> {
  const registry = AtomRegistry.make()
  return {
    input: (initial) => new Family(() => Atom.keepAlive(Atom.make(initial))),
    query: (body) => new Family((key) => Atom.keepAlive(Atom.readable((get) => body(get, key)))),
    readInput: (get, inputs, key) => get(inputs.at(key)),
    readQuery: (get, queries, key) => get(queries.at(key)),
    get: (queries, key) => registry.get(queries.at(key)),
    set: (inputs, key, value) => registry.set(inputs.at(key), value),
    watch: (queries, key, tell) => {
      const tellLatest = (promise: Promise<number>): void => {
        void promise.then(tell)
      }
      registry.subscribe(queries.at(key), tellLatest, { immediate: true })
    },
  }
}

export const effect: QueryPeer<Get, Inputs, Queries> = { open, cutsOff: false }
