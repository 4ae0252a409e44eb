/** One signal, many independent pairs of computations, each watched. */
import type { Graph } from './graph.js'

export const writes = 20

const width = 50

export function build<Q, Node>(graph: Graph<Q, Node>): () => number {
  const head = graph.signal(0)
  let effects = 0
  let last = head
  for (let i = 0; i < width; i++) {
    const first = graph.computed((q) => graph.get(q, head) + i)
    const second = graph.computed((q) => graph.get(q, first) + 1)
    graph.watch(second, () => effects++)
    last = second
  }
  return () => {
    let sum = 0
    effects = 0
    for (let i = 1; i <= writes; i++) {
      graph.set(head, i)
      sum += graph.read(last)
    }
    return sum + effects
  }
}
