/** A computation that reads others in turns, and so changes its dependencies. */
import type { Graph } from './graph.js'

export const writes = 50

const reads = 20

export function build<Q, Node>(graph: Graph<Q, Node>): () => number {
  const head = graph.signal(0)
  const double = graph.computed((q) => graph.get(q, head) * 2)
  const inverse = graph.computed((q) => -graph.get(q, head))
  const current = graph.computed((q) => {
    let sum = 0
    for (let i = 0; i < reads; i++) sum += graph.get(q, head) % 2 === 1 ? graph.get(q, double) : graph.get(q, inverse)
    return sum
  })
  let effects = 0
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
