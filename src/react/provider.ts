/** The view that components read and write. */
import { createContext, createElement, type FunctionComponent, type PropsWithChildren, useContext, useMemo } from 'react'
import { aView, check } from '../core/check.js'
import { PebreError, type View } from '../index.js'
import { Scope } from './scope.js'

/** A hook was used outside a `DatabaseProvider`. */
export class MissingProviderError extends PebreError {
  constructor() {
    super('There is no database here. Render the component inside <DatabaseProvider database={db}>.')
  }
}

const ScopeContext = createContext<Scope | null>(null)

/**
 * Gives a database, or a snapshot, to the components below. A snapshot shows one state and lets components write to it without
 * touching the database. Components under one provider that show the same query share one subscription.
 *
 * ```tsx
 * createRoot(element).render(<DatabaseProvider database={db}><App /></DatabaseProvider>)
 * ```
 * @throws `InvalidDefinitionError` for anything but a database or a snapshot, while rendering
 */
export const DatabaseProvider: FunctionComponent<PropsWithChildren<{ readonly database: View }>> = ({ database, children }) => {
  check('The database of a DatabaseProvider', database, aView)
  const scope = useMemo(() => new Scope(database), [database])
  return createElement(ScopeContext.Provider, { value: scope }, children)
}

export function useScope(): Scope {
  const scope = useContext(ScopeContext)
  if (scope === null) throw new MissingProviderError()
  return scope
}

/**
 * The database, or snapshot, of the nearest provider. For event handlers; what a component shows comes from `useQuery` and `useInput`.
 * @throws `MissingProviderError`
 */
export function useDatabase(): View {
  return useScope().view
}
