/**
 * What is measured. A workload is one thing to do, done by several contenders; each builds its own state once and then
 * repeats one run, which throws where a result or a count is not what it must be. The first contender is ours.
 */

/** One repetition. It ends in the state in which it began, so that all repetitions are alike. */
export type Run = () => void | Promise<void>

export interface Contender {
  readonly peer: string
  readonly prepare: () => Run | Promise<Run>
}

/** Measured in time, contenders in turn within one process. */
export interface Timed {
  readonly kind: 'time'
  readonly name: string
  /** Workloads of one group have a common mean, if all of them have both contenders. */
  readonly group: string
  /** How many operations one run makes: the figures are for one. */
  readonly operations: number
  readonly contenders: readonly Contender[]
  /** Run once, in a process of its own: the contenders give the same results with the same number of runs. */
  readonly verify?: () => void | Promise<void>
}

/** Measured in bytes of heap; each contender has processes of its own. */
export interface Weighed {
  readonly kind: 'memory'
  readonly name: string
  readonly group: string
  readonly operations: number
  readonly contenders: readonly Heavy[]
}

export interface Heavy {
  readonly peer: string
  /** Makes what is not weighed; the result makes what is, and returns what keeps it alive. */
  readonly prepare: () => () => unknown
}

export type Workload = Timed | Weighed

/** What one process found: for each contender, a figure for each round (nanoseconds or bytes an operation). */
export type Sample = Readonly<Record<string, readonly number[]>>

/** Compares what a run gave with what it must give. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`)
}
