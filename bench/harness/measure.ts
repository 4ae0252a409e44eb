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

/** The median time of one repetition, in nanoseconds. */
export async function timeOf(task: Task, { time, repetitions, warmup }: Effort): Promise<number> {
  const isAsync = await warmUp(task, warmup)
  const bench = new Bench({ time, iterations: repetitions, warmup: false, throws: true })
  bench.add('run', task.run, { async: isAsync, ...(task.before === undefined ? {} : { beforeEach: task.before }) })
  const [measured] = await bench.run()
  if (measured?.result.state !== 'completed') throw new Error(`The measurement ended as ${measured?.result.state ?? 'nothing'}.`)
  return measured.result.latency.p50 * 1e6
}

/** Whether the task is asynchronous. */
async function warmUp({ before, run }: Task, milliseconds: number): Promise<boolean> {
  const start = process.cpuUsage()
  for (;;) {
    before?.()
    const done = run()
    const isAsync = done instanceof Promise
    if (isAsync) await done
    if (process.cpuUsage(start).user > milliseconds * 1000) return isAsync
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
