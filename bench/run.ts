/** `npm run bench`: measures everything, prints ratios, and with `--check` compares them with the budgets. */
import { readFile, writeFile } from 'node:fs/promises'
import { type Budgets, describeVerdicts, judge, measuredAgain, overLimit, record } from './harness/check.js'
import { describeMachine } from './harness/machine.js'
import type { Effort } from './harness/measure.js'
import { type Options, readOptions, usage } from './harness/options.js'
import { sampleAll, verifyAll } from './harness/processes.js'
import { describe, describeMeans } from './harness/report.js'
import { type Result, resultOf, suitesOf } from './harness/results.js'
import { ours, type Workload } from './harness/workload.js'
import { allWorkloads } from './workloads.js'

interface Plan extends Effort {
  readonly processes: number
}

const thorough: Plan = { processes: 5, repetitions: 10, time: 300, warmup: 400 }
const quick: Plan = { processes: 3, repetitions: 3, time: 40, warmup: 150 }

const budgetFile = new URL('../budgets.json', import.meta.url)

async function main(options: Options): Promise<void> {
  const budgets = JSON.parse(await readFile(budgetFile, 'utf8')) as Budgets
  const workloads = chosen(options, budgets)
  if (workloads.length === 0) throw new Error(`No workload is named like ${options.only.join(' or ')}.`)
  let results = await measureAll(workloads, options)
  for (const result of results) console.log(describe(result))
  for (const suite of suitesOf(results)) console.log(describeMeans(results, suite))
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify({ ...(await describeMachine()), quick: options.quick, results }, null, 2)}\n`)
  }
  if (options.record) await writeFile(budgetFile, formatBudgets(record(budgets, results)))
  if (!options.check) return
  const mode = options.quick ? 'quick' : 'full'
  let verdicts = judge(budgets, results, mode)
  const over = overLimit(verdicts, workloads)
  if (over.length > 0) {
    console.log(`Over a limit, and measured once more: ${over.map(({ name }) => name).join('; ')}`)
    results = measuredAgain(results, await measureAll(over, options))
    verdicts = judge(budgets, results, mode)
  }
  for (const line of describeVerdicts(verdicts)) console.log(line)
  if (verdicts.some(({ ok }) => !ok)) process.exitCode = 1
}

/** Those asked for; for a quick check only the peers that budgets name. */
function chosen({ only, quick: isQuick, check, record: isRecorded }: Options, { budgets }: Budgets): Workload[] {
  const isWanted = (names: readonly string[]): boolean => only.length === 0 || only.some((part) => names.some((name) => name.includes(part)))
  const wanted = allWorkloads.filter(({ name, group, suite, long }) => isWanted([name, group, suite]) && !(isQuick && long))
  if (!isQuick || !(check || isRecorded)) return wanted
  return wanted.flatMap((workload) => {
    const about = budgets.filter(({ of }) => of === workload.name || of === workload.suite || of === workload.group)
    const named = new Set([ours, ...about.flatMap(({ peer = ours, against = ours }) => [peer, against])])
    const peers = workload.peers.filter((peer) => named.has(peer))
    return about.length === 0 || (peers.length === 1 && workload.unit === 'ns') ? [] : [{ ...workload, peers }]
  })
}

async function measureAll(workloads: readonly Workload[], options: Options): Promise<Result[]> {
  const plan = options.quick ? quick : thorough
  const progress = (what: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${what}`)
  }
  progress('checking results and counts')
  await verifyAll(workloads)
  const taken = await sampleAll(workloads, options.processes ?? plan.processes, plan, progress)
  progress('')
  return [...taken].map(([workload, samples]) => resultOf(workload, samples))
}

/** A line for each budget. */
function formatBudgets({ slack, budgets }: Budgets): string {
  const lines = budgets.map((budget) => `    ${JSON.stringify(budget).replaceAll('":', '": ').replaceAll(',"', ', "').replace('{', '{ ').replace('}', ' }')}`)
  return `{\n  "slack": { "full": ${slack.full}, "quick": ${slack.quick} },\n  "budgets": [\n${lines.join(',\n')}\n  ]\n}\n`
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
