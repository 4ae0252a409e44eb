import { use, useSyncExternalStore } from 'react'
import type { Args, Derived } from '../index.js'
import { useStore } from './query-store.js'

/**
 * The value of a query. Until there is one the component suspends; a failure is thrown, as the same object, to the nearest error
 * boundary. A value that is there renders at once, and stays on screen while a newer one is on its way.
 *
 * A component that suspends while the database is written to all the time gets the value it waited for, and then the newer ones.
 *
 * ```tsx
 * <Suspense fallback="…"><p>{useSuspenseQuery(words, path)}</p></Suspense>
 * ```
 * @throws what the query threw; `MissingProviderError`, `InvalidKeyError`, `ClosedError`, `DisposedError`
 */
export function useSuspenseQuery<A extends Args, R>(query: Derived<A, R>, ...args: NoInfer<A>): Awaited<R> {
  const store = useStore(query, args)
  let state = useSyncExternalStore(store.subscribe, store.state, store.state)
  if (state.status === 'pending') {
    const found = store.suspend()
    if (found instanceof Promise) return use(found) as Awaited<R>
    state = found
  }
  if (state.status === 'failed') throw state.error
  return (state as { readonly value: unknown }).value as Awaited<R>
}
