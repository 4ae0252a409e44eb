/**
 * Plays histories for a given time, each in several ways, and tells what was played. Started by scripts/soak.mjs, which restarts nothing: the
 * first mismatch is shrunk, printed, and ends it.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { random } from 'pebre/testing'
import type { Played } from './history.js'
import { titleOf } from './outcome.js'
import type { Program } from './program.js'
import { drain } from './scheduler.js'
import { type Failing, playDepartures, playSeed, report, shrink } from './shrink.js'
import { answeredOf, bare, twin } from './tuning.js'

const MEBIBYTE = 2 ** 20
/** How much larger the heap may be in the end than after the first histories. */
const SLACK = 8 * MEBIBYTE
const TRIES = 1500
/** After so many seeds the heap is as large as it should stay. */
const WARM = 150

/** Of so many seeds one is played with a caller that leaves at each point in turn. */
const DEPARTING = 12

/** Only programs with cycles that have an answer; null: those too. */
type Cycles = 'rounds' | 'fallback' | null

/** The ways in which the history of a seed is played. */
function waysOf(seed: number, cycles: Cycles): readonly ((program: Program) => Program)[] {
  const rng = random(seed ^ 0x7f4a7c15)
  const ways = [(program: Program) => program, (program: Program) => twin(program, rng), bare]
  const answered = [false, true].map((falls) => () => twin(answeredOf(seed, falls), rng))
  return cycles === null ? [...ways, ...answered] : ways.map((way) => () => way(answeredOf(seed, cycles === 'fallback')))
}

class Soak {
  private readonly totals = new Map<string, number>()
  private readonly orders = new Set<number>()
  private readonly began = performance.now()
  private readonly first: number
  private readonly skips: boolean
  private readonly cycles: Cycles
  private seeds = 0
  private histories = 0
  private mismatches = 0
  private heap = 0
  private way = 0
  /** Histories in which a caller leaves at a given point. */
  private points = 0
  private resources: readonly string[] = []

  constructor(first: number, skips: boolean, cycles: Cycles) {
    this.first = first
    this.cycles = cycles
    this.skips = skips
  }

  /** Whether all was well. */
  async run(minutes: number): Promise<boolean> {
    let told = 0
    while (performance.now() - this.began < minutes * 60_000) {
      const seed = (this.first + this.seeds) >>> 0
      process.send?.(seed)
      for (const [i, way] of waysOf(seed, this.cycles).entries()) if (!(await this.play(seed, i, way))) return false
      if (seed % DEPARTING === 0 && this.cycles === null && !(await this.depart(seed))) return false
      this.seeds++
      if (this.seeds === WARM) this.heap = await heapUsed()
      if (this.seeds === WARM) this.resources = openResources()
      if (performance.now() - told < 2000 || !process.stderr.isTTY) continue
      told = performance.now()
      process.stderr.write(`\r${this.line()} `)
    }
    if (process.stderr.isTTY) process.stderr.write('\r')
    console.log(this.summary())
    return this.mismatches === 0 && (await this.isAtRest())
  }

  private async play(seed: number, way: number, change: (program: Program) => Program): Promise<boolean> {
    this.way = way
    return this.count(seed, await playSeed(seed, [], change))
  }

  private async depart(seed: number): Promise<boolean> {
    this.way = waysOf(seed, null).length
    for await (const played of playDepartures(seed)) {
      if (!(await this.count(seed, played))) return false
      this.points++
    }
    return true
  }

  private async count(seed: number, played: Played | Failing): Promise<boolean> {
    if ('message' in played) return this.fail(seed, this.way, played)
    this.histories++
    this.orders.add(played.order)
    const { order: _, ...counts } = played
    for (const [name, count] of Object.entries(counts)) this.totals.set(name, (this.totals.get(name) ?? 0) + count)
    return true
  }

  /** Prints the mismatch; goes on where mismatches are only collected. */
  private async fail(seed: number, way: number, failing: Failing): Promise<boolean> {
    this.mismatches++
    const alive = setInterval(() => process.send?.(seed), 5000)
    const small = await shrink(failing, TRIES)
    clearInterval(alive)
    console.log(`mismatch in way ${way}\n${report(seed, small)}`)
    const { program, operations, message } = small
    if (!this.skips) return false
    const file = join(tmpdir(), `pebre-mismatch-${seed}-${way}.json`)
    writeFileSync(file, JSON.stringify({ title: titleOf(message), program, operations }))
    console.log(`written to ${file}`)
    return true
  }

  /** Where it is; for when nothing goes on. */
  get place(): string {
    return `seed ${this.first + this.seeds}, way ${this.way}`
  }

  private total(name: keyof Played): string {
    return (this.totals.get(name) ?? 0).toLocaleString('en')
  }

  private line(): string {
    return `${this.seeds.toLocaleString('en')} seeds, ${this.total('operations')} operations, ${Math.round((performance.now() - this.began) / 1000)} s`
  }

  private summary(): string {
    return [
      `seeds ${this.first} to ${this.first + this.seeds - 1}: ${this.line()}, ${this.mismatches} mismatches`,
      `  histories           ${this.histories.toLocaleString('en')}, each seed in ${waysOf(0, this.cycles).length} ways`,
      `  states              ${this.total('states')} revisions of views`,
      `  runs of bodies      ${this.total('runs')}`,
      `  answers compared    ${this.total('answers')}, and ${this.total('emissions')} emissions`,
      `  interleavings       ${this.orders.size.toLocaleString('en')} orders of steps, ${this.total('choices')} steps chosen among several`,
      `  evictions           ${this.total('evictions')}`,
      `  saves and loads     ${this.total('loads')}`,
      `  faults tried        ${this.total('abandoned')} callers left, at each of ${this.points.toLocaleString('en')} points in turn; ${this.total('thrown')} subscribers threw; ${this.total('hostile')} keys, values and functions were to be refused;`,
      `                      ${this.total('damaged')} files were spoiled, ${this.total('crashes')} logs left as by a crash`,
    ].join('\n')
  }

  /** Nothing is left of what was played. */
  private async isAtRest(): Promise<boolean> {
    if (this.heap === 0) {
      console.log('  at rest             zero jobs; too few seeds to tell of the heap')
      return true
    }
    this.orders.clear()
    const grown = (await heapUsed()) - this.heap
    const handles = openResources()
    for (const name of this.resources) if (handles.includes(name)) handles.splice(handles.indexOf(name), 1)
    console.log(`  at rest             zero jobs, ${handles.length} handles${handles.map((name) => ` ${name}`).join('')}, the heap has grown by ${(grown / MEBIBYTE).toFixed(1)} MiB`)
    return grown < SLACK && handles.length === 0
  }
}

/** What is open, with the output: that is opened when somebody first writes. */
function openResources(): string[] {
  void [process.stdout, process.stderr]
  return process.getActiveResourcesInfo()
}

async function heapUsed(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    ;(globalThis as { readonly gc?: () => void }).gc?.()
    await drain()
  }
  return process.memoryUsage().heapUsed
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' }, collect: { type: 'boolean', default: false }, cycles: { type: 'string' } } })
if (values.cycles !== undefined && values.cycles !== 'rounds' && values.cycles !== 'fallback') throw new Error('--cycles takes rounds or fallback')
const first = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const soak = new Soak(first, values.collect, values.cycles ?? null)
let ended = false
// A promise that nothing will resolve keeps no process alive.
process.once('exit', () => {
  if (!ended) console.log(`${soak.place} waits for what never comes`)
})
const isWell = await soak.run(Number(values.minutes))
ended = true
process.exitCode = isWell ? 0 : 1
process.disconnect?.()
