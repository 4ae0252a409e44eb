/** Random histories of the project's own tests: a test that fails names its seed, and `SEED=…` runs that seed alone. */
import { forSeeds as runSeeds, type Random } from 'pebre/testing'

/** Runs a random history for each seed. */
export function forSeeds(count: number, history: (random: Random, seed: number) => void | Promise<void>): Promise<void> {
  const given = process.env['SEED']
  return runSeeds(given === undefined ? count : [Number(given)], history)
}
