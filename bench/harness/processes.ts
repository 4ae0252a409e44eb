/** Runs workloads in processes of their own, so that none meets code that another has warmed up or spoilt. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Effort } from './measure.js'
import type { Sample, Workload } from './workload.js'

const run = promisify(execFile)
const script = fileURLToPath(new URL('../sample.js', import.meta.url))

/** Checks a workload. @throws where a contender gives a wrong result */
export async function verify(workload: Workload): Promise<void> {
  if (workload.kind === 'time' && workload.verify !== undefined) await run(process.execPath, [script, workload.name, 'verify'])
}

/** One process. */
export async function takeSample(workload: Workload, effort: Effort): Promise<Sample> {
  if (workload.kind === 'time') return sampleOf([], [workload.name, JSON.stringify(effort)])
  const samples: Sample[] = []
  for (const { peer } of workload.contenders) samples.push(await sampleOf(['--expose-gc'], [workload.name, JSON.stringify(effort), peer]))
  return Object.assign({}, ...samples) as Sample
}

async function sampleOf(flags: readonly string[], args: readonly string[]): Promise<Sample> {
  const { stdout } = await run(process.execPath, [...flags, script, ...args], { env: { ...process.env, NODE_ENV: 'production' } })
  return JSON.parse(stdout) as Sample
}
