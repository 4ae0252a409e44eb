import { filter, map, type OperatorFunction } from 'rxjs'
import type { QueryState } from '../index.js'

/** The errors of a watched query, as the objects that were thrown. */
export function failures<V>(): OperatorFunction<QueryState<V>, unknown> {
  return (states) =>
    states.pipe(
      filter((state) => state.status === 'failed'),
      map(({ error }) => error),
    )
}
