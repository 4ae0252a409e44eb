/** Marble tests: time is virtual, and every scheduler of RxJS runs in it. */
import { expect } from 'vitest'
import { type RunHelpers, TestScheduler } from 'rxjs/testing'

export function marbles(run: (helpers: RunHelpers) => void): void {
  new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected)
  }).run(run)
}
