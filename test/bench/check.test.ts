import { expect, it } from 'vitest'
import { type Budget, type Budgets, describeVerdicts, judge, measuredAgain, overLimit, record } from '../../bench/harness/check.js'
import { resultOf } from './results.js'

const budgetsOf = (...budgets: readonly Budget[]): Budgets => ({ slack: { full: 0.1, quick: 0.5 }, budgets })

/** Ours takes three times as long. */
const results = [resultOf('deep', { pebre: [30], mobx: [10] }), resultOf('a cell', { pebre: [300], mobx: [400] }, 'bytes')]

it('a full check holds the goal, with a little slack', () => {
  const limits = [2.7, 2.75, 3].map((goal) => judge(budgetsOf({ of: 'deep', against: 'mobx', goal, today: 3 }), results, 'full')[0])
  expect(limits.map((verdict) => verdict?.ok)).toEqual([false, true, true])
  expect(limits[0]?.limit).toBeCloseTo(2.97, 12)
})

it('a quick check holds what was reached, and fails where that is lost', () => {
  const today = [1.9, 2, 3].map((reached) => judge(budgetsOf({ of: 'deep', against: 'mobx', goal: 1, today: reached }), results, 'quick')[0]?.ok)
  expect(today).toEqual([false, true, true])
})

it('a goal that was reached is what a quick check holds, also where an older figure says less', () => {
  expect(judge(budgetsOf({ of: 'deep', against: 'mobx', goal: 2 }), results, 'quick')[0]?.limit).toBe(3)
  expect(judge(budgetsOf({ of: 'deep', against: 'mobx', goal: 2, today: 1 }), results, 'quick')[0]?.limit).toBe(3)
})

it('bytes are held as such, and means of suites like workloads', () => {
  const verdicts = judge(budgetsOf({ of: 'a cell', goal: 250 }, { of: 'all', against: 'mobx', goal: 2 }), results, 'full')
  expect(verdicts.map(({ measured, ok }) => [Number(measured.toFixed(3)), ok])).toEqual([[300, false], [1.5, true]])
})

it('what is over a limit is measured again, and that counts', () => {
  const budgets = budgetsOf({ of: 'deep', against: 'mobx', goal: 1 }, { of: 'a cell', goal: 400 })
  const [deep, ...rest] = overLimit(judge(budgets, results, 'quick'), results)
  expect([deep?.name, rest]).toEqual(['deep', []])
  expect(overLimit(judge(budgetsOf({ of: 'all', against: 'mobx', goal: 0.5 }), results, 'quick'), results)).toEqual(results)
  for (const [ours, ok] of [[14, true], [16, false]] as const) {
    const again = measuredAgain(results, [resultOf('deep', { pebre: [ours], mobx: [10] })])
    expect(judge(budgets, again, 'quick').map((verdict) => verdict.ok)).toEqual([ok, true])
  }
})

it('what was not run is passed over', () => {
  expect(judge(budgetsOf({ of: 'wide', against: 'mobx', goal: 1 }, { of: 'deep', against: 'jotai', goal: 1 }, { of: 'wide', goal: 1 }), results, 'full')).toEqual([])
})

it('what is recorded is what falls short of its goal', () => {
  const before = budgetsOf({ of: 'deep', against: 'mobx', goal: 1 }, { of: 'deep', against: 'mobx', goal: 3, today: 9 }, { of: 'wide', goal: 1, today: 5 })
  expect(record(before, results).budgets).toEqual([
    { of: 'deep', against: 'mobx', goal: 1, today: 3 },
    { of: 'deep', against: 'mobx', goal: 3 },
    { of: 'wide', goal: 1, today: 5 },
  ])
})

it('each line says limit, goal and gap, and the last one counts', () => {
  const verdicts = judge(budgetsOf({ of: 'deep', against: 'mobx', goal: 2, today: 3 }, { of: 'a cell', goal: 150 }, { of: 'a cell', goal: 350 }), results, 'quick')
  expect(describeVerdicts(verdicts).map((text) => text.split(/ {2,}/))).toEqual([
    ['ok', 'deep: pebre 3.00x mobx', 'limit', '4.50x', 'goal', '2.00x', '50% above the goal'],
    ['FAIL', 'a cell: pebre 300 B', 'limit', '225 B', 'goal', '150 B', '100% above the goal'],
    ['ok', 'a cell: pebre 300 B', 'limit', '525 B', 'goal', '350 B', 'goal met'],
    ['2 of 3 within their limit; 1 of 3 goals met'],
  ])
})
