/** A few branches that join. */
import type { Graph } from './graph.js'

export const writes = 100

const width = 5

export function build<Q, Node>(graph: Graph<Q, Node>): () => number {
  const head = graph.signal(0)
  let effects = 0
  const branches: Node[] = []
  for (let i = 0; i < width; i++) branches.push(graph.computed((q) => graph.get(q, head) + 1))
  const join = graph.computed((q) => {
    let sum = 0
    for (const branch of branches) sum += graph.get(q, branch)
    return sum
  })
  graph.watch(join, () => effects++)
  return () => {
    let sum = 0
    effects = 0
    for (let i = 1; i <= writes; i++) {
      graph.set(head, i)
      sum += graph.read(join)
    }
    return sum + effects
  }
}
