/** Writes of one signal that is read by effects: `1000 to 1` is one effect that reads a thousand signals, the first of which is written. */
import { sumOf } from './ending.js'
import type { Graph, Running, Shape, Tally } from './graph.js'

interface Sizes {
  readonly sources: number
  readonly effects: number
  readonly writes: number
  readonly long?: boolean
}

const sizes: readonly Sizes[] = [
  { sources: 1, effects: 1, writes: 1000 },
  { sources: 2, effects: 1, writes: 1000, long: true },
  { sources: 4, effects: 1, writes: 1000, long: true },
  { sources: 1000, effects: 1, writes: 20 },
  { sources: 1, effects: 2, writes: 1000, long: true },
  { sources: 1, effects: 4, writes: 1000, long: true },
  { sources: 1, effects: 1000, writes: 20 },
]

function update({ sources, effects, writes, long = false }: Sizes): Shape {
  const build = <Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running => {
    const graph = open()
    const signals = Array.from({ length: sources }, (_, i) => graph.signal(i))
    const first = signals[0] as Node
    const sumAll = sumOf(graph, signals)
    let seen = 0
    for (let i = 0; i < effects; i++) {
      graph.effect((q) => {
        tally.effects++
        seen += sumAll(q)
      }, signals)
    }
    return {
      run: () => {
        seen = 0
        for (let i = 1; i <= writes; i++) graph.set(first, i)
        return seen
      },
    }
  }
  return { name: `update ${sources} to ${effects}`, group: 'update', operations: writes, build, long }
}

export const updateShapes: readonly Shape[] = sizes.map(update)
