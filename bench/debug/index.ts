/** What watching costs, and nobody watching. */
import type { Timed } from '../harness/workload.js'
import { graphOfMany } from './graph.js'
import { watchedHit, watchedRun, watchedWrite } from './listening.js'

export const debugWorkloads: readonly Timed[] = [watchedHit, watchedRun, watchedWrite, graphOfMany]
