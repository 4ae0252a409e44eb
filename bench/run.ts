/** `npm run bench`: measures everything, prints ratios, and with `--check` compares them with the budgets. */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { checkBudgets } from './harness/check.js'
import type { Effort } from './harness/measure.js'
import { type Options, readOptions, usage } from './harness/options.js'
import { takeSample, verify } from './harness/processes.js'
import { describe, describeMean } from './harness/report.js'
import { meansOf, type Result, resultOf } from './harness/results.js'
import type { Sample, Workload } from './harness/workload.js'
import { allWorkloads } from './workloads.js'

interface Plan extends Effort {
  readonly processes: number
}

const thorough: Plan = { processes: 7, rounds: 9, time: 40, warmup: 400 }
const quick: Plan = { processes: 3, rounds: 5, time: 15, warmup: 250 }

async function main(options: Options): Promise<void> {
  const workloads = (await allWorkloads()).filter(({ name, group }) => isWanted(options, name) || isWanted(options, group))
  if (workloads.length === 0) throw new Error(`No workload is named like ${options.only.join(' or ')}.`)
  const results = await measureAll(workloads, options.quick ? quick : thorough)
  const means = meansOf(results)
  for (const result of results) console.log(describe(result))
  for (const mean of means) console.log(describeMean(mean))
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify({ ...machine(), quick: options.quick, results, means }, null, 2)}\n`)
  if (!options.check) return
  const { ok, lines } = await checkBudgets(results, means)
  for (const line of lines) console.log(line)
  if (!ok) process.exitCode = 1
}

const isWanted = ({ only }: Options, name: string): boolean => only.length === 0 || only.some((part) => name.includes(part))

/** All workloads once, then all again: what disturbs the machine for a while does not hit all samples of one of them. */
async function measureAll(workloads: readonly Workload[], plan: Plan): Promise<Result[]> {
  for (const workload of workloads) await verify(workload)
  const samples = new Map<Workload, Sample[]>(workloads.map((workload) => [workload, []]))
  for (let i = 1; i <= plan.processes; i++) {
    for (const [workload, taken] of samples) {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${i}/${plan.processes} ${workload.name}`)
      taken.push(await takeSample(workload, plan))
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001B[K')
  return [...samples].map(([workload, taken]) => resultOf(workload, taken))
}

function machine(): { readonly date: string; readonly node: string; readonly v8: string; readonly processor: string } {
  return { date: new Date().toISOString(), node: process.version, v8: process.versions.v8, processor: cpus()[0]?.model ?? 'unknown' }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

let options: Options | undefined
try {
  options = readOptions(process.argv.slice(2))
} catch (error) {
  console.error(`${messageOf(error)}\n\n${usage}`)
  process.exitCode = 2
}
try {
  if (options !== undefined) await main(options)
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}
