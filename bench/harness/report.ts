/** Results as text. */
import { meanOf, peersOf, ratioOf, type Result } from './results.js'
import { type Figure, summarize } from './statistics.js'
import { ours } from './workload.js'

const nameWidth = 40
const peerWidth = 15

/** A line for each peer of a workload: its figure, and ours over it with the spread. */
export function describe(result: Result): string {
  const { name, unit, samples, remarks } = result
  const lines = Object.entries(samples).map(([peer, figures], i) => {
    const ratio = peer === ours ? undefined : ratioOf(result, ours, peer)
    const columns = [(i === 0 ? name : '').padEnd(nameWidth), peer.padEnd(peerWidth), amount(summarize(figures).median, unit).padStart(10)]
    return [...columns, ratio === undefined ? '' : describeRatio(ratio), peer in remarks ? `(${remarks[peer] as string})` : ''].join('  ').trimEnd()
  })
  return lines.join('\n')
}

/** A line for each peer: the mean of ours over it. */
export function describeMeans(results: readonly Result[], suiteOrGroup: string): string {
  const means = peersOf(results).flatMap((peer) => {
    const mean = peer === ours ? undefined : meanOf(results, suiteOrGroup, ours, peer)
    return mean === undefined ? [] : [`${peer.padEnd(peerWidth)}  ${describeRatio(mean.ratio)}, ${mean.workloads} workloads`]
  })
  return means.map((line, i) => `${(i === 0 ? `${suiteOrGroup}: geometric mean` : '').padEnd(nameWidth + 12)}  ${line}`).join('\n')
}

export const describeRatio = ({ median, low, high }: Figure): string => `${short(median)}x (${short(low)} to ${short(high)})`

/** Two digits at least. */
const short = (ratio: number): string => (ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2))

/** At three significant digits or so. */
export function amount(value: number, unit: 'ns' | 'bytes'): string {
  if (unit === 'bytes') return `${value.toFixed(0)} B`
  if (value < 100) return `${value.toFixed(1)} ns`
  if (value < 10_000) return `${value.toFixed(0)} ns`
  return value < 1e6 ? `${(value / 1000).toFixed(1)} µs` : `${(value / 1e6).toFixed(1)} ms`
}
