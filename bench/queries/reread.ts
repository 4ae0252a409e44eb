/** A thousand keys are read again, one after the other, after a write that none of them depends on. No body runs. */
import { pathOf, sizes, sumOfThousand, thousand } from './parts.js'
import { only, type QueryWork } from './store.js'

const keys = thousand.map(pathOf)

export const reread: QueryWork = {
  name: 'reread after unrelated write', operations: keys.length, runs: 0,
  build: async (store, tally) => {
    const { size, double } = sizes(store, () => tally.runs++)
    const unrelated = store.input(0, 'no query')
    for (const [i, key] of keys.entries()) {
      store.set(size, key, i)
      await store.get(double, key)
    }
    let writes = 0
    return async () => {
      store.set(unrelated, only, ++writes)
      let sum = 0
      for (const key of keys) sum += await store.get(double, key)
      return { sum, expected: 2 * sumOfThousand }
    }
  },
}
