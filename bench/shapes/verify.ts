/** Runs a shape with every run of a body counted: sums and numbers of runs must be those of the reference. */
import { expectEqual } from '../harness/workload.js'
import type { Build, Graph, Peer } from './graph.js'

/** What some runs of a shape gave, one after the other; all further ones are like the second. */
export interface Outcome {
  readonly sums: readonly number[]
  readonly effects: readonly number[]
  /** Bodies run, those of effects too. */
  readonly runs: readonly number[]
}

export function outcomeOf<Q, Node>(build: Build, peer: Peer<Q, Node>): Outcome {
  const tally = { effects: 0 }
  let runs = 0
  const count = (): void => {
    runs++
  }
  const outcome = { sums: [] as number[], effects: [] as number[], runs: [] as number[] }
  const { before, run } = build(() => counting(peer.open(), count), tally)
  // With something done before each run, all runs are alike.
  const times = before === undefined ? 3 : 1
  for (let i = 0; i < times; i++) {
    before?.()
    runs = 0
    tally.effects = 0
    outcome.sums.push(run())
    outcome.effects.push(tally.effects)
    outcome.runs.push(runs)
  }
  return outcome
}

function counting<Q, Node>(graph: Graph<Q, Node>, count: () => void): Graph<Q, Node> {
  const counted =
    <T>(body: (q: Q) => T) =>
    (q: Q): T => {
      count()
      return body(q)
    }
  return {
    signal: (value) => graph.signal(value),
    computed: (body, reads) => graph.computed(counted(body), reads),
    watch: (node, callback) => graph.watch(node, callback),
    effect: (body, reads) => graph.effect(counted(body), reads),
    get: (q, node) => graph.get(q, node),
    read: (node) => graph.read(node),
    set: (node, value) => graph.set(node, value),
    batch: (write) => graph.batch(write),
  }
}

type Leniency = Pick<Peer<never, never>, 'excess' | 'comparesStructure'>

/** @throws where they differ, beyond what is said of the peer */
export function expectOutcome(name: string, actual: Outcome, expected: Outcome, peer: Leniency): void {
  for (let i = 0; i < expected.sums.length; i++) {
    expectEqual(`${name}, run ${i}: sum`, actual.sums[i], expected.sums[i])
    if (peer.excess !== undefined) continue
    expectEqual(`${name}, run ${i}: effects run`, actual.effects[i], expected.effects[i])
    const spared = peer.comparesStructure === true ? Math.max(0, (expected.runs[i] ?? 0) - (actual.runs[i] ?? 0)) : 0
    expectEqual(`${name}, run ${i}: bodies run`, (actual.runs[i] ?? 0) + spared, expected.runs[i])
  }
}
