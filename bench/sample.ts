/**
 * One process of one workload: `node bench/dist/sample.js WORKLOAD PEER [EFFORT]` prints nanoseconds or bytes for one operation, and
 * `node bench/dist/sample.js verify '[[WORKLOAD, [PEER, …]], …]'` only checks results and counts. By hand it serves for profiles:
 * `NODE_ENV=production node --cpu-prof bench/dist/sample.js deep pebre`.
 */
import { bytesOf, type Effort, timeOf } from './harness/measure.js'
import type { Workload } from './harness/workload.js'
import { allWorkloads } from './workloads.js'

const standard: Effort = { repetitions: 10, time: 1000, warmup: 400 }

function find(name: string): Workload {
  const workload = allWorkloads.find((candidate) => candidate.name === name)
  if (workload === undefined) throw new Error(`There is no workload ${name}.`)
  return workload
}

async function take(workload: Workload, peer: string, effort: Effort): Promise<number> {
  if (!workload.peers.includes(peer)) throw new Error(`${workload.name} has no peer ${peer}.`)
  const measured = workload.unit === 'bytes' ? await bytesOf(await workload.prepare(peer)) : await timeOf(await workload.prepare(peer), effort)
  return measured / workload.operations
}

async function verify(all: readonly (readonly [workload: string, peers: readonly string[]])[]): Promise<void> {
  for (const [name, peers] of all) {
    const workload = find(name)
    if (workload.unit === 'ns') for (const peer of peers) await workload.verify?.(peer)
  }
}

const [first = '', second = '', effort] = process.argv.slice(2)
if (first === 'verify') await verify(JSON.parse(second) as Parameters<typeof verify>[0])
else console.log(await take(find(first), second, effort === undefined ? standard : (JSON.parse(effort) as Effort)))
// Some peers leave timers behind.
process.exit()
