import { expect, it } from 'vitest'
import { bestPeer, librariesOf, meanOf, ratioOf } from '../../bench/harness/results.js'
import { describe, describeMeans } from '../../bench/harness/report.js'
import { resultOf } from './results.js'

it('a ratio is taken process by process, so that what slowed down both in one of them does not count', () => {
  const result = resultOf('deep', { pebre: [20, 200, 22], mobx: [10, 100, 10] })
  expect(ratioOf(result, 'pebre', 'mobx')).toEqual({ median: 2, low: 2, high: 2.2 })
  expect(ratioOf(result, 'mobx', 'pebre')?.median).toBe(0.5)
})

it('there is no ratio to what was not measured', () => {
  expect(ratioOf(resultOf('deep', { pebre: [1] }), 'pebre', 'mobx')).toBeUndefined()
})

it('the best peer is the fastest library of each process: no floor, and none of ours', () => {
  const samples = { 'pebre': [10, 10], 'pebre keyed': [1, 1], 'mobx': [5, 20], 'jotai': [20, 4], 'bare map': [1, 1], 'stamps': [1, 1] }
  expect(librariesOf(samples)).toEqual(['mobx', 'jotai'])
  expect(ratioOf(resultOf('hit', samples), 'pebre', bestPeer)).toEqual({ median: 2.25, low: 2, high: 2.5 })
})

it('one other library is no field to be the best of', () => {
  expect(ratioOf(resultOf('hit', { pebre: [1], mobx: [1], stamps: [1] }), 'pebre', bestPeer)).toBeUndefined()
})

it('a mean is over the workloads that have both, and says how many those are', () => {
  const results = [resultOf('a', { pebre: [4], mobx: [1], rxjs: [1] }), resultOf('b', { pebre: [1], mobx: [4], rxjs: [1] }), resultOf('c', { pebre: [1], rxjs: [1] })]
  expect(meanOf(results, 'all', 'pebre', 'mobx')?.ratio.median).toBeCloseTo(1, 12)
  expect(meanOf(results, 'some', 'pebre', 'rxjs')?.workloads).toBe(3)
  expect(meanOf(results, 'mobx', 'pebre', 'mobx')).toBeUndefined()
  expect(meanOf(results.slice(0, 1), 'all', 'pebre', 'mobx')).toBeUndefined()
})

it('the report has a line for each library, with its remark', () => {
  const result = { ...resultOf('deep', { pebre: [20, 30], mobx: [10, 10] }), remarks: { mobx: 'runs twice' } }
  const columns = describe(result).split('\n').map((text) => text.trim().split(/ {2,}/))
  expect(columns).toEqual([
    ['deep', 'pebre', '25.0 ns'],
    ['mobx', '10.0 ns', '2.50x (2.00 to 3.00)', '(runs twice)'],
  ])
  expect(describeMeans([result, result], 'all')).toContain('mobx             2.50x (2.00 to 3.00), 2 workloads')
})
