/** Runs a shape with every run of a body counted: sums and numbers of runs must be those of the reference. */
import { expectEqual } from '../harness/workload.js'
import type { Build, Graph, Peer } from './graph.js'

/** What two runs of a shape gave, one after the other; all further ones are like the second. */
export interface Outcome {
  readonly sums: readonly number[]
  readonly runs: readonly number[]
}

export function outcomeOf<Q, Node>(build: Build, peer: Peer<Q, Node>): Outcome {
  let runs = 0
  const count = (): void => {
    runs++
  }
  const run = build(counting(peer.open(), count))
  const counts: number[] = []
  const sums = [1, 2, 3].map(() => {
    runs = 0
    const sum = run()
    counts.push(runs)
    return sum
  })
  return { sums, runs: counts }
}

function counting<Q, Node>(graph: Graph<Q, Node>, count: () => void): Graph<Q, Node> {
  return {
    signal: (value) => graph.signal(value),
    computed: (body) => graph.computed((q) => (count(), body(q))),
    watch: (node, callback) => graph.watch(node, callback),
    get: (q, node) => graph.get(q, node),
    read: (node) => graph.read(node),
    set: (node, value) => graph.set(node, value),
  }
}

export function expectOutcome(name: string, actual: Outcome, expected: Outcome): void {
  for (const i of [0, 1, 2]) {
    expectEqual(`${name}, run ${i}: sum`, actual.sums[i], expected.sums[i])
    expectEqual(`${name}, run ${i}: bodies run`, actual.runs[i], expected.runs[i])
  }
}
