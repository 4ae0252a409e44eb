/**
 * Compares what was measured with the budgets. A budget has two limits:
 *
 * - `goal`: what is wanted. `--check` alone fails where it is exceeded.
 * - `today`: what a quick run measured (`--quick --record`), where that is worse than the goal. `--quick --check`, which CI runs, fails
 *   where this is exceeded, and prints how far the goal is; where a budget has no `today`, the goal is met and is the limit.
 *
 * Both may be exceeded by the slack, a part of the limit: machines are noisy, and quick runs more so. What is over all the same is measured once more
 * and fails where it is over again: something else may have been at work for a while.
 */
import { meanOf, ratioOf, type Result } from './results.js'
import { median } from './statistics.js'
import { ours } from './workload.js'

export interface Budget {
  /** A workload, or a suite or group for its mean. */
  readonly of: string
  /** Whose figure it limits. Default: ours. */
  readonly peer?: string
  /** The limits are ratios to this peer; without it, they are bytes. */
  readonly against?: string
  readonly goal: number
  readonly today?: number
}

export interface Budgets {
  readonly slack: { readonly full: number; readonly quick: number }
  readonly budgets: readonly Budget[]
}

export interface Verdict {
  readonly budget: Budget
  readonly measured: number
  /** With slack: what is above it fails. */
  readonly limit: number
  readonly ok: boolean
}

/** What a budget is about, or `undefined` where that was not run. */
export function measuredFor({ of, peer = ours, against }: Budget, results: readonly Result[]): number | undefined {
  const result = results.find(({ name }) => name === of)
  if (against === undefined) {
    const bytes = result?.samples[peer]
    return bytes === undefined ? undefined : median(bytes)
  }
  return (result === undefined ? meanOf(results, of, peer, against)?.ratio : ratioOf(result, peer, against))?.median
}

/** A verdict for each budget whose workloads were run. */
export function judge({ slack, budgets }: Budgets, results: readonly Result[], mode: 'full' | 'quick'): Verdict[] {
  return budgets.flatMap((budget) => {
    const measured = measuredFor(budget, results)
    if (measured === undefined) return []
    const { goal, today = goal } = budget
    const limit = (mode === 'quick' ? Math.max(goal, today) : goal) * (1 + slack[mode])
    return [{ budget, measured, limit, ok: measured <= limit }]
  })
}

/** The workloads that a missed limit is about. */
export function overLimit<W extends Pick<Result, 'name' | 'group' | 'suite'>>(verdicts: readonly Verdict[], workloads: readonly W[]): W[] {
  const missed = new Set(verdicts.filter(({ ok }) => !ok).map(({ budget }) => budget.of))
  return workloads.filter(({ name, group, suite }) => missed.has(name) || missed.has(group) || missed.has(suite))
}

/** Results of which some were measured again: those count. */
export function measuredAgain(results: readonly Result[], again: readonly Result[]): Result[] {
  return results.map((result) => again.find(({ name }) => name === result.name) ?? result)
}

/** `today` as measured, where that is worse than the goal; budgets that were not measured stay as they are. */
export function record(all: Budgets, results: readonly Result[]): Budgets {
  const budgets = all.budgets.map((budget): Budget => {
    const measured = measuredFor(budget, results)
    if (measured === undefined) return budget
    const { today: _, ...rest } = budget
    return measured <= budget.goal ? rest : { ...rest, today: Number(measured.toPrecision(3)) }
  })
  return { ...all, budgets }
}

/** One line for each verdict, and a last one that counts. */
export function describeVerdicts(verdicts: readonly Verdict[]): string[] {
  const lines = verdicts.map(({ budget, measured, limit, ok }) => {
    const { of, peer = ours, against, goal } = budget
    const show = (value: number): string => (against === undefined ? `${value.toFixed(0)} B` : `${value.toFixed(2)}x`)
    const about = `${of}: ${peer} ${show(measured)}${against === undefined ? '' : ` ${against}`}`
    const gap = measured <= goal ? 'goal met' : `${Math.ceil((measured / goal - 1) * 100)}% above the goal`
    return `${ok ? 'ok  ' : 'FAIL'}  ${about.padEnd(82)}  limit ${show(limit).padStart(7)}  goal ${show(goal).padStart(7)}  ${gap}`
  })
  const failed = verdicts.filter(({ ok }) => !ok).length
  const met = verdicts.filter(({ measured, budget }) => measured <= budget.goal).length
  return [...lines, `${verdicts.length - failed} of ${verdicts.length} within their limit; ${met} of ${verdicts.length} goals met`]
}
