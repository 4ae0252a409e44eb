import type { Workload } from '../harness/workload.js'
import { toggled, writeWhileHeld } from './held.js'
import { reached, requests, snapshotInMillion } from './snapshot.js'

export const viewWorkloads: readonly Workload[] = [snapshotInMillion, reached, requests, writeWhileHeld, toggled]
