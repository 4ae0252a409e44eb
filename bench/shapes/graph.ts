/**
 * The one face of all synchronous libraries. Shapes are written against it once. `Q` is what tracks reads where a library
 * does so explicitly, `Node` is whatever stands for a signal or a computation.
 */
export interface Graph<Q, Node> {
  signal(value: number): Node
  /** `reads` is for libraries that do not track: all that the body may read. */
  computed(body: (q: Q) => unknown, reads: readonly Node[]): Node
  /** Calls back with the value at once, and whenever it changes. */
  watch(node: Node, callback: (value: unknown) => void): void
  /** Runs the body at once, and whenever something it read has changed. */
  effect(body: (q: Q) => void, reads: readonly Node[]): void
  /** A read in a body. */
  get(q: Q, node: Node): number
  /** A read from outside. */
  read(node: Node): number
  set(node: Node, value: number): void
  /** Several writes that are seen as one. */
  batch(write: (set: (node: Node, value: number) => void) => void): void
}

/** One library. */
export interface Peer<Q, Node> {
  /** A new graph that shares nothing with others. */
  open(): Graph<Q, Node>
  /** Why it runs bodies more often than needed, where it does. Its counts are not checked. */
  readonly excess?: string
  /** New objects that look like the old ones are no change: it may run fewer bodies than the reference. */
  readonly comparesStructure?: boolean
}

/** What a running shape counts of itself. */
export interface Tally {
  effects: number
}

/** A shape that is built. */
export interface Running {
  readonly before?: () => void
  /** One repetition; returns a sum of all it saw. */
  readonly run: () => number
}

/** Builds a shape. */
export type Build = <Q, Node>(open: () => Graph<Q, Node>, tally: Tally) => Running

export interface Shape {
  readonly name: string
  readonly group: string
  /** Operations made by one run: writes, or nodes created. */
  readonly operations: number
  readonly build: Build
  /** Left out of quick runs. */
  readonly long?: boolean
  /** Its nodes are many of a kind: in Pebre one writes a query with an argument, not a definition for each. */
  readonly alike?: boolean
  /** There are many ways from a signal to a computation, up to exponentially many. */
  readonly manyPaths?: boolean
}
