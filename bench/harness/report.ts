import type { Mean, Result } from './results.js'
import type { Figure } from './statistics.js'

const nameWidth = 30

/** One line of text for a workload: each contender's figure, then the ratios with their spread. */
export function describe({ name, unit, figures, ratios }: Result): string {
  const measured = Object.entries(figures).map(([peer, { median }]) => `${peer} ${amount(median, unit)}`)
  return `${name.padEnd(nameWidth)} ${measured.join(', ').padEnd(56)} ${describeRatios(ratios)}`
}

export function describeMean({ group, ratios }: Mean): string {
  return `${group.padEnd(nameWidth)} ${'geometric mean'.padEnd(56)} ${describeRatios(ratios)}`
}

function describeRatios(ratios: Readonly<Record<string, Figure>>): string {
  return Object.entries(ratios)
    .map(([peer, { median, low, high }]) => `${median.toFixed(2)}x ${peer} (${low.toFixed(2)} to ${high.toFixed(2)})`)
    .join(', ')
}

function amount(value: number, unit: 'ns' | 'bytes'): string {
  if (unit === 'bytes') return `${value.toFixed(0)} B`
  if (value < 10_000) return `${value.toFixed(value < 100 ? 1 : 0)} ns`
  return `${(value / 1000).toFixed(1)} µs`
}
