/** One signal read many times by one computation. */
import type { Graph } from './graph.js'

export const writes = 50

const reads = 30

export function build<Q, Node>(graph: Graph<Q, Node>): () => number {
  const head = graph.signal(0)
  const current = graph.computed((q) => {
    let sum = 0
    for (let i = 0; i < reads; i++) sum += graph.get(q, head)
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
