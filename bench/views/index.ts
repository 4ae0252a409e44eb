import type { Workload } from '../harness/workload.js'
import { toggled, writeWhileHeld } from './held.js'
import { requests, snapshotInMillion } from './snapshot.js'

export const viewWorkloads: readonly Workload[] = [snapshotInMillion, requests, writeWhileHeld, toggled]
