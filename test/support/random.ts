/** Random numbers that can be repeated: a test that fails names its seed, and `SEED=…` runs that seed alone. */
export interface Random {
  /** From 0 up to, but not, 1. */
  next(): number
  /** A whole number from 0 up to, but not, `limit`. */
  int(limit: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
}

/** Mulberry32. */
export function random(seed: number): Random {
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

/** Runs a random history for each seed. */
export async function forSeeds(count: number, history: (random: Random) => void | Promise<void>): Promise<void> {
  const given = process.env['SEED']
  const seeds = given === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(given)]
  for (const seed of seeds) {
    try {
      await history(random(seed))
    } catch (error) {
      throw new Error(`Failed with SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
}
