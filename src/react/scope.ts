/**
 * What the components under one provider share: a view, and one subscription for each query on screen.
 *
 * A component renders before React tells it whether it stays. So nothing that has to be given back may be made while rendering:
 *
 *   render ─> QueryStore.state: looks at the query as a caller does, and leaves again          (nothing to give back)
 *   commit ─> QueryStore.subscribe ─> Scope.join: the first component subscribes for all       (one live query)
 *   gone   ─> Scope.leave: the last one unsubscribes
 *
 * A run that was started while rendering would end when the look ends, and begin again at the commit. `keepRunning` stays in the
 * queue for it: as a caller that waits, which is no live query and is over with the run.
 */
import type { Subscription } from 'rxjs'
import type { QueryState, Revision, View } from '../index.js'
import { adopt, type AnyQuery, type Asked, isSettled, keepRunning, look, sameState } from './state.js'
import { Suspensions } from './suspensions.js'

/** One query, for all the components that show it. */
export class SharedQuery {
  readonly query: AnyQuery
  readonly listeners: Set<() => void> = new Set()
  state: QueryState<unknown>
  /** The revision at which the state was last known to be the newest. */
  checkedAt: Revision
  private readonly asked: Asked
  private readonly view: View
  private readonly subscription: Subscription

  constructor(view: View, asked: Asked, state: QueryState<unknown>) {
    this.view = view
    this.asked = asked
    this.query = asked.query
    this.state = state
    this.checkedAt = view.revision
    this.subscription = view.watch(asked.query, ...asked.args).subscribe((told) => {
      this.take(told)
      for (const listener of this.listeners) listener()
    })
  }

  /**
   * The state now. In the middle of a delivery some queries have been told of the commit and some have not; whoever renders there
   * must see one revision, so a value that a commit may have outdated is asked for again.
   */
  latest(): QueryState<unknown> {
    if (this.state.status === 'ready' && this.view.revision !== this.checkedAt) {
      const found = look(this.view, this.asked)
      if (isSettled(found)) this.take(found)
      else this.checkedAt = this.view.revision
    }
    return this.state
  }

  private take(told: QueryState<unknown>): void {
    const next = adopt(this.state, told)
    if (!sameState(this.state, next)) this.state = next
    this.checkedAt = this.view.revision
  }

  /** Ends the subscription. A run goes on to the end of the turn: a component that moves, or that StrictMode mounts twice, joins it again. */
  end(): void {
    const release = isSettled(this.state) ? undefined : keepRunning(this.view, this.asked)
    this.subscription.unsubscribe()
    if (release !== undefined) queueMicrotask(release)
  }
}

/** The value of the context. */
export class Scope {
  readonly view: View
  readonly suspensions: Suspensions = new Suspensions()
  private readonly shared = new Map<string, SharedQuery>()

  constructor(view: View) {
    this.view = view
  }

  find(query: AnyQuery, key: string): SharedQuery | undefined {
    const found = this.shared.get(key)
    return found?.query === query ? found : undefined
  }

  /** Adds a component; `state` is what it shows already. */
  join(asked: Asked, key: string, state: QueryState<unknown>, listener: () => void): SharedQuery {
    let shared = this.find(asked.query, key)
    if (shared === undefined) {
      shared = new SharedQuery(this.view, asked, state)
      this.shared.set(key, shared)
    }
    shared.listeners.add(listener)
    return shared
  }

  leave(shared: SharedQuery, key: string, listener: () => void): void {
    shared.listeners.delete(listener)
    if (shared.listeners.size > 0) return
    if (this.shared.get(key) === shared) this.shared.delete(key)
    shared.end()
  }
}
