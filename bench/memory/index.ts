import type { Weighed } from '../harness/workload.js'
import { cellBytes, inputBytes } from './records.js'

export const memoryWorkloads: readonly Weighed[] = [inputBytes, cellBytes]
