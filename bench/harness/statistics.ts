/** @throws for an empty list */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1]
  if (upper === undefined) throw new Error('The median of nothing.')
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[(sorted.length >> 1) - 1] as number)) / 2
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}

/** A median, and how far apart the processes were. */
export interface Figure {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** From one figure for each process. */
export function summarize(values: readonly number[]): Figure {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) }
}
