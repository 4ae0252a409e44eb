/**
 * What suspended components wait for. A component that suspends before its first commit loses everything it holds, so the outcome
 * it waited for is kept here until it is back. Otherwise a database that is written to all the time would have moved on whenever
 * React tries again, and the component would wait for ever.
 *
 * React never tells whether it comes back: what has settled is held weakly.
 */
import type { QueryState } from '../index.js'

export interface Suspension {
  readonly promise: Promise<unknown>
  outcome: QueryState<unknown> | null
}

export class Suspensions {
  private readonly byKey = new Map<string, WeakRef<Suspension>>()
  private readonly collected = new FinalizationRegistry<string>((key) => {
    if (this.find(key) === undefined) this.byKey.delete(key)
  })

  find(key: string): Suspension | undefined {
    return this.byKey.get(key)?.deref()
  }

  /** The suspension of a key; where there is none, one that waits for the promise. */
  waitFor(key: string, promise: Promise<unknown>): Suspension {
    const found = this.find(key)
    if (found !== undefined) return found
    const suspension: Suspension = { promise, outcome: null }
    promise.then(
      (value) => {
        suspension.outcome = { status: 'stale', value }
      },
      (error: unknown) => {
        suspension.outcome = { status: 'failed', error }
      },
    )
    this.byKey.set(key, new WeakRef(suspension))
    this.collected.register(suspension, key)
    return suspension
  }

  /** The component is back. */
  forget(key: string): void {
    this.byKey.delete(key)
  }
}
