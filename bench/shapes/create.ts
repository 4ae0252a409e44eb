/** Creation of a hundred thousand signals, or of effects over signals that are there: `1 to 1000` is one signal for a thousand effects. */
import type { Graph, Running, Shape, Tally } from './graph.js'

const count = 100_000

interface Sizes {
  readonly name: string
  readonly signals: number
  readonly effects: number
  /** How many neighbouring signals each effect reads. */
  readonly sources: number
}

const sizes: readonly Sizes[] = [
  { name: '0 to 1', signals: 0, effects: count, sources: 0 },
  { name: '1 to 1', signals: count, effects: count, sources: 1 },
  { name: '2 to 1', signals: count, effects: count / 2, sources: 2 },
  { name: '4 to 1', signals: count, effects: count / 4, sources: 4 },
  { name: '1000 to 1', signals: count, effects: count / 1000, sources: 1000 },
  { name: '1 to 2', signals: count / 2, effects: count, sources: 1 },
  { name: '1 to 4', signals: count / 4, effects: count, sources: 1 },
  { name: '1 to 8', signals: count / 8, effects: count, sources: 1 },
  { name: '1 to 1000', signals: count / 1000, effects: count, sources: 1 },
]

/** Signals that have been read, as they would be in a program that runs. */
function makeSignals<Q, Node>(graph: Graph<Q, Node>, amount: number): Node[] {
  const signals = Array.from({ length: amount }, (_, i) => graph.signal(i))
  for (const signal of signals) graph.read(signal)
  return signals
}

const group = 'creation'

function createEffects({ name, signals: amount, effects, sources }: Sizes): Shape {
  const build = <Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running => {
    let graph = open()
    let reads: Node[][] = []
    return {
      before: () => {
        graph = open()
        const signals = makeSignals(graph, amount)
        reads = Array.from({ length: effects }, (_, i) => {
          const first = Math.floor((i * amount) / effects)
          return signals.slice(first, first + sources)
        })
      },
      run: () => {
        let sum = 0
        for (const read of reads) {
          graph.effect((q) => {
            tally.effects++
            for (const signal of read) sum += graph.get(q, signal)
          }, read)
        }
        return sum
      },
    }
  }
  return { name: `create ${name}`, group, operations: effects, build, long: true, alike: true }
}

const createSignals: Shape = {
  name: 'create signals', group, operations: count, alike: true,
  build: (open) => {
    let graph = open()
    return {
      before: () => {
        graph = open()
      },
      run: () => {
        // Kept, so that none can be optimised away.
        const signals = Array.from({ length: count }, (_, i) => graph.signal(i))
        return signals.length
      },
    }
  },
}

/** Computations that nobody watches, each read once. */
const createComputeds: Shape = {
  name: 'create computeds, read once', group, operations: count, alike: true,
  build: <Q, Node>(open: () => Graph<Q, Node>): Running => {
    let graph = open()
    let signals: Node[] = []
    return {
      before: () => {
        graph = open()
        signals = makeSignals(graph, count)
      },
      run: () => {
        const computeds = signals.map((signal) => graph.computed((q) => graph.get(q, signal), [signal]))
        return computeds.reduce((sum, node) => sum + graph.read(node), 0)
      },
    }
  },
}

export const creationShapes: readonly Shape[] = [createSignals, createComputeds, ...sizes.map(createEffects)]
