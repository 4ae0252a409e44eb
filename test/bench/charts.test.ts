import { expect, it } from 'vitest'
import { dotChart } from '../../bench/charts/dots.js'
import { page } from '../../bench/charts/page.js'
import { logarithmic } from '../../bench/charts/scale.js'
import { resultOf } from './results.js'

it('an axis ends at 1, 2 or 5 times a power of ten, and equal factors are equal lengths', () => {
  const { at, ticks } = logarithmic([0.3, 1, 7])
  expect(ticks).toEqual([0.2, 0.5, 1, 2, 5, 10])
  expect([at(0.2), at(10)]).toEqual([0, 1])
  expect(at(2) - at(1)).toBeCloseTo(at(10) - at(5), 12)
})

it('an axis of one value has a length too', () => {
  expect(logarithmic([1]).ticks).toEqual([1, 2])
  expect(logarithmic([1000, 1000]).ticks).toEqual([1000, 2000])
  expect(() => logarithmic([])).toThrow('positive')
  expect(() => logarithmic([0, 1])).toThrow('positive')
})

it('a chart has a row for each workload and a dot for each library, to the right of ours where it is slower', () => {
  const svg = dotChart('a < b', [resultOf('deep', { pebre: [10], mobx: [20] }), resultOf('wide', { pebre: [10], jotai: [5] })], ['pebre', 'mobx', 'jotai'])
  expect(svg).toContain('a &lt; b')
  const dots = [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"[^>]*><title>(\w+): ([\d.]+)×/g)].map(([, x, y, peer, ratio]) => ({ x: Number(x), y: Number(y), peer, ratio }))
  const [pebre, mobx] = dots.slice(3)
  expect(dots.slice(3).map(({ peer, ratio }) => `${peer} ${ratio}`)).toEqual(['pebre 1.00', 'mobx 2.00', 'pebre 1.00', 'jotai 0.50'])
  expect(mobx?.x).toBeGreaterThan(pebre?.x ?? Number.NaN)
})

it('the page says when and where, and shows each figure, mean, picture and remark', () => {
  const remarks = { jotai: 'runs twice' }
  const results = [resultOf('deep', { pebre: [10, 12], mobx: [20, 24] }), { ...resultOf('wide', { pebre: [10, 10], mobx: [5, 5], jotai: [40, 40] }), remarks }]
  const machine = { date: '2030-01-02T03:04:05.000Z', node: 'v20.1.0', v8: '11.3', system: 'linux x64', processor: 'a processor', cores: 2, versions: { mobx: '7.0.0' } }
  const written = page({ ...machine, quick: true, results }, [{ suite: 'all', file: 'all.svg' }])
  expect(written).toContain('Measured on 2030-01-02 with Node 20.1.0 (V8 11.3), linux x64, 2 cores, a processor. mobx 7.0.0.')
  expect(written).toContain('processes of its own, 2 of each')
  expect(written).toContain('![all](all.svg)')
  expect(written).toContain('| mobx | 1.00x (1.00 to 1.00) | 2 |')
  expect(written).toContain('| deep | 11.0 ns | 22.0 ns |  |  |')
  expect(written).toContain('| wide | 10.0 ns | 5.0 ns | 40.0 ns | 2.00x (2.00 to 2.00) |')
  expect(written).toContain('- jotai: runs twice (wide).')
})
