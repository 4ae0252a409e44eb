/** A few branches that join. */
import { ending, sumOf } from './ending.js'
import type { Shape } from './graph.js'

const width = 5

export const diamond: Shape = ending({
  name: 'diamond', writes: 500,
  between: (graph, head) => {
    const branches = Array.from({ length: width }, () => graph.computed((q) => graph.get(q, head) + 1, [head]))
    return graph.computed(sumOf(graph, branches), branches)
  },
})
