import { debugWorkloads } from './debug/index.js'
import type { Workload } from './harness/workload.js'
import { memoryWorkloads } from './memory/index.js'
import { queryWorkloads } from './queries/index.js'
import { shapeWorkloads } from './shapes/index.js'

export async function allWorkloads(): Promise<Workload[]> {
  return [...(await shapeWorkloads()), ...queryWorkloads, ...memoryWorkloads, ...debugWorkloads]
}
