import { parseArgs } from 'node:util'

export interface Options {
  /** Fewer processes and repetitions, without long workloads. */
  readonly quick: boolean
  /** Where the figures go, as JSON. */
  readonly json: string | undefined
  /** Only workloads, groups and suites whose name contains one of these. */
  readonly only: readonly string[]
  /** Fail where a budget is exceeded; in quick runs, measure only what budgets are about. */
  readonly check: boolean
  /** Write what a quick run measured into the budgets. */
  readonly record: boolean
  /** How many processes for each peer of each workload. */
  readonly processes: number | undefined
}

export const usage = `npm run bench -- [--quick] [--check] [--record] [--json FILE] [--only NAME]... [--processes N]

  --quick        fewer processes and repetitions, without the long workloads
  --check        exit with 1 where a budget (bench/budgets.json) is exceeded: its goal, or with --quick what it says of today
  --record       write what was measured into the budgets, as what is reached today; with --quick
  --json FILE    write all figures to FILE
  --only NAME    only workloads, groups or suites whose name contains NAME; may be given several times
  --processes N  how many processes measure each library in each workload`

/** @throws where an argument is unknown */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      check: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      processes: { type: 'string' },
    },
  })
  const { quick, json, only, check, record } = values
  if (record && !quick) throw new TypeError('--record goes with --quick: what is reached today is compared with quick runs.')
  return { quick, json, only, check, record, processes: values.processes === undefined ? undefined : positive(values.processes) }
}

function positive(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new TypeError(`--processes takes a number of processes, not ${text}.`)
}
