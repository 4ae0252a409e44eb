/** A definition without arguments for each node. */
import { createDatabase, type Database, derived, type Derived, input, type Query } from 'pebre'
import type { Graph, Peer } from '../../shapes/graph.js'

/** All that Pebre reads is a definition; in the benchmarks, one of no arguments. */
type Node = Derived<[], unknown>

class PebreGraph implements Graph<Query, Node> {
  private readonly db: Database = createDatabase()
  private names = 0

  signal(value: number): Node {
    const definition = input<[], unknown>(`signal ${this.names++}`)
    this.db.set(definition, value)
    return definition as unknown as Node
  }

  computed(body: (q: Query) => unknown): Node {
    return derived<[], unknown>(`computed ${this.names++}`, body)
  }

  watch(node: Node, callback: (value: unknown) => void): void {
    this.db.observe(node).subscribe(callback)
  }

  effect(body: (q: Query) => void): void {
    this.db.live(body).subscribe()
  }

  get(q: Query, node: Node): number {
    return q.get(node) as number
  }

  read(node: Node): number {
    return this.db.get(node) as number
  }

  set(node: Node, value: number): void {
    this.db.set(node as never, value)
  }

  batch(write: (set: (node: Node, value: number) => void) => void): void {
    this.db.batch((tx) => write((node, value) => tx.set(node as never, value)))
  }
}

export const pebre: Peer<Query, Node> = { open: () => new PebreGraph(), comparesStructure: true }
