/** The synchronous shapes as workloads. A new shape is a line in `shapes`, a new library a line in `peers`. */
import { alienSignals } from '../peers/alien-signals.js'
import { pebre } from '../peers/pebre.js'
import { pebreKeyed } from '../peers/pebre-keyed.js'
import { type Contender, expectEqual, type Run, type Timed } from '../harness/workload.js'
import type { Peer, Shape } from './graph.js'
import { reference } from './reference.js'
import { expectOutcome, outcomeOf } from './verify.js'

const shapes = ['broad', 'deep', 'diamond', 'triangle', 'mux', 'unstable', 'repeated', 'avoidable', 'dynamic']

type AnyPeer = Peer<never, never>

/** Ours first. */
const peers = [pebre, alienSignals] as unknown as readonly AnyPeer[]
const keyedPeers = [pebreKeyed, alienSignals] as unknown as readonly AnyPeer[]

/** An instance of the module for each purpose: what one engine's calls look like does not slow down another's. */
async function load(shape: string, purpose: string): Promise<Shape> {
  return (await import(`./${shape}.js?${purpose}`)) as Shape
}

async function workload(shape: string, group: string, suffix: string, contenders: readonly AnyPeer[]): Promise<Timed> {
  const { writes, build } = await load(shape, 'reference')
  return {
    kind: 'time',
    name: shape + suffix,
    group,
    operations: writes,
    contenders: contenders.map((peer): Contender => ({ peer: peer.name, prepare: () => prepare(shape, peer) })),
    verify: () => {
      const expected = outcomeOf(build, reference)
      for (const peer of contenders) expectOutcome(`${shape}, ${peer.name}`, outcomeOf(build, peer), expected)
    },
  }
}

async function prepare(shape: string, peer: AnyPeer): Promise<Run> {
  const expected = outcomeOf((await load(shape, 'reference')).build, reference).sums.at(-1)
  const { build } = await load(shape, peer.name)
  const run = build(peer.open())
  run()
  return () => expectEqual(`${shape}, ${peer.name}: sum`, run(), expected)
}

export function shapeWorkloads(): Promise<Timed[]> {
  return Promise.all([
    ...shapes.map((shape) => workload(shape, 'shapes', '', peers)),
    ...shapes.map((shape) => workload(shape, 'shapes, keyed', ', keyed', keyedPeers)),
  ])
}
