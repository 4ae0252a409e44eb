/** A write reaches one of a thousand watched computations. */
import type { Graph, Running, Shape, Tally } from './graph.js'

const width = 1000
const writes = 500

function build<Q, Node>(open: () => Graph<Q, Node>, tally: Tally): Running {
  const graph = open()
  let seen = 0
  const signals = Array.from({ length: width }, () => graph.signal(0))
  for (const signal of signals) {
    const next = graph.computed((q) => graph.get(q, signal) + 1, [signal])
    graph.watch(next, (value) => {
      tally.effects++
      seen += value as number
    })
  }
  let lap = 0
  return {
    run: () => {
      seen = 0
      lap = 1 - lap
      // Scattered over the signals; the values differ from lap to lap, their sum does not.
      for (let i = 0; i < writes; i++) graph.set(signals[(i * 37) % width] as Node, lap === 0 ? i + 1 : writes - i)
      return seen
    },
  }
}

export const live: Shape = { name: 'live update among 1000, sync', group: 'live', operations: writes, build, alike: true }
