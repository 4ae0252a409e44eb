/** Layers of four computations that read two of the layer below, all watched; the four signals at the bottom are written in one batch. */
import type { Graph, Running, Shape, Tally } from './graph.js'

type Four<Node> = readonly [Node, Node, Node, Node]

const forwards: Four<number> = [1, 2, 3, 4]
const backwards: Four<number> = [4, 3, 2, 1]

function layerAbove<Q, Node>(graph: Graph<Q, Node>, [first, second, third, fourth]: Four<Node>): Four<Node> {
  return [
    graph.computed((q) => graph.get(q, second), [second]),
    graph.computed((q) => graph.get(q, first) - graph.get(q, third), [first, third]),
    graph.computed((q) => graph.get(q, second) + graph.get(q, fourth), [second, fourth]),
    graph.computed((q) => graph.get(q, third), [third]),
  ]
}

function cellx(layers: number): Shape {
  const build = <Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running => {
    const graph = open()
    const start = forwards.map((value) => graph.signal(value)) as unknown as Four<Node>
    let end = start
    for (let i = 0; i < layers; i++) {
      end = layerAbove(graph, end)
      for (const node of end) graph.watch(node, () => tally.effects++)
    }
    const write = (values: Four<number>): number => {
      graph.batch((set) => start.forEach((node, i) => set(node, values[i] as number)))
      return end.reduce((sum, node, i) => sum + (i + 1) * graph.read(node), 0)
    }
    return { run: () => 10 * write(backwards) + write(forwards) }
  }
  return { name: `cellx ${layers}`, group: 'cellx', operations: 2, build, long: true, manyPaths: true, alike: true }
}

export const cellxShapes: readonly Shape[] = [cellx(1000), cellx(2500)]
