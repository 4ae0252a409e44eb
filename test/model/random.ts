/** Numbers that come out the same for the same seed. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number
  /** A whole number from 0 up to, not including, `end`. */
  int(end: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
}

/** The generator known as mulberry32. */
export function random(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (end: number): number => Math.floor(next() * end)
  return { next, int, chance: (probability) => next() < probability, pick: <T>(list: readonly T[]) => list[int(list.length)] as T }
}
