/** The synchronous shapes as workloads. A new shape is an entry in `shapes`, a new library one in `peers/signals`. */
import { expectEqual, ours, type Task, type Timed } from '../harness/workload.js'
import { signalPeers } from '../peers/signals/index.js'
import { avoidable } from './avoidable.js'
import { broad } from './broad.js'
import { cellxShapes } from './cellx.js'
import { creationShapes } from './create.js'
import { deep } from './deep.js'
import { diamond } from './diamond.js'
import { dynamicShapes } from './dynamic.js'
import type { Peer, Shape, Tally } from './graph.js'
import { live } from './live.js'
import { mol } from './mol.js'
import { mux } from './mux.js'
import { reference } from './reference.js'
import { repeated } from './repeated.js'
import { triangle } from './triangle.js'
import { unstable } from './unstable.js'
import { updateShapes } from './update.js'
import { expectOutcome, outcomeOf } from './verify.js'

const suite = 'synchronous shapes'

const shapes: readonly Shape[] = [
  ...creationShapes, ...updateShapes,
  avoidable, broad, deep, diamond, mux, repeated, triangle, unstable, mol,
  ...cellxShapes, ...dynamicShapes,
]

type AnyPeer = Peer<unknown, unknown>

const keyed = 'pebre keyed'

function load({ alike = false }: Shape, peer: string): Promise<AnyPeer> {
  const loadPeer = signalPeers[alike && peer === ours ? keyed : peer] as () => Promise<unknown>
  return loadPeer() as Promise<AnyPeer>
}

/** Without glitch freedom, one write would run the last of these graphs as often as there are ways to it. */
const tooManyPaths: Readonly<Record<string, string>> = { rxjs: 'not measured: bodies run once for each way from a signal to them' }

function workloadOf(shape: Shape, ofSuite: string): Timed {
  const { name, group, operations, long = false, alike = false, manyPaths = false } = shape
  const remarks = manyPaths ? tooManyPaths : {}
  const peers = Object.keys(signalPeers).filter((peer) => !(peer in remarks) && !(alike && peer === keyed))
  return {
    unit: 'ns', name, group, suite: ofSuite, operations, peers, long, remarks,
    prepare: (peer) => prepare(shape, peer),
    verify: (peer) => verify(shape, peer),
  }
}

async function verify(shape: Shape, peerName: string): Promise<void> {
  const { name, build } = shape
  const peer = await load(shape, peerName)
  expectOutcome(`${name}, ${peerName}`, outcomeOf(build, peer), outcomeOf(build, reference), peer)
}

/** What a run gives before the measurement is what the reference gives, which `verify` has seen; all others must give the same. */
async function prepare(shape: Shape, peerName: string): Promise<Task> {
  const { name, build } = shape
  const peer = await load(shape, peerName)
  const tally: Tally = { effects: 0 }
  const { before, run } = build(() => peer.open(), tally)
  const once = (): number => {
    tally.effects = 0
    return run()
  }
  // The first run may begin in another state than all later ones.
  if (before === undefined) once()
  before?.()
  const sum = once()
  const { effects } = tally
  return {
    ...(before === undefined ? {} : { before }),
    run: () => {
      expectEqual(`${name}, ${peerName}: sum`, once(), sum)
      expectEqual(`${name}, ${peerName}: effects run`, tally.effects, effects)
    },
  }
}

export const shapeWorkloads: readonly Timed[] = [...shapes.map((shape) => workloadOf(shape, suite)), workloadOf(live, 'live queries')]
