/** A write reaches one of a thousand live asynchronous queries; the next write waits until it is told. */
import { sizes, thousand } from './parts.js'
import type { QueryWork } from './store.js'

const operations = 100

export const live: QueryWork = {
  name: 'live update among 1000, async', group: 'live', operations, runs: operations, needsWatch: true,
  build: async (store, tally) => {
    const { size, double } = sizes(store, () => tally.runs++)
    let tell: (value: number) => void = () => {}
    const first = thousand.map(
      (key) =>
        new Promise<number>((resolve) => {
          tell = resolve
          store.watch?.(double, key, (value) => {
            resolve(value)
            tell(value)
          })
        }),
    )
    await Promise.all(first)
    let writes = 0
    return async () => {
      let sum = 0
      let expected = 0
      for (let i = 0; i < operations; i++) {
        const news = new Promise<number>((resolve) => {
          tell = resolve
        })
        writes++
        // Scattered over the keys.
        store.set(size, (writes * 37) % thousand.length, writes)
        sum += await news
        expected += 2 * writes
      }
      return { sum, expected }
    }
  },
}
