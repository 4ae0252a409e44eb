/** A chain of computations. */
import { ending } from './ending.js'
import type { Shape } from './graph.js'

const length = 50

export const deep: Shape = ending({
  name: 'deep', writes: 50,
  between: (graph, head) => {
    let current = head
    for (let i = 0; i < length; i++) {
      const below = current
      current = graph.computed((q) => graph.get(q, below) + 1, [below])
    }
    return current
  },
})
