import { debugWorkloads } from './debug/index.js'
import type { Workload } from './harness/workload.js'
import { liveWorkloads } from './live/index.js'
import { appending } from './persist/append.js'
import { caching } from './persist/cache.js'
import { queryWorkloads } from './queries/index.js'
import { memoryWorkloads } from './scale/memory.js'
import { sizeWorkloads } from './scale/size.js'
import { shapeWorkloads } from './shapes/index.js'
import { viewWorkloads } from './views/index.js'

export const allWorkloads: readonly Workload[] = [...shapeWorkloads, ...queryWorkloads, ...liveWorkloads, ...debugWorkloads, ...appending, ...caching, ...memoryWorkloads, ...sizeWorkloads, ...viewWorkloads]
