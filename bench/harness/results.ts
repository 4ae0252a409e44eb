/** From samples to figures: medians over processes, and ratios to each of the others, taken round by round. */
import { type Figure, geometricMean, median, summarize } from './statistics.js'
import type { Sample, Workload } from './workload.js'

export interface Result {
  readonly name: string
  readonly group: string
  readonly unit: 'ns' | 'bytes'
  /** An operation of each contender, ours first. */
  readonly figures: Readonly<Record<string, Figure>>
  /** Ours over each of the others. */
  readonly ratios: Readonly<Record<string, Figure>>
}

/** The geometric mean over all workloads of a group. */
export interface Mean {
  readonly group: string
  readonly ratios: Readonly<Record<string, Figure>>
}

export function resultOf({ name, group, kind, contenders }: Workload, samples: readonly Sample[]): Result {
  const [ours, ...others] = contenders.map(({ peer }) => peer) as [string, ...string[]]
  const figures = [ours, ...others].map((peer) => [peer, summarize(samples.map((sample) => median(roundsOf(sample, peer))))])
  const ratios = others.map((peer) => [peer, summarize(samples.map((sample) => ratioIn(sample, ours, peer)))])
  return { name, group, unit: kind === 'time' ? 'ns' : 'bytes', figures: Object.fromEntries(figures), ratios: Object.fromEntries(ratios) }
}

function ratioIn(sample: Sample, ours: string, peer: string): number {
  const theirs = roundsOf(sample, peer)
  return median(roundsOf(sample, ours).map((figure, i) => figure / (theirs[i] as number)))
}

function roundsOf(sample: Sample, peer: string): readonly number[] {
  const rounds = sample[peer]
  if (rounds === undefined) throw new Error(`A sample lacks ${peer}.`)
  return rounds
}

export function meansOf(results: readonly Result[]): Mean[] {
  return [...new Set(results.map(({ group }) => group))].flatMap((group) => {
    const members = results.filter((result) => result.group === group)
    const [first, ...rest] = members
    if (first === undefined || rest.length === 0) return []
    const peers = Object.keys(first.ratios).filter((peer) => rest.every(({ ratios }) => peer in ratios))
    return peers.length === 0 ? [] : [{ group, ratios: Object.fromEntries(peers.map((peer) => [peer, meanRatio(members, peer)])) }]
  })
}

function meanRatio(members: readonly Result[], peer: string): Figure {
  const mean = (part: keyof Figure): number => geometricMean(members.map(({ ratios }) => (ratios[peer] as Figure)[part]))
  return { median: mean('median'), low: mean('low'), high: mean('high') }
}
