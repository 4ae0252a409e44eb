/** One signal read many times by one computation. */
import { ending } from './ending.js'
import type { Shape } from './graph.js'

const reads = 30

export const repeated: Shape = ending({
  name: 'repeated', writes: 100,
  between: (graph, head) =>
    graph.computed(
      (q) => {
        let sum = 0
        for (let i = 0; i < reads; i++) sum += graph.get(q, head)
        return sum
      },
      [head],
    ),
})
