/** Compares what was measured with the budgets. */
import { readFile } from 'node:fs/promises'
import type { Mean, Result } from './results.js'

interface Budget {
  /** A workload, or a group for its mean. */
  readonly of: string
  readonly against: string
  readonly limit: number
}

interface Budgets {
  /** By what part of it a limit may be exceeded: machines are noisy. */
  readonly slack: number
  readonly ratios: readonly Budget[]
}

/** Whether all budgets hold, with a line for each. A budget whose workloads were not run is passed over. */
export async function checkBudgets(results: readonly Result[], means: readonly Mean[]): Promise<{ readonly ok: boolean; readonly lines: readonly string[] }> {
  const file = new URL('../../budgets.json', import.meta.url)
  const { slack, ratios } = JSON.parse(await readFile(file, 'utf8')) as Budgets
  const found = ratios.flatMap((budget) => {
    const subject = means.find(({ group }) => group === budget.of) ?? results.find(({ name }) => name === budget.of)
    const ratio = subject?.ratios[budget.against]?.median
    return ratio === undefined ? [] : [{ budget, ratio, ok: ratio <= budget.limit * (1 + slack) }]
  })
  const lines = found.map(({ budget: { of, against, limit }, ratio, ok }) => {
    const verdict = ratio <= limit ? 'within' : ok ? 'above, but within the slack of' : 'ABOVE'
    return `${of}: ${ratio.toFixed(2)}x ${against}, ${verdict} ${limit.toFixed(2)}x`
  })
  return { ok: found.every(({ ok }) => ok), lines }
}
