/**
 * What is measured. A workload is one thing to do, done by several peers. Each process does one workload with one peer: it
 * builds its state once and then repeats one task, which throws where a result or a count is not what it must be.
 */

export const ours = 'pebre'

/** Written by hand for one purpose: they show what the machine allows, and are no library one could use instead. */
export const floors: readonly string[] = ['bare map', 'stamps', 'bare append', 'msgpackr']

export interface Task {
  /** Called before each repetition, and not measured. */
  readonly before?: () => void
  /** One repetition. It ends in the state in which it began, so that all repetitions are alike. */
  readonly run: () => void | Promise<void>
}

interface Described {
  readonly name: string
  /** Part of a suite: each of both has a mean. */
  readonly group: string
  readonly suite: string
  /** How many operations one repetition makes: the figures are for one. */
  readonly operations: number
  /** Ours first. */
  readonly peers: readonly string[]
  /** Left out of quick runs. */
  readonly long: boolean
  /** What is worth knowing of a peer's figure: that it runs more bodies than needed, or why it has none. */
  readonly remarks: Readonly<Record<string, string>>
}

/** Measured in nanoseconds. */
export interface Timed extends Described {
  readonly unit: 'ns'
  readonly prepare: (peer: string) => Promise<Task>
  /** Called once, in a process of its own: the peer gives the right results with the right number of runs. */
  readonly verify?: (peer: string) => Promise<void>
}

/** Measured in bytes of heap. */
export interface Weighed extends Described {
  readonly unit: 'bytes'
  /** Makes what is not weighed; the result makes what is, and returns what keeps it alive. */
  readonly prepare: (peer: string) => Promise<() => unknown>
}

export type Workload = Timed | Weighed

export type Run = Task['run']

/** One peer of a workload that each does in its own way. */
export interface Contender {
  readonly peer: string
  readonly prepare: () => Run | Promise<Run>
}

type Contended = Pick<Timed, 'name' | 'group' | 'suite' | 'operations'> & { readonly contenders: readonly Contender[]; readonly long?: boolean }

/** A workload of contenders, ours first. Its verification is one run: runs check their results themselves. */
export function contended({ contenders, long = false, ...described }: Contended): Timed {
  const prepare = async (peer: string): Promise<Task> => {
    const contender = contenders.find((candidate) => candidate.peer === peer)
    if (contender === undefined) throw new Error(`${described.name} has no peer ${peer}.`)
    return { run: await contender.prepare() }
  }
  const verify = async (peer: string): Promise<void> => {
    const { run } = await prepare(peer)
    await run()
  }
  return { ...described, unit: 'ns', long, remarks: {}, peers: contenders.map(({ peer }) => peer), prepare, verify }
}

/** Compares what a run gave with what it must give. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`)
}
