import { useSyncExternalStore } from 'react'
import type { Args, Derived, QueryState } from '../index.js'
import { useStore } from './query-store.js'

/**
 * The state of a query, kept up to date while the component is mounted: `pending`, `ready`, `stale` (the value before, while the next
 * is on its way) or `failed`. The object, and the value in it, keep their reference until they say something else.
 *
 * A synchronous query is never `pending` or `stale`. All components that render in one commit see states of one revision. A query that
 * runs is cancelled when the last component that shows it has gone. On a server, and while hydrating, it gives the state of the
 * database there.
 *
 * ```tsx
 * const state = useQuery(words, path)
 * return <p>{state.status === 'ready' ? state.value : '…'}</p>
 * ```
 * @throws `MissingProviderError`, `InvalidDefinitionError`, `InvalidKeyError`, `ClosedError`, `DisposedError`, while rendering
 */
export function useQuery<A extends Args, R>(query: Derived<A, R>, ...args: NoInfer<A>): QueryState<Awaited<R>> {
  const store = useStore(query, args)
  return useSyncExternalStore(store.subscribe, store.state, store.state) as QueryState<Awaited<R>>
}
