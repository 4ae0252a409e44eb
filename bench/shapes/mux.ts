/** Many signals gathered in one object and taken apart again: a change reaches one of the parts. */
import type { Graph, Running, Shape, Tally } from './graph.js'

const width = 100
const written = 10

function build<Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running {
  const graph = open()
  const heads = Array.from({ length: width }, () => graph.signal(0))
  const gathered = graph.computed((q) => Object.fromEntries(heads.map((head, i) => [i, graph.get(q, head)])), heads)
  const parts = heads
    .map((_, i) => graph.computed((q) => (graph.get(q, gathered) as unknown as Record<number, number>)[i], [gathered]))
    .map((part) => graph.computed((q) => graph.get(q, part) + 1, [part]))
  for (const part of parts) graph.watch(part, () => tally.effects++)
  const write = (i: number, value: number): number => {
    graph.set(heads[i] as Node, value)
    return graph.read(parts[i] as Node)
  }
  return {
    run: () => {
      let sum = 0
      for (let i = 0; i < written; i++) sum += write(i, i + 1)
      for (let i = 0; i < written; i++) sum += write(i, 2 * i + 2)
      return sum
    },
  }
}

export const mux: Shape = { name: 'mux', group: 'propagation', operations: 2 * written, build }
