/** The last value of an Observable, for a component. */
import { useCallback, useRef, useState, useSyncExternalStore } from 'react'
import type { Observable } from 'rxjs'

/** What a source has emitted last, and `first` before that. Subscribed while the component is shown; asked for once, since a database gives a new Observable whenever it is asked. */
export function useLatest<T>(sourceOf: () => Observable<T>, first: T): T {
  const [source$] = useState(sourceOf)
  const latest = useRef(first)
  const subscribe = useCallback((listener: () => void) => {
    const subscription = source$.subscribe((value) => {
      latest.current = value
      listener()
    })
    return () => subscription.unsubscribe()
  }, [source$])
  return useSyncExternalStore(subscribe, () => latest.current)
}
