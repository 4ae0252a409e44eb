/** Random numbers that can be repeated. */
import { aFunction, check, isList, type Rule } from '../core/check.js'

const aSeed: Rule = [(value) => Number.isSafeInteger(value), 'a whole number']

/** A source of random numbers. Equal seeds give equal numbers. */
export interface Random {
  /** From 0 up to, but not, 1. */
  readonly next: () => number
  /** A whole number from 0 up to, but not, `limit`. */
  readonly int: (limit: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(list: readonly T[]) => T
}

/** Random numbers of a seed, a whole number below 2^32 (Mulberry32). */
export function random(seed: number): Random {
  check('A seed', seed, aSeed)
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    int: (limit) => Math.floor(next() * limit),
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)] as (typeof list)[number],
  }
}

/** The seeds from 1 to `count`, or the ones given. */
export type Seeds = number | readonly number[]

/**
 * Runs a history once for each seed, one after the other. A failure names its seed, so that it can be repeated.
 * @throws an `Error` with the seed in its message and what the history threw as its cause
 */
export async function forSeeds(seeds: Seeds, history: (random: Random, seed: number) => void | Promise<void>): Promise<void> {
  check('The seeds', seeds, [(value) => isList(value) || (Number.isSafeInteger(value) && (value as number) > 0), 'a whole number above 0, or a list of seeds'])
  check('What is run for each seed', history, aFunction)
  for (const seed of typeof seeds === 'number' ? Array.from({ length: seeds }, (_, i) => i + 1) : seeds) {
    try {
      await history(random(seed), seed)
    } catch (error) {
      throw new Error(`Failed with SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
}
