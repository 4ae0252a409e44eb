/** Live queries against other libraries, as workloads of the harness. */
import { contended, type Timed } from '../harness/workload.js'
import { liveAsync } from './async.js'
import { liveDiamond } from './diamond.js'
import { liveSync } from './sync.js'
import type { LiveWork } from './work.js'

function workloadOf({ name, operations, contenders }: LiveWork): Timed {
  return contended({ name, group: 'live queries', suite: 'live', operations, contenders: Object.entries(contenders).map(([peer, prepare]) => ({ peer, prepare })) })
}

export const liveWorkloads: readonly Timed[] = [liveSync, liveAsync, liveDiamond].map(workloadOf)
