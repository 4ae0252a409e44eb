/** One component's side of a query: what `useSyncExternalStore` reads and subscribes to. */
import { aDefinition, check } from '../core/check.js'
import { type Args, type Derived, keyText, type QueryState, type Revision } from '../index.js'
import { useMemo } from 'react'
import { useScope } from './provider.js'
import type { Scope, SharedQuery } from './scope.js'
import type { Suspension } from './suspensions.js'
import { adopt, type AnyQuery, type Asked, isSettled, keepRunning, look, PENDING, sameState } from './state.js'

export class QueryStore {
  private readonly scope: Scope
  private readonly asked: Asked
  private readonly key: string
  /** What the component shows; the same object as long as it says the same. */
  private shown: QueryState<unknown> = PENDING
  private lookedAt: Revision = -1
  private release: (() => void) | undefined

  constructor(scope: Scope, asked: Asked, key: string) {
    this.scope = scope
    this.asked = asked
    this.key = key
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const { scope, asked, key, release } = this
    const shared: SharedQuery = scope.join(asked, key, this.shown, listener)
    scope.suspensions.forget(key)
    if (release !== undefined) {
      this.release = undefined
      queueMicrotask(release)
    }
    return () => scope.leave(shared, key, listener)
  }

  readonly state = (): QueryState<unknown> => {
    const shared = this.scope.find(this.asked.query, this.key)
    const next = adopt(this.shown, shared === undefined ? this.look() : shared.latest())
    if (!sameState(this.shown, next)) this.shown = next
    return this.shown
  }

  /** The state as long as nobody has subscribed. */
  private look(): QueryState<unknown> {
    const { view } = this.scope
    if (isSettled(this.shown) && this.lookedAt === view.revision) return this.shown
    this.lookedAt = view.revision
    return look(view, this.asked, () => {
      const before = this.release
      this.release = keepRunning(view, this.asked)
      before?.()
    })
  }

  /** The suspension to wait for, or that was waited for by an attempt before; undefined where there was none. */
  suspension(state: QueryState<unknown>): Suspension | undefined {
    const { view, suspensions } = this.scope
    const found = suspensions.find(this.key)
    if (state.status === 'pending') return found ?? suspensions.waitFor(this.key, Promise.resolve(view.get(this.asked.query, ...this.asked.args)))
    if (found === undefined || found.outcome === null) return undefined
    suspensions.forgetLater(this.key, found)
    return found
  }

  /** Shows what a suspension has come to. */
  resume(suspension: Suspension): QueryState<unknown> {
    this.shown = suspension.outcome ?? PENDING
    // A failure is thrown now, and the next attempt is to be a new one.
    if (this.shown.status === 'failed') this.scope.suspensions.forgetLater(this.key, suspension)
    return this.shown
  }
}

const aQuery = aDefinition('derived', 'source')

/** The component's store for a query: another one for another query, other arguments or another provider. */
export function useStore<A extends Args, R>(query: Derived<A, R>, args: A): QueryStore {
  const scope = useScope()
  check('The query of a component', query, aQuery)
  const key = keyText(query, ...args)
  return useMemo(() => new QueryStore(scope, { query: query as unknown as AnyQuery, args }, key), [scope, query, key])
}
