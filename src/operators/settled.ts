import type { MonoTypeOperatorFunction, SchedulerLike } from 'rxjs'
import type { QueryState } from '../index.js'
import { operator } from './lift.js'
import { windows } from './window.js'

/** The states of live queries: of one, of a list, or by name. Or the activity of a whole database. */
export type States = QueryState<unknown> | readonly QueryState<unknown>[] | { readonly [name: string]: QueryState<unknown> } | { readonly running: number; readonly waiting: number }

/**
 * Lets states of live queries through when none of them is pending or stale: what `combineLatest` gives of `watch`, once everything it
 * shows is there; or `db.activity$`, once nothing is being evaluated. It looks at the end of a turn (or when the scheduler says), so that
 * of the states that one commit leads to only the last is told.
 *
 * ```ts
 * const [title, words] = await firstValueFrom(combineLatest([db.watch(a), db.watch(b)]).pipe(settled()))
 * ```
 */
export function settled<S extends States>(scheduler?: SchedulerLike): MonoTypeOperatorFunction<S> {
  const newWindow = windows(scheduler === undefined ? {} : { scheduler })
  return operator<S, S>((subscriber) => {
    let last!: S
    let isTold = true
    const window = newWindow(() => {
      if (isTold || isPending(last)) return
      isTold = true
      subscriber.next(last)
    })
    subscriber.add(() => window.cancel())
    return {
      next(states) {
        last = states
        isTold = false
        window.open()
      },
      complete() {
        window.close()
        subscriber.complete()
      },
    }
  })
}

function isPending(states: States): boolean {
  if (isActivity(states)) return states.running + states.waiting > 0
  const list: readonly QueryState<unknown>[] = isState(states) ? [states] : Object.values(states)
  return list.some(({ status }) => status === 'pending' || status === 'stale')
}

function isState(states: States): states is QueryState<unknown> {
  return 'status' in states && typeof states.status === 'string'
}

function isActivity(states: States): states is { readonly running: number; readonly waiting: number } {
  return 'running' in states && typeof states.running === 'number'
}
