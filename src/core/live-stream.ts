/** Live queries as streams: states, or values; of a query, or of a function written where it is used. */
import type { Subscriber } from 'rxjs'
import type { Branch } from './branch.js'
import type { Equals, Query } from './define.js'
import { Outlet } from './delivery.js'
import type { Engine } from './engine.js'
import { follow, forget, type LiveSubscriber, type MakeLive } from './live.js'
import type { Cell } from './node.js'
import { anonymousCell } from './outside.js'
import { ABSENT, type Stamp } from './revision.js'
import type { Stream } from './stream.js'

type Observer = Subscriber<unknown>

/** Hands on values, and the first failure as an error. */
function valuesTo(observer: Observer): LiveSubscriber['next'] {
  let last: Stamp = ABSENT
  return (state, stamp) => {
    if (state.status === 'failed') observer.error(state.error)
    else if (state.status === 'ready' && stamp !== last) {
      last = stamp
      observer.next(state.value)
    }
  }
}

export function watchCell(engine: Engine, branch: Branch, origin: Cell): Stream<unknown> {
  return new Outlet<unknown>(branch.hub, (observer) => follow(engine, branch, origin, (state) => observer.next(state)))
}

export function observeCell(engine: Engine, branch: Branch, origin: Cell): Stream<unknown> {
  return new Outlet<unknown>(branch.hub, (observer) => follow(engine, branch, origin, valuesTo(observer)))
}

/** A query of no name, of which every subscriber has its own: its states, or its values. */
export function streamOf(engine: Engine, branch: Branch, body: (q: Query) => unknown, options: AnonymousOptions, shows: 'states' | 'values'): Stream<unknown> {
  return new Outlet<unknown>(branch.hub, (observer) => {
    const cell = anonymousCell(branch, 'live', body, options.equals)
    const leaveCell = follow(engine, branch, cell, shows === 'states' ? (state) => observer.next(state) : valuesTo(observer), options.make)
    return () => {
      leaveCell()
      forget(branch, cell)
    }
  })
}

export interface AnonymousOptions {
  readonly make?: MakeLive | undefined
  readonly equals?: Equals<unknown> | undefined
}
