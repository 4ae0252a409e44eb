/** A small graph of few dear computations, with objects as values, written in batches of two. */
import type { Graph, Running, Shape, Tally } from './graph.js'

const indices = [0, 1, 2, 3, 4]

type Point = { readonly x: number }

function fibonacci(n: number): number {
  return n < 2 ? 1 : fibonacci(n - 1) + fibonacci(n - 2)
}

const dear = (n: number): number => n + fibonacci(16)

function build<Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running {
  const graph = open()
  const get = (q: Q, node: Node): number => graph.get(q, node)
  const xOf = (q: Q, node: Node, i: number): number => (graph.get(q, node) as unknown as Point[])[i]?.x ?? 0
  const a = graph.signal(0)
  const b = graph.signal(0)
  const c = graph.computed((q) => (get(q, a) % 2) + (get(q, b) % 2), [a, b])
  const d = graph.computed((q) => indices.map((i): Point => ({ x: i + (get(q, a) % 2) - (get(q, b) % 2) })), [a, b])
  const e = graph.computed((q) => dear(get(q, c) + get(q, a) + xOf(q, d, 0)), [c, a, d])
  const f = graph.computed((q) => dear(xOf(q, d, 2) || get(q, b)), [d, b])
  const g = graph.computed((q) => get(q, c) + (get(q, c) || get(q, e) % 2) + xOf(q, d, 4) + get(q, f), [c, e, d, f])
  const tell = (work: (n: number) => number) => (value: unknown) => {
    tally.effects++
    work(value as number)
  }
  graph.watch(g, tell(dear))
  graph.watch(g, tell(Math.abs))
  graph.watch(f, tell(dear))
  const write = (first: number, second: number): number => {
    graph.batch((set) => {
      set(b, second)
      set(a, first)
    })
    return graph.read(g) + graph.read(f)
  }
  return {
    run: () => {
      let sum = 0
      for (let i = 1; i <= 10; i++) sum += write(2 * i + 1, 1) + write(2 * i + 2, 2)
      return sum
    },
  }
}

export const mol: Shape = { name: 'molBench', group: 'propagation', operations: 20, build }
