/** Two definitions for all nodes, which differ in their argument. */
import { createDatabase, type Database, derived, type Derived, input, type Input, type Query } from 'pebre'
import type { Graph, Peer } from '../../shapes/graph.js'

interface Node {
  readonly definition: Derived<[i: number], unknown>
  readonly i: number
}

class KeyedGraph implements Graph<Query, Node> {
  private readonly db: Database = createDatabase()
  private readonly bodies: ((q: Query) => unknown)[] = []
  private readonly inputs: Input<[i: number], number> = input('signal')
  private readonly queries: Derived<[i: number], unknown> = derived('computed', (q, i: number) => (this.bodies[i] as (q: Query) => unknown)(q))
  private signals = 0

  signal(value: number): Node {
    const i = this.signals++
    this.db.set(this.inputs, i, value)
    return { definition: this.inputs as unknown as Derived<[i: number], unknown>, i }
  }

  computed(body: (q: Query) => unknown): Node {
    return { definition: this.queries, i: this.bodies.push(body) - 1 }
  }

  watch({ definition, i }: Node, callback: (value: unknown) => void): void {
    this.db.observe(definition, i).subscribe(callback)
  }

  effect(body: (q: Query) => void): void {
    this.db.live(body).subscribe()
  }

  get(q: Query, { definition, i }: Node): number {
    return q.get(definition, i) as number
  }

  read({ definition, i }: Node): number {
    return this.db.get(definition, i) as number
  }

  set({ i }: Node, value: number): void {
    this.db.set(this.inputs, i, value)
  }

  batch(write: (set: (node: Node, value: number) => void) => void): void {
    this.db.batch((tx) => write(({ i }, value) => tx.set(this.inputs, i, value)))
  }
}

export const pebreKeyed: Peer<Query, Node> = { open: () => new KeyedGraph(), comparesStructure: true }
