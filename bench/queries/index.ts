/** Asynchronous queries by key as workloads. A new one is an entry in `works`, a new library one in `peers/queries`. */
import { expectEqual, floors, type Task, type Timed } from '../harness/workload.js'
import { queryPeers } from '../peers/queries/index.js'
import { chain } from './chain.js'
import { cutoff } from './cutoff.js'
import { fanOut } from './fan-out.js'
import { flight } from './flight.js'
import { hitAwaited, hitGet } from './hit.js'
import { live } from './live.js'
import { reread } from './reread.js'
import type { QueryPeer, QueryWork } from './store.js'

const works: readonly QueryWork[] = [hitGet, hitAwaited, reread, chain, fanOut, cutoff, flight, live]

type AnyPeer = QueryPeer<unknown, unknown, unknown>

const peerNames = Object.keys(queryPeers)

/** Those whose memos are promises: a new promise is news, whatever it holds. */
const withoutCutoff = peerNames.filter((name) => !['pebre', 'stamps'].includes(name))

function workloadOf(work: QueryWork): Timed {
  const { name, operations, runsWithoutCutoff, needsWatch = false, group = 'keyed queries' } = work
  const remark = `runs ${(runsWithoutCutoff ?? 0).toLocaleString('en')} bodies instead of ${work.runs}`
  return {
    unit: 'ns', name, group, operations, long: false,
    suite: needsWatch ? 'live queries' : 'asynchronous queries',
    peers: peerNames.filter((peer) => !needsWatch || !floors.includes(peer)),
    remarks: runsWithoutCutoff === undefined ? {} : Object.fromEntries(withoutCutoff.map((peer) => [peer, remark])),
    prepare: (peer) => prepare(work, peer),
    verify: async (peer) => {
      const { run } = await prepare(work, peer)
      for (let i = 0; i < 3; i++) await run()
    },
  }
}

/** Every repetition checks what it saw, and how many bodies ran. */
async function prepare({ name, runs, runsWithoutCutoff = runs, build }: QueryWork, peerName: string): Promise<Task> {
  const peer = (await (queryPeers[peerName] as () => Promise<unknown>)()) as AnyPeer
  const tally = { runs: 0 }
  const once = await build(peer.open(), tally)
  const expectedRuns = peer.cutsOff ? runs : runsWithoutCutoff
  return {
    run: async () => {
      tally.runs = 0
      const { sum, expected } = await once()
      expectEqual(`${name}, ${peerName}: sum`, sum, expected)
      expectEqual(`${name}, ${peerName}: bodies run`, tally.runs, expectedRuns)
    },
  }
}

export const queryWorkloads: readonly Timed[] = works.map(workloadOf)
