/** A chain each of whose members is summed. */
import { ending, sumOf } from './ending.js'
import type { Shape } from './graph.js'

const width = 10

export const triangle: Shape = ending({
  name: 'triangle', writes: 100,
  between: (graph, head) => {
    const chain = [head]
    for (let i = 1; i < width; i++) {
      const below = chain[i - 1] as typeof head
      chain.push(graph.computed((q) => graph.get(q, below) + 1, [below]))
    }
    return graph.computed(sumOf(graph, chain), chain)
  },
})
