/** Measures one workload of one peer in this process. */
import { Bench } from 'tinybench'
import type { Task } from './workload.js'

export interface Effort {
  /** Milliseconds to measure for, and the least number of repetitions. */
  readonly time: number
  readonly repetitions: number
  /** Milliseconds of the processor before that: on a busy machine the compiler comes late. */
  readonly warmup: number
}

/**
 * The median time of one repetition, in nanoseconds. It is time of the processor, all threads counted, and not of the clock: on a busy machine a
 * process waits for its turn, and long repetitions more often than short ones.
 */
export async function timeOf(task: Task, { time, repetitions, warmup }: Effort): Promise<number> {
  const { isAsync, lasts } = await warmUp(task, warmup)
  const { before } = task
  // One measurement is long enough for the resolution of the processor's time.
  const batch = before === undefined ? Math.max(1, Math.ceil(1 / lasts)) : 1
  const bench = new Bench({ time, iterations: repetitions, warmup: false, throws: true, now: processorTime })
  bench.add('run', isAsync ? asyncBatch(task, batch) : syncBatch(task, batch), { async: isAsync, ...(before === undefined ? {} : { beforeEach: before }) })
  const [measured] = await bench.run()
  if (measured?.result.state !== 'completed') throw new Error(`The measurement ended as ${measured?.result.state ?? 'nothing'}.`)
  return (measured.result.latency.p50 * 1e6) / batch
}

/** Milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const syncBatch =
  ({ run }: Task, size: number) =>
  (): void => {
    for (let i = 0; i < size; i++) void run()
  }

const asyncBatch =
  ({ run }: Task, size: number) =>
  async (): Promise<void> => {
    for (let i = 0; i < size; i++) await run()
  }

/** Whether the task is asynchronous, and about how many milliseconds a repetition lasts. */
async function warmUp({ before, run }: Task, milliseconds: number): Promise<{ readonly isAsync: boolean; readonly lasts: number }> {
  const start = processorTime()
  for (let runs = 1; ; runs++) {
    before?.()
    const done = run()
    const isAsync = done instanceof Promise
    if (isAsync) await done
    const spent = processorTime() - start
    if (spent > milliseconds) return { isAsync, lasts: spent / runs }
  }
}

/** The bytes of heap that something takes: this process must hold nothing else, and expose its garbage collector. */
export async function bytesOf(make: () => unknown): Promise<number> {
  const before = await settledHeap()
  const kept = await make()
  const after = await settledHeap()
  if (kept === undefined) throw new Error('Nothing was kept.')
  return after - before
}

async function settledHeap(): Promise<number> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('Run with --expose-gc.')
  for (let i = 0; i < 3; i++) {
    gc()
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
