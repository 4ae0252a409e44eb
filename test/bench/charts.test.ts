import { expect, it } from 'vitest'
import { dotChart } from '../../bench/charts/dots.js'
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
  const [mobx, , , pebre] = dots.slice(3)
  expect(dots.slice(3).map(({ peer, ratio }) => `${peer} ${ratio}`)).toEqual(['mobx 2.00', 'pebre 1.00', 'jotai 0.50', 'pebre 1.00'])
  expect(mobx?.x).toBeGreaterThan(pebre?.x ?? Number.NaN)
})
