/** What many shapes have in common: one signal is written, and one computation above it is watched and read. */
import type { Graph, Running, Shape, Tally } from './graph.js'

interface Ending {
  readonly name: string
  readonly writes: number
  /** Builds what is between the two. */
  readonly between: <Q, Node>(graph: Graph<Q, Node>, head: Node) => Node
}

export function ending({ name, writes, between }: Ending): Shape {
  const build = <Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running => {
    const graph = open()
    const head = graph.signal(0)
    const end = between(graph, head)
    graph.watch(end, () => tally.effects++)
    return {
      run: () => {
        let sum = 0
        for (let i = 1; i <= writes; i++) {
          graph.set(head, i)
          sum += graph.read(end)
        }
        return sum
      },
    }
  }
  return { name, group: 'propagation', operations: writes, build }
}

/** The sum of several nodes, as a body. */
export function sumOf<Q, Node>(graph: Graph<Q, Node>, nodes: readonly Node[]): (q: Q) => number {
  return (q) => {
    let sum = 0
    for (const node of nodes) sum += graph.get(q, node)
    return sum
  }
}
