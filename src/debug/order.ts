/** An order of records that does not depend on when they were made. */
import { describeValue } from '../index.js'

interface Named {
  readonly definition: string
  readonly kind: string
  readonly args: readonly unknown[]
}

/** By definition, then kind, then arguments. Zero only for the same key, except where long objects look alike. */
export function comparator(a: Named, b: Named): number {
  return compareTexts(a.definition, b.definition) || compareTexts(a.kind, b.kind) || compareLists(a.args, b.args)
}

function compareLists(a: readonly unknown[], b: readonly unknown[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareValues(a[i], b[i])
    if (order !== 0) return order
  }
  return a.length - b.length
}

const ranks: Readonly<Record<string, number>> = { undefined: 0, null: 1, boolean: 2, number: 3, bigint: 4, string: 5, object: 6 }

function compareValues(a: unknown, b: unknown): number {
  const [kindA, kindB] = [kindOf(a), kindOf(b)]
  if (kindA !== kindB) return (ranks[kindA] ?? 7) - (ranks[kindB] ?? 7)
  if (kindA === 'object') return compareTexts(describeValue(a, 2000), describeValue(b, 2000))
  if (kindA === 'string') return compareTexts(a as string, b as string)
  // NaN comes before all numbers.
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a))
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0
}

const kindOf = (value: unknown): string => (value === null ? 'null' : typeof value)

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
