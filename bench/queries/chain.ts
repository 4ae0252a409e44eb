/** A chain of a hundred asynchronous queries, read at its top after each change at its bottom. */
import { only, type QueryWork, type Read, type Store, type Tally } from './store.js'

const length = 100

async function build<Q, Input, Query>(store: Store<Q, Input, Query>, tally: Tally): ReturnType<QueryWork['build']> {
  const bottom = store.input(0, 'all queries')
  const link: Query = store.query(
    async (q, i) => {
      tally.runs++
      return (i === 1 ? store.readInput(q, bottom, only) : await store.readQuery(q, link, (i as number) - 1)) + 1
    },
    (i): Read<Input, Query> => (i === 1 ? { input: bottom, key: only } : { query: link, key: (i as number) - 1 }),
  )
  await store.get(link, length)
  let writes = 0
  return async () => {
    store.set(bottom, only, ++writes)
    return { sum: await store.get(link, length), expected: writes + length }
  }
}

export const chain: QueryWork = { name: 'chain of 100', operations: 1, runs: length, build }
