/** Queries that never become stale by themselves: whoever writes says which to fetch again. */
import { notifyManager, QueryClient, QueryObserver } from '@tanstack/query-core'
import type { Key, QueryPeer, Reach, Store } from '../../queries/store.js'
import { Family } from './family.js'

interface Input {
  readonly values: Map<Key, number>
  readonly initial: number
  readonly reach: Reach
}

interface Options {
  readonly queryKey: readonly [key: Key, name: number]
  readonly queryFn: () => Promise<number>
}

type Queries = Family<Options>

// Otherwise a subscriber is told by a timer of a millisecond or more.
notifyManager.setScheduler(queueMicrotask)

function open(): Store<null, Input, Queries> {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, gcTime: Infinity, networkMode: 'always' } } })
  let names = 0
  return {
    input: (initial, reach) => ({ values: new Map(), initial, reach }),
    query: (body) => {
      const name = names++
      return new Family((key): Options => ({ queryKey: [key, name], queryFn: () => body(null, key) }))
    },
    readInput: (_, { values, initial }, key) => values.get(key) ?? initial,
    readQuery: (_, queries, key) => client.fetchQuery(queries.at(key)),
    get: (queries, key) => client.fetchQuery(queries.at(key)),
    set: ({ values, reach }, key, value) => {
      values.set(key, value)
      if (reach === 'all queries') void client.invalidateQueries()
      else if (reach === 'queries of its key') void client.invalidateQueries({ queryKey: [key] })
    },
    watch: (queries, key, callback) => {
      const observer = new QueryObserver(client, { ...queries.at(key), notifyOnChangeProps: ['data'] })
      observer.subscribe(({ data }) => {
        if (data !== undefined) callback(data)
      })
    },
  }
}

export const tanstack: QueryPeer<null, Input, Queries> = { open, cutsOff: false }
