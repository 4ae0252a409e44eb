/** A change that ends at the second of five computations; the rest, dear to run, must not. */
import type { Graph, Running, Shape, Tally } from './graph.js'

const writes = 1000

function build<Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running {
  const graph = open()
  const head = graph.signal(0)
  const first = graph.computed((q) => graph.get(q, head), [head])
  const second = graph.computed((q) => (graph.get(q, first), 0), [first])
  const third = graph.computed((q) => burn() + graph.get(q, second) + 1, [second])
  const fourth = graph.computed((q) => graph.get(q, third) + 2, [third])
  const fifth = graph.computed((q) => graph.get(q, fourth) + 3, [fourth])
  graph.watch(fifth, () => {
    tally.effects++
    burn()
  })
  return {
    run: () => {
      let sum = 0
      for (let i = 1; i <= writes; i++) {
        graph.set(head, i)
        sum += graph.read(fifth)
      }
      return sum
    },
  }
}

function burn(): number {
  let spent = 0
  for (let i = 0; i < 100; i++) spent++
  return spent - 100
}

export const avoidable: Shape = { name: 'avoidable', group: 'propagation', operations: writes, build }
