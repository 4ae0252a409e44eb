/** A computation that reads others in turns, and so changes its dependencies. */
import { ending } from './ending.js'
import type { Shape } from './graph.js'

const reads = 20

export const unstable: Shape = ending({
  name: 'unstable', writes: 100,
  between: (graph, head) => {
    const double = graph.computed((q) => graph.get(q, head) * 2, [head])
    const inverse = graph.computed((q) => -graph.get(q, head), [head])
    return graph.computed(
      (q) => {
        let sum = 0
        for (let i = 0; i < reads; i++) sum += graph.get(q, head) % 2 === 1 ? graph.get(q, double) : graph.get(q, inverse)
        return sum
      },
      [head, double, inverse],
    )
  },
})
