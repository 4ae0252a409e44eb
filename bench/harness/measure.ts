/** Measures one workload in this process: contenders in turn, round after round, in changing order. */
import { Bench } from 'tinybench'
import type { Run, Sample, Timed, Weighed } from './workload.js'

export interface Effort {
  readonly rounds: number
  /** Milliseconds for each contender in each round. */
  readonly time: number
  /** Milliseconds of the processor for each contender before the first round: on a busy machine the compiler comes late. */
  readonly warmup: number
}

interface Prepared {
  readonly peer: string
  readonly run: Run
}

export async function measure({ contenders, operations }: Timed, { rounds, time, warmup }: Effort): Promise<Sample> {
  const prepared: Prepared[] = []
  for (const { peer, prepare } of contenders) prepared.push({ peer, run: await prepare() })
  for (const { run } of prepared) await warmUp(run, warmup)
  const sample: Record<string, number[]> = Object.fromEntries(prepared.map(({ peer }) => [peer, []]))
  for (let i = 0; i < rounds; i++) {
    const order = i % 2 === 0 ? prepared : prepared.toReversed()
    for (const [peer, milliseconds] of await round(order, time)) sample[peer]?.push((milliseconds * 1e6) / operations)
  }
  return sample
}

async function warmUp(run: Run, milliseconds: number): Promise<void> {
  const before = process.cpuUsage()
  for (;;) {
    await run()
    const { user } = process.cpuUsage(before)
    if (user > milliseconds * 1000) return
  }
}

/** The median time of a run of each contender. */
async function round(prepared: readonly Prepared[], time: number): Promise<[peer: string, milliseconds: number][]> {
  const bench = new Bench({ time, iterations: 3, warmup: false, throws: true })
  for (const { peer, run } of prepared) bench.add(peer, run)
  const tasks = await bench.run()
  return tasks.map(({ name, result }) => {
    if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`)
    return [name, result.latency.p50]
  })
}

/** Weighs one contender: this process must hold nothing else, and expose its garbage collector. */
export async function weigh({ contenders, operations }: Weighed, peer: string): Promise<Sample> {
  const prepare = contenders.find((contender) => contender.peer === peer)?.prepare
  if (prepare === undefined) throw new Error(`There is no contender ${peer}.`)
  const make = prepare()
  const before = await settledHeap()
  const kept = make()
  const after = await settledHeap()
  if (kept === undefined) throw new Error(`${peer} kept nothing.`)
  return { [peer]: [(after - before) / operations] }
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
