/** Keyed queries, asynchronous and live. A peer is one more contender in each file. */
import type { Timed } from '../harness/workload.js'
import { chain } from './chain.js'
import { cutoff } from './cutoff.js'
import { fanOut } from './fan-out.js'
import { flight } from './flight.js'
import { hitAwaited, hitGet } from './hit.js'
import { liveAsync, liveSync } from './live.js'
import { reread } from './reread.js'

export const queryWorkloads: readonly Timed[] = [hitAwaited, hitGet, reread, chain, fanOut, cutoff, flight, liveSync, liveAsync]
