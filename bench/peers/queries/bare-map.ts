/** A floor: a map of promises. Whoever writes says what to forget. */
import type { Key, QueryPeer, Reach, Store } from '../../queries/store.js'

interface Input {
  readonly values: Map<Key, number>
  readonly initial: number
  readonly reach: Reach
}

interface Queries {
  readonly body: (q: null, key: Key) => Promise<number>
  readonly promises: Map<Key, Promise<number>>
}

function get({ promises, body }: Queries, key: Key): Promise<number> {
  const known = promises.get(key)
  if (known !== undefined) return known
  const promise = body(null, key)
  promises.set(key, promise)
  return promise
}

function open(): Store<null, Input, Queries> {
  const all: Queries[] = []
  return {
    input: (initial, reach) => ({ values: new Map(), initial, reach }),
    query: (body) => {
      const queries = { body, promises: new Map<Key, Promise<number>>() }
      all.push(queries)
      return queries
    },
    readInput: (_, { values, initial }, key) => values.get(key) ?? initial,
    readQuery: (_, queries, key) => get(queries, key),
    get,
    set: ({ values, reach }, key, value) => {
      values.set(key, value)
      for (const { promises } of all) {
        if (reach === 'all queries') promises.clear()
        else if (reach === 'queries of its key') promises.delete(key)
      }
    },
  }
}

export const bareMap: QueryPeer<null, Input, Queries> = { open, cutsOff: false }
