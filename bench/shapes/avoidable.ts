/** A change that ends at the second of five computations; the rest, dear to run, must not. */
import type { Graph } from './graph.js'

export const writes = 100

export function build<Q, Node>(graph: Graph<Q, Node>): () => number {
  const head = graph.signal(0)
  let dearRuns = 0
  let effects = 0
  const first = graph.computed((q) => graph.get(q, head))
  const second = graph.computed((q) => (graph.get(q, first), 0))
  const third = graph.computed((q) => {
    dearRuns++
    return burn() + graph.get(q, second) + 1
  })
  const fourth = graph.computed((q) => graph.get(q, third) + 2)
  const fifth = graph.computed((q) => graph.get(q, fourth) + 3)
  graph.watch(fifth, () => effects++)
  return () => {
    let sum = 0
    for (let i = 1; i <= writes; i++) {
      graph.set(head, i)
      sum += graph.read(fifth)
    }
    return sum + dearRuns + effects
  }
}

function burn(): number {
  let spent = 0
  for (let i = 0; i < 100; i++) spent++
  return spent - 100
}
