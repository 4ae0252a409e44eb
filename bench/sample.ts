/**
 * One process of one workload: `node bench/dist/sample.js NAME [EFFORT [PEER]]` prints the figures as JSON, and with `verify`
 * for the effort it only checks results. By hand it serves for profiles: `node --cpu-prof bench/dist/sample.js deep`.
 */
import { type Effort, measure, weigh } from './harness/measure.js'
import type { Sample, Workload } from './harness/workload.js'
import { allWorkloads } from './workloads.js'

const [name, effort = '{"rounds":20,"time":50,"warmup":400}', peer] = process.argv.slice(2)
const workload = (await allWorkloads()).find((candidate) => candidate.name === name)
if (workload === undefined) throw new Error(`There is no workload ${name ?? ''}.`)
if (effort === 'verify') {
  if (workload.kind === 'time') await workload.verify?.()
} else console.log(JSON.stringify(await take(workload, JSON.parse(effort) as Effort)))

function take(from: Workload, settings: Effort): Promise<Sample> {
  if (from.kind === 'memory') return weigh(from, peer ?? '')
  const contenders = from.contenders.filter((contender) => peer === undefined || contender.peer === peer)
  return measure({ ...from, contenders }, settings)
}
