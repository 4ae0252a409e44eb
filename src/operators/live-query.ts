import { type OperatorFunction, Subscription } from 'rxjs'
import { type Args, defaultEquals, type Derived, type KeyOf, type QueryState, type View } from '../index.js'
import { aDefinition, aView, check } from '../core/check.js'
import { operator } from './lift.js'

/**
 * The states of a query for the newest of a stream of arguments: one primitive stands for itself, otherwise a list of arguments. After a
 * switch nothing of the query before is emitted; equal arguments are no switch. The new query is asked before the old one is left, so
 * that what both of them need goes on and is not begun again. A failure is a state and ends nothing.
 *
 * ```ts
 * db.node(selected).pipe(liveQuery(db, title), values()).subscribe(show)
 * ```
 *
 * @throws `InvalidDefinitionError` where the view or the query is none
 *
 * Errors with the error of the stream of arguments, and with `InvalidKeyError`. Completes when that stream has completed and the database is closed.
 */
export function liveQuery<A extends Args, R>(view: View, query: Derived<A, R>): OperatorFunction<KeyOf<A> | Readonly<A>, QueryState<Awaited<R>>> {
  check('What liveQuery watches', view, aView)
  check('The query of liveQuery', query, aDefinition('derived', 'source'))
  return operator((subscriber) => {
    let current: { readonly args: Args; readonly watching: Subscription } | null = null
    let isLast = false
    const switchTo = (args: Args): void => {
      const before = current
      const watching = new Subscription()
      const mine = { args, watching }
      current = mine
      subscriber.add(watching)
      const isCurrent = (): boolean => current === mine
      const complete = (): void => {
        if (!isCurrent()) return
        current = null
        if (isLast) subscriber.complete()
      }
      watching.add(view.watch(query, ...(args as A)).subscribe({ next: (state) => isCurrent() && subscriber.next(state), complete }))
      leave(before)
    }
    const leave = (left: typeof current): void => {
      if (left === null) return
      left.watching.unsubscribe()
      subscriber.remove(left.watching)
    }
    return {
      next(key) {
        const args: Args = Array.isArray(key) ? key : [key]
        if (current === null || !defaultEquals(current.args, args)) switchTo(args)
      },
      complete() {
        isLast = true
        if (current === null) subscriber.complete()
      },
    }
  })
}
