/** A chain of computations, its end watched. */
import type { Graph } from './graph.js'

export const writes = 20

const length = 50

export function build<Q, Node>(graph: Graph<Q, Node>): () => number {
  const head = graph.signal(0)
  let effects = 0
  let current = head
  for (let i = 0; i < length; i++) {
    const below = current
    current = graph.computed((q) => graph.get(q, below) + 1)
  }
  graph.watch(current, () => effects++)
  return () => {
    let sum = 0
    effects = 0
    for (let i = 1; i <= writes; i++) {
      graph.set(head, i)
      sum += graph.read(current)
    }
    return sum + effects
  }
}
