/** A logarithmic axis: from a power of ten times 1, 2 or 5 to another. */
export interface Scale {
  /** Where a value stands, from 0 to 1. */
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

/** @throws for no values, or one that is not positive */
export function logarithmic(values: readonly number[]): Scale {
  const low = Math.min(...values)
  const high = Math.max(...values)
  if (!(low > 0) || !Number.isFinite(high)) throw new Error('A logarithmic axis needs positive numbers.')
  const ticks = [stepDown(low)]
  while ((ticks.at(-1) as number) < high) ticks.push(stepUp(ticks.at(-1) as number))
  if (ticks.length === 1) ticks.push(stepUp(ticks[0] as number))
  const first = Math.log(ticks[0] as number)
  const span = Math.log(ticks.at(-1) as number) - first
  return { at: (value) => (Math.log(value) - first) / span, ticks }
}

/** 1, 2 and 5 times a power of ten, as numbers that are written shortly. */
const step = (mantissa: number, exponent: number): number => Number(`${mantissa}e${exponent}`)

function stepDown(value: number): number {
  const exponent = Math.floor(Math.log10(value))
  const fitting = [5, 2, 1].map((mantissa) => step(mantissa, exponent)).find((candidate) => candidate <= value)
  return fitting ?? step(5, exponent - 1)
}

function stepUp(tick: number): number {
  const exponent = Math.floor(Math.log10(tick) + 1e-9)
  const mantissa = Math.round(tick / step(1, exponent))
  if (mantissa === 1) return step(2, exponent)
  return mantissa === 2 ? step(5, exponent) : step(1, exponent + 1)
}
