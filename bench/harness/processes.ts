/** Runs each peer of each workload in processes of its own, so that none meets code that another has warmed up or spoilt. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Effort } from './measure.js'
import type { Workload } from './workload.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('../sample.js', import.meta.url))

/** Checks results and counts of the peers of the workloads, all in one process. @throws where one is wrong */
export async function verifyAll(workloads: readonly Workload[]): Promise<void> {
  await sample(['verify', JSON.stringify(workloads.map(({ name, peers }) => [name, peers]))])
}

/** One process: nanoseconds or bytes for one operation. */
async function takeSample({ name, unit }: Workload, peer: string, effort: Effort): Promise<number> {
  const flags = unit === 'bytes' ? ['--expose-gc', '--max-old-space-size=8192'] : []
  return Number(await sample([name, peer, JSON.stringify(effort)], flags))
}

async function sample(args: readonly string[], flags: readonly string[] = []): Promise<string> {
  const { stdout } = await run(process.execPath, [...flags, script, ...args], { env: { ...process.env, NODE_ENV: 'production' } })
  return stdout
}

/** The figures of each peer, one for each process. */
export type Samples = Readonly<Record<string, readonly number[]>>

/**
 * All peers of all workloads once, then all again, in turn forwards and backwards: what disturbs the machine for a while does not hit
 * all processes of one of them, and the processes whose figures are divided by each other ran soon after each other.
 */
export async function sampleAll(
  workloads: readonly Workload[], processes: number, effort: Effort, progress: (what: string) => void,
): Promise<ReadonlyMap<Workload, Samples>> {
  const taken = new Map(workloads.map((workload) => [workload, Object.fromEntries(workload.peers.map((peer): [string, number[]] => [peer, []]))]))
  for (let i = 0; i < processes; i++) {
    for (const [workload, samples] of taken) {
      for (const peer of i % 2 === 0 ? workload.peers : workload.peers.toReversed()) {
        progress(`${i + 1}/${processes} ${workload.name}, ${peer}`)
        samples[peer]?.push(await takeSample(workload, peer, effort))
      }
    }
  }
  return taken
}
