import type { Workload } from './harness/workload.js'
import { memoryWorkloads } from './memory/index.js'
import { appending } from './persist/append.js'
import { caching } from './persist/cache.js'
import { queryWorkloads } from './queries/index.js'
import { shapeWorkloads } from './shapes/index.js'

export async function allWorkloads(): Promise<Workload[]> {
  return [...(await shapeWorkloads()), ...queryWorkloads, ...memoryWorkloads, ...appending, ...caching]
}
