/** One signal, many independent pairs of computations, each watched. */
import type { Graph, Running, Shape, Tally } from './graph.js'

const writes = 50
const width = 50

function build<Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running {
  const graph = open()
  const head = graph.signal(0)
  let last = head
  for (let i = 0; i < width; i++) {
    const first = graph.computed((q) => graph.get(q, head) + i, [head])
    const second = graph.computed((q) => graph.get(q, first) + 1, [first])
    graph.watch(second, () => tally.effects++)
    last = second
  }
  return {
    run: () => {
      let sum = 0
      for (let i = 1; i <= writes; i++) {
        graph.set(head, i)
        sum += graph.read(last)
      }
      return sum
    },
  }
}

export const broad: Shape = { name: 'broad', group: 'propagation', operations: writes, build }
