/** From samples to figures: medians over processes, ratios process by process, and means over workloads. */
import type { Samples } from './processes.js'
import { type Figure, geometricMean, summarize } from './statistics.js'
import { floors, ours, type Workload } from './workload.js'

/** What was measured of one workload, as it is written to a file. */
export interface Result {
  readonly name: string
  readonly group: string
  readonly suite: string
  readonly unit: 'ns' | 'bytes'
  /** For each peer, ours first, a figure of each process: for one operation. */
  readonly samples: Samples
  readonly remarks: Readonly<Record<string, string>>
}

export function resultOf({ name, group, suite, unit, remarks }: Workload, samples: Samples): Result {
  return { name, group, suite, unit, samples, remarks }
}

/** Not a peer: whichever library is the fastest, or smallest. Floors and our own do not count. */
export const bestPeer = 'best peer'

/** `a` over `b`, where both were measured. */
export function ratioOf(result: Result, a: string, b: string): Figure | undefined {
  const over = samplesOf(result, a)
  const under = samplesOf(result, b)
  if (over === undefined || under === undefined) return undefined
  return summarize(over.map((figure, i) => figure / (under[i] as number)))
}

function samplesOf({ samples }: Result, peer: string): readonly number[] | undefined {
  if (peer !== bestPeer) return samples[peer]
  const others = librariesOf(samples).map((name) => samples[name] as readonly number[])
  const [first] = others
  // One other library alone is no field.
  if (first === undefined || others.length === 1) return undefined
  return first.map((_, i) => Math.min(...others.map((figures) => figures[i] as number)))
}

export function librariesOf(samples: Samples): string[] {
  return Object.keys(samples).filter((peer) => !peer.startsWith(ours) && !floors.includes(peer))
}

/** The geometric mean of `a` over `b` in all workloads of a suite or group that have both. */
export interface Mean {
  readonly ratio: Figure
  readonly workloads: number
}

export function meanOf(results: readonly Result[], suiteOrGroup: string, a: string, b: string): Mean | undefined {
  const members = results.filter(({ suite, group }) => suite === suiteOrGroup || group === suiteOrGroup)
  const ratios = members.flatMap((result) => ratioOf(result, a, b) ?? [])
  if (ratios.length < 2) return undefined
  const mean = (part: keyof Figure): number => geometricMean(ratios.map((ratio) => ratio[part]))
  return { ratio: { median: mean('median'), low: mean('low'), high: mean('high') }, workloads: ratios.length }
}

export const suitesOf = (results: readonly Result[]): string[] => [...new Set(results.map(({ suite }) => suite))]

/** All peers, ours first. */
export function peersOf(results: readonly Result[]): string[] {
  const peers = [...new Set(results.flatMap(({ samples }) => Object.keys(samples)))]
  return [...peers.filter((peer) => peer.startsWith(ours)), ...peers.filter((peer) => !peer.startsWith(ours))]
}
