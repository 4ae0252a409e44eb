/** Live queries as streams: states, or values; of a query, or of a function written where it is used. */
import type { Branch } from './branch.js'
import { check } from './check.js'
import { aBody, type Equals, type Query } from './define.js'
import { Outlet } from './delivery.js'
import type { Engine } from './engine.js'
import { follow, forget, type MakeLive } from './live.js'
import type { Recipient } from './live-state.js'
import type { Cell } from './node.js'
import { anonymousCell } from './outside.js'
import { recordAgain } from './records.js'
import type { Stream } from './stream.js'

/** The states of a query, or its values and the first failure as an error. `known`: the record that stands for it now. */
export function streamOfCell(engine: Engine, branch: Branch, known: Cell, wants: Recipient['wants']): Stream<unknown> {
  const { family } = branch
  let origin = known
  let { collections } = family
  return new Outlet<unknown>(branch.hub, (observer) => {
    if (family.collections !== collections) {
      origin = recordAgain(family.head, origin) as Cell
      collections = family.collections
    }
    return follow(engine, branch, origin, { observer, wants })
  })
}

/** The same for a query of no name, of which every subscriber has its own. @throws InvalidDefinitionError for a body that is none */
export function streamOf(engine: Engine, branch: Branch, body: (q: Query) => unknown, options: AnonymousOptions, wants: Recipient['wants']): Stream<unknown> {
  check('The body of a live query', body, aBody)
  return new Outlet<unknown>(branch.hub, (observer) => {
    const cell = anonymousCell(branch, 'live', body, options.equals)
    const leaveCell = follow(engine, branch, cell, { observer, wants }, options.make)
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
