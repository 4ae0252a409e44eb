import type { OperatorFunction, SchedulerLike } from 'rxjs'
import type { Revision } from '../index.js'
import { operator } from './lift.js'
import { windows } from './window.js'

/** Revisions that came one after the other, both ends included. */
export interface RevisionRange {
  readonly from: Revision
  readonly to: Revision
}

/**
 * Makes the revisions of a window one emission; the window of so many milliseconds opens with the first. What waits when the stream ends
 * is emitted before its end.
 *
 * @throws `InvalidDefinitionError` where the window is no time
 *
 * ```ts
 * db.revision$.pipe(skip(1), batchRevisions(100)).subscribe(({ from, to }) => console.log(`${to - from + 1} commits`))
 * ```
 */
export function batchRevisions(window: number, scheduler?: SchedulerLike): OperatorFunction<Revision, RevisionRange> {
  const newWindow = windows({ window, ...(scheduler === undefined ? {} : { scheduler }) })
  return operator((subscriber) => {
    let waiting: RevisionRange | null = null
    const span = newWindow(() => {
      const range = waiting
      waiting = null
      if (range !== null) subscriber.next(range)
    })
    subscriber.add(() => span.cancel())
    return {
      next(revision) {
        waiting = { from: waiting?.from ?? revision, to: revision }
        span.open()
      },
      error(error) {
        span.close()
        subscriber.error(error)
      },
      complete() {
        span.close()
        subscriber.complete()
      },
    }
  })
}
