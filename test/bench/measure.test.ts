import { expect, it, vi } from 'vitest'
import { bytesOf, timeOf } from '../../bench/harness/measure.js'
import { readOptions } from '../../bench/harness/options.js'
import { type Contender, contended, expectEqual } from '../../bench/harness/workload.js'

const effort = { repetitions: 3, time: 1, warmup: 0 }

it('what is done before each repetition is done as often as the repetitions', async () => {
  const log: string[] = []
  const task = { before: () => void log.push('before'), run: () => void log.push('run') }
  expect(await timeOf(task, effort)).toBeGreaterThan(0)
  expect(log.length).toBeGreaterThanOrEqual(8)
  expect(log).toEqual(log.map((_, i) => (i % 2 === 0 ? 'before' : 'run')))
})

it('an asynchronous repetition ends before the next one begins', async () => {
  let running = 0
  let most = 0
  const run = async (): Promise<void> => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
  }
  await timeOf({ run }, effort)
  expect([most, running]).toEqual([1, 0])
})

it('the time is that of one repetition, however many are measured together', async () => {
  let spent = 0
  const processor = vi.spyOn(process, 'cpuUsage').mockImplementation(() => ({ user: spent * 800, system: spent * 200 }))
  try {
    for (const lasts of [0.02, 5]) {
      let runs = 0
      const run = (): void => {
        runs++
        spent += lasts
      }
      expect((await timeOf({ run }, effort)) / 1e6).toBeCloseTo(lasts, 9)
      // One to see how long it lasts, then so many at once that they take a millisecond.
      const batch = Math.max(1, 1 / lasts)
      expect([(runs - 1) % batch, runs > 3 * batch]).toEqual([0, true])
    }
  } finally {
    processor.mockRestore()
  }
})

it('a repetition that throws ends the measurement', async () => {
  let runs = 0
  const run = (): void => {
    if (++runs === 3) throw new Error('1 instead of 2')
  }
  await expect(timeOf({ run }, effort)).rejects.toThrow('1 instead of 2')
})

it('bytes need a garbage collector that can be called', async () => {
  await expect(bytesOf(() => [])).rejects.toThrow('--expose-gc')
})

it('options are read, and wrong ones refused', () => {
  expect(readOptions(['--quick', '--only', 'deep', '--only', 'live', '--processes', '2'])).toEqual({
    quick: true, check: false, record: false, json: undefined, only: ['deep', 'live'], processes: 2,
  })
  expect(() => readOptions(['--slow'])).toThrow('--slow')
  expect(() => readOptions(['--processes', 'many'])).toThrow('many')
  expect(() => readOptions(['--record'])).toThrow('--quick')
})

it('contenders are verified by one run, and one that is wrong is found', async () => {
  const runs: string[] = []
  const contender = (peer: string, sum: number): Contender => ({
    peer,
    prepare: () => () => {
      runs.push(peer)
      expectEqual('sum', sum, 3)
    },
  })
  const workload = contended({ name: 'adding', group: 'some', suite: 'all', operations: 1, contenders: [contender('pebre', 3), contender('mobx', 4)] })
  await workload.verify?.('pebre')
  await expect(workload.verify?.('mobx')).rejects.toThrow('sum: 4 instead of 3')
  await expect(workload.prepare('rxjs')).rejects.toThrow('adding has no peer rxjs')
  expect([workload.peers, runs]).toEqual([['pebre', 'mobx'], ['pebre', 'mobx']])
})
