/** A floor: the memo of `stamped-memo.ts`, one for each key. */
import type { QueryPeer, Store } from '../../queries/store.js'
import { Family } from './family.js'
import { type Get, type Memo, type Source, Stamps } from './stamped-memo.js'

type Inputs = Family<Source<number>>
type Queries = Family<Memo<number>>

function open(): Store<Get, Inputs, Queries> {
  const memos = new Stamps()
  return {
    input: (initial) => new Family(() => memos.source(initial)),
    query: (body) => new Family((key) => memos.memo((get) => body(get, key))),
    readInput: (get, inputs, key) => get(inputs.at(key)),
    readQuery: (get, queries, key) => get(queries.at(key)),
    get: (queries, key) => memos.get(queries.at(key)),
    set: (inputs, key, value) => memos.set(inputs.at(key), value),
  }
}

export const stamps: QueryPeer<Get, Inputs, Queries> = { open, cutsOff: true }
