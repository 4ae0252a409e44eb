/**
 * What suspended components wait for. A component that suspends before its first commit loses everything it holds, so the outcome
 * it waited for is kept here until it is back. Otherwise a database that is written to all the time would have moved on whenever
 * React tries again, and the component would wait for ever.
 *
 * React never tells whether it comes back: what has settled is held weakly.
 */
import type { QueryState } from '../index.js'

export interface Suspension {
  /** Fulfilled, with nothing, when there is an outcome. */
  readonly settled: Promise<void>
  outcome: QueryState<unknown> | null
}

/** A promise that React takes for settled without waiting. */
export const SETTLED: Promise<void> = markSettled(Promise.resolve())

/** React looks for these fields before it waits. */
function markSettled(promise: Promise<void>): Promise<void> {
  return Object.assign(promise, { status: 'fulfilled', value: undefined })
}

export class Suspensions {
  private readonly byKey = new Map<string, WeakRef<Suspension>>()
  private readonly collected = new FinalizationRegistry<string>((key) => {
    if (this.find(key) === undefined) this.byKey.delete(key)
  })

  find(key: string): Suspension | undefined {
    return this.byKey.get(key)?.deref()
  }

  /** A new suspension that ends with the promise. */
  waitFor(key: string, promise: Promise<unknown>): Suspension {
    const settle = (outcome: QueryState<unknown>): void => {
      suspension.outcome = outcome
      void markSettled(suspension.settled)
    }
    const settled = promise.then(
      (value) => settle({ status: 'stale', value }),
      (error: unknown) => settle({ status: 'failed', error }),
    )
    const suspension: Suspension = { settled, outcome: null }
    this.byKey.set(key, new WeakRef(suspension))
    this.collected.register(suspension, key)
    return suspension
  }

  forget(key: string): void {
    this.byKey.delete(key)
  }

  /** Forgets a suspension once React is through: it repeats a rendering within the turn, and wants the same promise then. */
  forgetLater(key: string, suspension: Suspension): void {
    queueMicrotask(() => {
      if (this.find(key) === suspension) this.forget(key)
    })
  }
}
