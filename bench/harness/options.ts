import { parseArgs } from 'node:util'

export interface Options {
  /** Fewer processes and rounds. */
  readonly quick: boolean
  /** Where the figures go, as JSON. */
  readonly json: string | undefined
  /** Only workloads and groups whose name contains one of these. */
  readonly only: readonly string[]
  /** Fail where a budget is exceeded. */
  readonly check: boolean
}

export const usage = `npm run bench -- [--quick] [--check] [--json FILE] [--only NAME]...

  --quick      fewer processes and rounds
  --check      exit with 1 where a ratio is above its budget (bench/budgets.json)
  --json FILE  write all figures to FILE
  --only NAME  only workloads or groups whose name contains NAME; may be given several times`

/** @throws where an argument is unknown */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      check: { type: 'boolean', default: false },
    },
  })
  return { quick: values.quick, json: values.json, only: values.only, check: values.check }
}
