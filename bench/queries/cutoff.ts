/** A change that one asynchronous query makes invisible to the thousand that read it: it runs, and they do not. */
import { getAll, sumOf, sumOfThousand, thousand } from './parts.js'
import { only, type QueryWork, type Read, type Store, type Tally } from './store.js'

async function build<Q, Input, Query>(store: Store<Q, Input, Query>, tally: Tally): ReturnType<QueryWork['build']> {
  const head = store.input(0, 'all queries')
  const gate = store.query(
    async (q) => {
      tally.runs++
      return store.readInput(q, head, only) < 0 ? 1 : 0
    },
    (): Read<Input, Query> => ({ input: head, key: only }),
  )
  const below = store.query(
    async (q, i) => {
      tally.runs++
      return (await store.readQuery(q, gate, only)) + (i as number)
    },
    (): Read<Input, Query> => ({ query: gate, key: only }),
  )
  await getAll(store, below, thousand)
  let writes = 0
  return async () => {
    store.set(head, only, ++writes)
    return { sum: sumOf(await getAll(store, below, thousand)), expected: sumOfThousand }
  }
}

export const cutoff: QueryWork = { name: 'cutoff with 1000 downstream', operations: 1, runs: 1, runsWithoutCutoff: 1 + thousand.length, build }
