/** A workload as plain data, apart from the harness that runs it. */
import type { Run } from '../harness/workload.js'

export interface LiveWork {
  readonly name: string
  readonly operations: number
  /** Ours comes first. */
  readonly contenders: Readonly<Record<string, () => Run | Promise<Run>>>
}

export const width = 1000

/** Keys in an order that is scattered, and the same for everybody. */
export const keyOf = (write: number): number => (write * 37) % width

export const keys: readonly number[] = Array.from({ length: width }, (_, i) => i)
