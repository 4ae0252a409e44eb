import { useCallback } from 'react'
import type { Batch, Revision } from '../index.js'
import { useScope } from './provider.js'

/**
 * A function that makes several writes one revision, and so one rendering. Keeps its reference.
 *
 * ```tsx
 * const batch = useBatch()
 * return <button onClick={() => batch((tx) => { tx.set(from, a); tx.set(to, b) })}>Move</button>
 * ```
 * @throws `MissingProviderError`; the function throws what `View.batch` throws
 */
export function useBatch(): (callback: (tx: Batch) => void) => Revision {
  const { view } = useScope()
  return useCallback((callback) => view.batch(callback), [view])
}
