/** What several workloads have in common. */
import type { Key, Read, Store } from './store.js'

export const thousand: readonly number[] = Array.from({ length: 1000 }, (_, i) => i)

export const sumOf = (values: readonly number[]): number => {
  let sum = 0
  for (const value of values) sum += value
  return sum
}

export const sumOfThousand = sumOf(thousand)

/** All keys asked for at once. */
export function getAll<Q, Input, Query>(store: Store<Q, Input, Query>, query: Query, keys: readonly Key[]): Promise<number[]> {
  return Promise.all(keys.map((key) => store.get(query, key)))
}

export const pathOf = (i: number): string => `pages/chapter-${i}/index.md`

/** An input by path and a query by path that doubles it. */
export function sizes<Q, Input, Query>(store: Store<Q, Input, Query>, onRun: () => void): { readonly size: Input; readonly double: Query } {
  const size = store.input(0, 'queries of its key')
  const double = store.query(
    async (q, path) => {
      onRun()
      return 2 * store.readInput(q, size, path)
    },
    (path): Read<Input, Query> => ({ input: size, key: path }),
  )
  return { size, double }
}
