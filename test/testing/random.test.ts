/** Random numbers of a seed. */
import { forSeeds, random } from 'pebre/testing'
import { expect, it } from 'vitest'

it('equal seeds give equal numbers, within their bounds', () => {
  const numbers = (seed: number): number[] => {
    const { next, int } = random(seed)
    return Array.from({ length: 1000 }, () => next() + int(10))
  }
  expect(numbers(1)).toEqual(numbers(1))
  expect(numbers(1)).not.toEqual(numbers(2))
  const { int, pick, chance, next } = random(3)
  const ints = Array.from({ length: 1000 }, () => int(3))
  expect(new Set(ints)).toEqual(new Set([0, 1, 2]))
  expect(new Set(Array.from({ length: 100 }, () => pick(['a', 'b'])))).toEqual(new Set(['a', 'b']))
  expect([chance(0), chance(1), next() < 1]).toEqual([false, true, true])
})

it('a failure names its seed, and keeps its cause', async () => {
  const seen: number[] = []
  const thrown = new Error('at two')
  const run = forSeeds(3, (_random, seed) => {
    seen.push(seed)
    if (seed === 2) throw thrown
  })
  await expect(run).rejects.toMatchObject({ message: 'Failed with SEED=2: at two', cause: thrown })
  expect(seen).toEqual([1, 2])
  seen.length = 0
  await forSeeds([7, 9], (_random, seed) => void seen.push(seed))
  expect(seen).toEqual([7, 9])
})
