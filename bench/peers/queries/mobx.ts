/** Computed values that are kept alive, and are promises. */
import { autorun, computed, type IComputedValue, type IObservableValue, observable, runInAction } from 'mobx'
import type { QueryPeer, Store } from '../../queries/store.js'
import { Family } from './family.js'

type Inputs = Family<IObservableValue<number>>
type Queries = Family<IComputedValue<Promise<number>>>

const open = (): Store<null, Inputs, Queries> => ({
  input: (initial) => new Family(() => observable.box(initial)),
  query: (body) => new Family((key) => computed(() => body(null, key), { keepAlive: true })),
  readInput: (_, inputs, key) => inputs.at(key).get(),
  readQuery: (_, queries, key) => queries.at(key).get(),
  get: (queries, key) => queries.at(key).get(),
  set: (inputs, key, value) => runInAction(() => inputs.at(key).set(value)),
  watch: (queries, key, tell) => {
    const node = queries.at(key)
    autorun(() => {
      void node.get().then(tell)
    })
  },
})

export const mobx: QueryPeer<null, Inputs, Queries> = { open, cutsOff: false }
