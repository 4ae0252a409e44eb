/** Rings of queries, and what becomes of those that ask for them. */
import type { Stops } from 'pebre/testing'
import { CycleError, type Derived, derived, input } from '../../src/index.js'

/** The outcome of a call: its value, or `cycle`. */
export function outcome(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    if (error instanceof CycleError) return 'cycle'
    throw error
  }
}

export function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) =>
    outcome(() => {
      throw error
    }),
  )
}

/** Breaks the rings of `makeRing`. */
export const broken = input<[], boolean>('broken', { initial: false })

/** Cells in a ring; each waits, and then needs the next. */
export function makeRing(size: number, stops: Stops, log: string[] = []): Derived<[at: number], Promise<number>> {
  const ring: Derived<[at: number], Promise<number>> = derived('ring', async (q, at: number): Promise<number> => {
    log.push(`run ${at}`)
    await stops.at(String(at))
    if (at === 0 && q.get(broken)) return 0
    return (await q.get(ring, (at + 1) % size)) + 1
  })
  return ring
}
