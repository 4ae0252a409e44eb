/** A valid memo of an asynchronous query, asked for by its key: the promise alone, and awaited. */
import { pathOf, sizes } from './parts.js'
import type { Key, QueryWork, Store, Tally } from './store.js'

const keys = Array.from({ length: 100 }, (_, i) => pathOf(i))
const laps = 10
const operations = laps * keys.length
const sumOfLengths = 2 * laps * keys.reduce((sum, key) => sum + key.length, 0)

async function filled<Q, Input, Query>(store: Store<Q, Input, Query>, tally: Tally): Promise<Query> {
  const { size, double } = sizes(store, () => tally.runs++)
  for (const key of keys) {
    store.set(size, key, key.length)
    await store.get(double, key)
  }
  return double
}

export const hitAwaited: QueryWork = {
  name: 'hit, awaited', operations, runs: 0,
  build: async (store, tally) => {
    const double = await filled(store, tally)
    return async () => {
      let sum = 0
      for (let lap = 0; lap < laps; lap++) for (const key of keys) sum += await store.get(double, key)
      return { sum, expected: sumOfLengths }
    }
  },
}

export const hitGet: QueryWork = {
  name: 'hit, get alone', operations, runs: 0,
  build: async (store, tally) => {
    const double = await filled(store, tally)
    return async () => {
      let promises = 0
      for (let lap = 0; lap < laps; lap++) for (const key of keys) if (store.get(double, key) instanceof Promise) promises++
      // What some libraries do later for each promise is part of it.
      await store.get(double, keys[0] as Key)
      return { sum: promises, expected: operations }
    }
  },
}
