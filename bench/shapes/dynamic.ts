/**
 * Layers of computations over a row of signals, in the manner of the js-reactivity-benchmark: each computation reads a few
 * neighbours of the layer below, and some of them leave one out, depending on what they have read.
 */
import type { Graph } from './graph.js'

export const writes = 20

const width = 10
const layers = 10
const sources = 6
/** The part of the computations that always read the same, and the part of the last layer that is read at all. */
const stable = 0.75
const demanded = 0.2

export function build<Q, Node>(graph: Graph<Q, Node>): () => number {
  const random = generator(7)
  const signals = Array.from({ length: width }, (_, i) => graph.signal(i))
  let row = signals
  for (let layer = 1; layer < layers; layer++) row = makeLayer(graph, row, random)
  const leaves = pick(row, Math.round(width * demanded), random)
  return () => {
    let sum = 0
    for (let i = 0; i < writes; i++) {
      const at = i % width
      graph.set(signals[at] as Node, i + at)
      for (const leaf of leaves) graph.read(leaf)
    }
    for (const leaf of leaves) sum += graph.read(leaf)
    return sum
  }
}

function makeLayer<Q, Node>(graph: Graph<Q, Node>, below: readonly Node[], random: () => number): Node[] {
  return below.map((_, at) => {
    const read = Array.from({ length: sources }, (_unused, i) => below[(at + i) % below.length] as Node)
    return random() < stable ? stableNode(graph, read) : fickleNode(graph, read)
  })
}

function stableNode<Q, Node>(graph: Graph<Q, Node>, read: readonly Node[]): Node {
  return graph.computed((q) => {
    let sum = 0
    for (const node of read) sum += graph.get(q, node)
    return sum
  })
}

function fickleNode<Q, Node>(graph: Graph<Q, Node>, [first, ...rest]: readonly Node[]): Node {
  return graph.computed((q) => {
    let sum = graph.get(q, first as Node)
    const leftOut = (sum & 1) === 1 ? sum % rest.length : -1
    for (let i = 0; i < rest.length; i++) if (i !== leftOut) sum += graph.get(q, rest[i] as Node)
    return sum
  })
}

function pick<T>(all: readonly T[], count: number, random: () => number): T[] {
  const left = [...all]
  while (left.length > count) left.splice(Math.floor(random() * left.length), 1)
  return left
}

/** The same numbers from 0 to 1 in every run. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
