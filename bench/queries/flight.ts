/** A thousand callers ask for one stale key at once: one run, and one answer for all. */
import { getAll, pathOf, sizes, sumOf, thousand } from './parts.js'
import type { QueryWork } from './store.js'

const key = pathOf(0)
const callers = thousand.map(() => key)

export const flight: QueryWork = {
  name: '1000 gets of one key', operations: 1, runs: 1,
  build: async (store, tally) => {
    const { size, double } = sizes(store, () => tally.runs++)
    await store.get(double, key)
    let writes = 0
    return async () => {
      store.set(size, key, ++writes)
      return { sum: sumOf(await getAll(store, double, callers)), expected: 2 * writes * callers.length }
    }
  },
}
