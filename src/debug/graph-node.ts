/** What graphs are made of. */
import type { DebugKind, DebugState } from '../index.js'

/** One record in a graph. */
export interface GraphNode {
  /** Names the node in this graph and what is rendered of it: `n0`, `n1`, … */
  readonly key: string
  /** `name(args)`, cut where it is long. */
  readonly id: string
  readonly definition: string
  readonly args: readonly unknown[]
  readonly kind: DebugKind
  readonly isInput: boolean
  readonly state: DebugState
  readonly changedAt: number
  /** A live query watches it. */
  readonly isWatched: boolean
  /** The same object for the same record, in all graphs of a database. */
  readonly handle: object
}

/** `from` read `to`. */
export interface GraphEdge {
  readonly from: GraphNode
  readonly to: GraphNode
}
