import { filter, type MonoTypeOperatorFunction, retry, take } from 'rxjs'
import { aView, check } from '../core/check.js'
import type { View } from '../index.js'

/**
 * Subscribes again to a stream that has failed, at the next revision of the view. Completes instead when the view does.
 *
 * A failure that every revision repeats is tried at every revision; for a query, `watch` waits for a revision that reaches it.
 *
 * @throws `InvalidDefinitionError` where the view is none
 *
 * ```ts
 * db.observe(page, 'a.md').pipe(retryOnRevision(db)).subscribe(show)
 * ```
 */
export function retryOnRevision<T>(view: View): MonoTypeOperatorFunction<T> {
  check('The view of retryOnRevision', view, aView)
  return retry({
    delay: () => {
      const failedAt = view.revision
      return view.revision$.pipe(filter((revision) => revision > failedAt), take(1))
    },
  })
}
