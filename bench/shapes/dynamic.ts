/**
 * Layers of computations over a row of signals: each computation reads a few neighbours of the layer below, and some of them
 * leave one out, depending on what they have read. One signal is written at a time, and part of the last layer is read.
 */
import { sumOf } from './ending.js'
import type { Graph, Running, Shape, Tally } from './graph.js'

interface Size {
  readonly width: number
  /** The row of signals counted in. */
  readonly layers: number
  /** How many of the layer below each computation reads. */
  readonly sources: number
  /** The part of the computations that always read the same. */
  readonly stable: number
  /** The part of the last layer that is watched and read. */
  readonly demanded: number
  readonly long?: boolean
}

const sizes: readonly Size[] = [
  { width: 10, layers: 5, sources: 2, stable: 1, demanded: 0.2 },
  { width: 10, layers: 10, sources: 6, stable: 0.75, demanded: 0.2 },
  { width: 1000, layers: 12, sources: 4, stable: 0.95, demanded: 1, long: true },
  { width: 1000, layers: 5, sources: 25, stable: 1, demanded: 1, long: true },
  { width: 5, layers: 500, sources: 3, stable: 1, demanded: 1 },
  { width: 100, layers: 15, sources: 6, stable: 0.5, demanded: 1, long: true },
]

const percent = (part: number): string => `${Math.round(part * 100)}%`

function dynamic({ width, layers, sources, stable, demanded, long = false }: Size): Shape {
  // Two laps over the signals, so that no write is of the value that stands there.
  const written = Math.min(width, 50)
  const writes = 2 * written
  const build = <Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running => {
    const graph = open()
    const random = generator(7)
    const signals = Array.from({ length: width }, (_, i) => graph.signal(i))
    let row = signals
    for (let layer = 1; layer < layers; layer++) row = row.map((_, at) => makeNode(graph, neighbours(row, at, sources), random() < stable))
    const leaves = pick(row, Math.round(width * demanded), random)
    for (const leaf of leaves) graph.watch(leaf, () => tally.effects++)
    const readAll = (): number => leaves.reduce((sum, leaf) => sum + graph.read(leaf), 0)
    return {
      run: () => {
        for (let i = 0; i < writes; i++) {
          const at = i % written
          graph.set(signals[at] as Node, i + at)
          readAll()
        }
        return readAll()
      },
    }
  }
  const lazy = demanded < 1 ? `, lazy ${percent(1 - demanded)}` : ''
  const changing = stable < 1 ? `, dynamic ${percent(1 - stable)}` : ''
  return { name: `${width}x${layers}, ${sources} sources${changing}${lazy}`, group: 'dynamic', operations: writes, build, long, manyPaths: true, alike: true }
}

function neighbours<Node>(row: readonly Node[], at: number, count: number): Node[] {
  return Array.from({ length: count }, (_, i) => row[(at + i) % row.length] as Node)
}

function makeNode<Q, Node>(graph: Graph<Q, Node>, read: readonly Node[], isStable: boolean): Node {
  return graph.computed(isStable ? sumOf(graph, read) : sumOfMost(graph, read), read)
}

/** Where the first is odd, one of the others is left out. */
function sumOfMost<Q, Node>(graph: Graph<Q, Node>, [first, ...rest]: readonly Node[]): (q: Q) => number {
  return (q) => {
    let sum = graph.get(q, first as Node)
    const leftOut = (sum & 1) === 1 ? sum % rest.length : -1
    for (let i = 0; i < rest.length; i++) if (i !== leftOut) sum += graph.get(q, rest[i] as Node)
    return sum
  }
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

export const dynamicShapes: readonly Shape[] = sizes.map(dynamic)
