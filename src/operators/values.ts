import { filter, map, type OperatorFunction } from 'rxjs'
import type { QueryState } from '../index.js'

/**
 * The values of a watched query: what is `ready`, without the states in between.
 *
 * ```ts
 * db.watch(title, 'a.md').pipe(values()).subscribe(show)
 * ```
 */
export function values<V>(): OperatorFunction<QueryState<V>, V> {
  return (states) =>
    states.pipe(
      filter((state) => state.status === 'ready'),
      map(({ value }) => value),
    )
}
