/** Many signals gathered in one object and taken apart again: a change reaches one of the parts. */
import type { Graph } from './graph.js'

export const writes = 20

const width = 100

export function build<Q, Node>(graph: Graph<Q, Node>): () => number {
  const heads = Array.from({ length: width }, () => graph.signal(0))
  const gathered = graph.computed((q) => Object.fromEntries(heads.map((head, i) => [i, graph.get(q, head)])))
  const parts = heads
    .map((_, i) => graph.computed((q) => (graph.get(q, gathered) as unknown as Record<number, number>)[i]))
    .map((part) => graph.computed((q) => graph.get(q, part) + 1))
  let effects = 0
  for (const part of parts) graph.watch(part, () => effects++)
  const write = (i: number, value: number): number => {
    graph.set(heads[i] as Node, value)
    return graph.read(parts[i] as Node)
  }
  return () => {
    let sum = 0
    effects = 0
    for (let i = 0; i < writes / 2; i++) sum += write(i, i + 1)
    for (let i = 0; i < writes / 2; i++) sum += write(i, 2 * i + 2)
    return sum + effects
  }
}
