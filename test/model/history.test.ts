/**
 * Random histories against the naive model. `PEBRE_RUNS=20000 npx vitest run test/model` plays more of them; `PEBRE_SEED=123`
 * plays from that seed on, and a seed that fails is printed with a short history.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Operation } from './operations.js'
import type { Program } from './program.js'
import { playDepartures, playHistory, playSeed, report, shrink } from './shrink.js'
import { answeredOf } from './tuning.js'
import type { Tried } from './world.js'

const { PEBRE_SEED, PEBRE_RUNS } = process.env
const runs = Number(PEBRE_RUNS ?? 300)
const fresh = Math.floor(Math.random() * 2 ** 31)
const TRIES = 1000

type Counts = Record<'operations' | keyof Tried, number>

async function playMany(first: number, count: number, programOf?: (seed: number) => Program): Promise<Counts> {
  const counts: Counts = { operations: 0, abandoned: 0, thrown: 0, hostile: 0, damaged: 0, crashes: 0 }
  for (let seed = first; seed < first + count; seed++) {
    const played = await (programOf === undefined ? playSeed(seed) : playSeed(seed, [], () => programOf(seed)))
    if ('message' in played) expect.fail(report(seed, await shrink(played, TRIES)))
    for (const name of Object.keys(counts) as (keyof Counts)[]) counts[name] += played[name]
  }
  return counts
}

const rules = '[REV-7 DER-8 VAL-4 VAL-6 VAL-7 ERR-2 ERR-9 JOB-1 JOB-2 JOB-3 JOB-4 BIND-1 BIND-2 BIND-4 CAN-1 CAN-2 CYC-4 CYC-7 SNAP-2 SHARE-5 LIVE-2 LIVE-4 DUR-4 MEM-1 MEM-5 INT-1 PER-1 WAL-1 WAL-11]'

describe('histories', () => {
  const starts = PEBRE_SEED === undefined ? [1, fresh] : [Number(PEBRE_SEED)]
  for (const first of starts) {
    it(`${rules} seeds from ${first} on answer like the naive model`, { timeout: 60_000 + runs * 100 }, async () => {
      const counts = await playMany(first, runs)
      expect(Object.entries(counts).filter(([, count]) => count === 0)).toEqual([])
    })
    it(`[CAN-1 CAN-2 JOB-4] a caller leaves at each point in turn; seeds from ${first}`, { timeout: 60_000 + runs * 100 }, async () => {
      let abandoned = 0
      for (let seed = first; seed < first + runs / 10; seed++) {
        for await (const played of playDepartures(seed)) {
          if ('message' in played) expect.fail(report(seed, await shrink(played, TRIES)))
          abandoned += played.abandoned
        }
      }
      expect(abandoned).toBeGreaterThan(runs / 10)
    })
    it.each([['rounds', false], ['fallbacks', true]] as const)(`[CYC-8 SNAP-2 SHARE-7 LIVE-2] cycles with %s; seeds from ${first}`, { timeout: 60_000 + runs * 100 }, async (_, falls) => {
      expect((await playMany(first, runs, (seed) => answeredOf(seed, falls))).operations).toBeGreaterThan(0)
    })
  }
})

interface Found {
  readonly title: string
  readonly program: Program
  readonly operations: readonly Operation[]
}

/** Histories that showed a fault once. */
describe('faults found by histories', () => {
  const folder = new URL('found/', import.meta.url)
  const found = readdirSync(folder).toSorted().map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Found)
  it.each(found.map((one) => [one.title, one] as const))('%s', async (_title, { program, operations }) => {
    expect(await playHistory(program, operations)).toMatchObject({ operations: operations.length })
  })
})
