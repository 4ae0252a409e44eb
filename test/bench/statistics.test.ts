import { expect, it } from 'vitest'
import { geometricMean, median, summarize } from '../../bench/harness/statistics.js'

it('the median is the middle one, or the mean of the two in the middle, in whatever order they come', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([10, 9, 1, 2])).toBe(5.5)
  expect(median([100])).toBe(100)
  expect(() => median([])).toThrow('The median of nothing.')
})

it('numbers are ordered as numbers', () => {
  expect(median([10, 9, 100])).toBe(10)
})

it('the geometric mean of a ratio and its inverse is one', () => {
  expect(geometricMean([4, 0.25])).toBeCloseTo(1, 12)
  expect(geometricMean([2, 8])).toBeCloseTo(4, 12)
})

it('a figure has its median and its extremes', () => {
  expect(summarize([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 })
})
