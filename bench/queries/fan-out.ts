/** A thousand asynchronous queries read one input; all are read again after each change. */
import { getAll, sumOf, sumOfThousand, thousand } from './parts.js'
import { only, type QueryWork, type Read, type Store, type Tally } from './store.js'

async function build<Q, Input, Query>(store: Store<Q, Input, Query>, tally: Tally): ReturnType<QueryWork['build']> {
  const head = store.input(0, 'all queries')
  const branch = store.query(
    async (q, i) => {
      tally.runs++
      return store.readInput(q, head, only) + (i as number)
    },
    (): Read<Input, Query> => ({ input: head, key: only }),
  )
  await getAll(store, branch, thousand)
  let writes = 0
  return async () => {
    store.set(head, only, ++writes)
    return { sum: sumOf(await getAll(store, branch, thousand)), expected: thousand.length * writes + sumOfThousand }
  }
}

export const fanOut: QueryWork = { name: 'fan-out of 1000', operations: 1, runs: thousand.length, build }
