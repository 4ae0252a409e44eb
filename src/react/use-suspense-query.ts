import { use, useSyncExternalStore } from 'react'
import type { Args, Derived } from '../index.js'
import { useStore } from './query-store.js'
import { SETTLED } from './suspensions.js'

/**
 * The value of a query. Until there is one the component suspends; a failure is thrown, as the same object, to the nearest error
 * boundary. A value that is there renders at once, and stays on screen while a newer one is on its way.
 *
 * A component that suspends while the database is written to all the time gets the value it waited for, and then the newer ones.
 *
 * ```tsx
 * <Suspense fallback="…"><p>{useSuspenseQuery(words, path)}</p></Suspense>
 * ```
 * @throws what the query threw; `MissingProviderError`, `InvalidDefinitionError`, `InvalidKeyError`, `ClosedError`, `DisposedError`
 */
export function useSuspenseQuery<A extends Args, R>(query: Derived<A, R>, ...args: NoInfer<A>): Awaited<R> {
  const store = useStore(query, args)
  const state = useSyncExternalStore(store.subscribe, store.state, store.state)
  const suspension = store.suspension(state)
  // React wants a component that suspended to go on calling `use`, with the same promise.
  use(suspension?.settled ?? SETTLED)
  const shown = state.status === 'pending' && suspension !== undefined ? store.resume(suspension) : state
  if (shown.status === 'failed') throw shown.error
  return (shown as { readonly value: unknown }).value as Awaited<R>
}
