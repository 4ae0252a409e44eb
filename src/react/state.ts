/** States of queries, outside any component. */
import type { Args, Derived, QueryState, View } from '../index.js'

/** Any query, where its types do not matter. */
export type AnyQuery = Derived<Args, unknown>

/** A query and its arguments. */
export interface Asked {
  readonly query: AnyQuery
  readonly args: Args
}

export const PENDING: QueryState<never> = Object.freeze({ status: 'pending' })

/** Nothing is on its way. */
export function isSettled({ status }: QueryState<unknown>): boolean {
  return status === 'ready' || status === 'failed'
}

export function sameState(a: QueryState<unknown>, b: QueryState<unknown>): boolean {
  if (a === b) return true
  if (a.status !== b.status || 'value' in a !== 'value' in b) return false
  if ('value' in a && 'value' in b && !Object.is(a.value, b.value)) return false
  return a.status !== 'failed' || b.status !== 'failed' || Object.is(a.error, b.error)
}

/** What to show after `shown` when `told` comes: a value that was shown stays on screen while the next is on its way. */
export function adopt(shown: QueryState<unknown>, told: QueryState<unknown>): QueryState<unknown> {
  return told.status === 'pending' && 'value' in shown ? { status: 'stale', value: shown.value } : told
}

/**
 * The state a new subscriber is told, without staying. A run that this starts is cancelled again, unless somebody keeps it running.
 * @throws `WriteInQueryError` inside a query body; `ClosedError`, `DisposedError`, `InvalidKeyError`
 */
export function look(view: View, asked: Asked, whileRunning?: () => void): QueryState<unknown> {
  let state: QueryState<unknown> = PENDING
  let refusal: { readonly error: unknown } | undefined
  const subscription = view.watch(asked.query, ...asked.args).subscribe({
    next: (told) => {
      state = told
    },
    error: (error: unknown) => {
      refusal = { error }
    },
  })
  try {
    if (refusal !== undefined) throw refusal.error
    if (!isSettled(state)) whileRunning?.()
  } finally {
    subscription.unsubscribe()
  }
  return state
}

const ignore = (): void => {}

/** Waits for a query that is running, so that it runs on while nobody else does. The result ends that. */
export function keepRunning(view: View, { query, args }: Asked): () => void {
  const controller = new AbortController()
  try {
    const promise: unknown = view.with({ signal: controller.signal }).get(query, ...args)
    if (promise instanceof Promise) promise.catch(ignore)
  } catch {
    // It has ended meanwhile, or the view has: nothing runs.
  }
  return () => controller.abort()
}
