import { Map as ImmutableMap } from 'immutable'
import type { OperatorFunction } from 'rxjs'
import { operator } from './lift.js'
import { mapDifference, type MapDifference } from './map-difference.js'

/**
 * What was added, removed and changed from each Immutable map to the next, in no particular order; the first map counts as added. Nothing
 * is emitted where nothing differs. Takes time proportional to the difference where the maps share structure, as the `entries` of one
 * input do. Values are compared by `Object.is`: equal values of a database keep their reference. Between two views `diff` of the core does the same.
 *
 * ```ts
 * db.live((q) => q.entries(file)).pipe(changes()).subscribe(({ added, removed, changed }) => …)
 * ```
 */
export function changes<K, V>(): OperatorFunction<ImmutableMap<K, V>, MapDifference<K, V>> {
  return operator((subscriber) => {
    let before = ImmutableMap<K, V>()
    return {
      next(map) {
        const difference = mapDifference(before, map)
        before = map
        if (difference.added.length + difference.removed.length + difference.changed.length > 0) subscriber.next(difference)
      },
    }
  })
}
