/**
 * The one face of all synchronous libraries. Shapes are written against it once. `Q` is what tracks reads where a library
 * does so explicitly, `Node` is whatever stands for a signal or a computation.
 *
 * Each peer gets an instance of the shape's module of its own (see `index.ts`), so that a call of `get` in a body is as
 * well optimised as if it had been written for that library alone.
 */
export interface Graph<Q, Node> {
  signal(value: number): Node
  computed(body: (q: Q) => unknown): Node
  /** Calls back with the value at once, and whenever it changes. */
  watch(node: Node, callback: (value: unknown) => void): void
  /** A read in a body. */
  get(q: Q, node: Node): number
  /** A read from outside. */
  read(node: Node): number
  set(node: Node, value: number): void
}

/** One library. */
export interface Peer<Q, Node> {
  readonly name: string
  /** A new graph that shares nothing with others. */
  open(): Graph<Q, Node>
}

/** Builds a shape; the result runs it once, and returns a sum of all it saw, its effects counted in. */
export type Build = <Q, Node>(graph: Graph<Q, Node>) => () => number

/** What the module of a shape exports. */
export interface Shape {
  /** Writes made by one run. */
  readonly writes: number
  readonly build: Build
}
