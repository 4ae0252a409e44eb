/** A chain each of whose members is summed. */
import type { Graph } from './graph.js'

export const writes = 50

const width = 10

export function build<Q, Node>(graph: Graph<Q, Node>): () => number {
  const head = graph.signal(0)
  let effects = 0
  let current = head
  const chain: Node[] = []
  for (let i = 0; i < width; i++) {
    const below = current
    chain.push(below)
    current = graph.computed((q) => graph.get(q, below) + 1)
  }
  const total = graph.computed((q) => {
    let sum = 0
    for (const member of chain) sum += graph.get(q, member)
    return sum
  })
  graph.watch(total, () => effects++)
  return () => {
    let sum = 0
    effects = 0
    for (let i = 1; i <= writes; i++) {
      graph.set(head, i)
      sum += graph.read(total)
    }
    return sum + effects
  }
}
