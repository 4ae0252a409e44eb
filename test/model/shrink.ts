/** Finds a history that fails, and makes it short: operations are left out, and bodies replaced by parts of them, while it fails alike. */
import { random } from 'pebre/testing'
import { departures, leavable } from './faults.js'
import { Fault, History, type Played } from './history.js'
import { makeOperations, type Operation } from './operations.js'
import type { Expr, Program, QuerySpec, Traits } from './program.js'
import { showOperation, showProgram } from './show.js'
import { programOf } from './tuning.js'

export interface Failing {
  readonly program: Program
  readonly operations: readonly Operation[]
  readonly message: string
}

/** Plays a history; the message of the fault if there is one. */
export async function playHistory(program: Program, operations: readonly Operation[], ignored: readonly string[] = []): Promise<Played | string> {
  try {
    return await new History(program, ignored).play(operations)
  } catch (error) {
    return error instanceof Fault ? error.message : `broken: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
}

/** Ways to work that may have nothing to do with a fault. */
const OFF = { cells: null, events: false, durability: [], history: [], lru: [], boxed: false, freeze: false, forgets: false, upkeep: false, saves: null, logs: false, relays: [], hostile: false, policy: undefined, shallow: undefined } satisfies Partial<Traits>

const kindOf = (message: string): string => message.slice(0, message.indexOf(':'))

/** Plays the history of a seed; `change`: with its program changed. */
export async function playSeed(seed: number, ignored: readonly string[] = [], change: (program: Program) => Program = (program) => program): Promise<Played | Failing> {
  const program = change(programOf(seed))
  const rng = random(seed ^ 0x1b873593)
  const operations = makeOperations(program, seed, 10 + rng.int(rng.chance(0.1) ? 200 : 40))
  const played = await playHistory(program, operations, ignored)
  return typeof played === 'string' ? { program, operations, message: played } : played
}

/** Plays the program of a seed with a caller that leaves, at each point in turn. */
export async function* playDepartures(seed: number): AsyncGenerator<Played | Failing> {
  const program = leavable(programOf(seed))
  for (const operations of departures(program, makeOperations(program, seed, 40), random(seed ^ 0x51ed270b))) {
    const played = await playHistory(program, operations)
    yield typeof played === 'string' ? { program, operations, message: played } : played
    if (typeof played !== 'string' && played.abandoned === 0) return
  }
}

/** A shorter history that fails alike. */
export async function shrink(failing: Failing, tries: number, ignored: readonly string[] = []): Promise<Failing> {
  let best = failing
  let tried = 0
  const attempt = async (program: Program, operations: readonly Operation[]): Promise<boolean> => {
    if (tried++ >= tries) return false
    const played = await playHistory(program, operations, ignored)
    if (typeof played !== 'string' || kindOf(played) !== kindOf(failing.message)) return false
    best = { program, operations, message: played }
    return true
  }
  let before: Failing
  do {
    before = best
    for (let size = Math.ceil(best.operations.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < best.operations.length; ) {
        const kept = best.operations.toSpliced(at, size)
        if (!(await attempt(best.program, kept))) at += size
      }
    }
    for (let i = 0; i < best.program.queries.length; i++) {
      for (const smaller of smallerQueries(best.program.queries[i] as QuerySpec)) {
        if (await attempt({ ...best.program, queries: best.program.queries.with(i, smaller) }, best.operations)) {
          i--
          break
        }
      }
    }
    for (const [name, value] of Object.entries(OFF)) {
      const { traits } = best.program
      if (name in traits && JSON.stringify(traits[name as keyof Traits]) !== JSON.stringify(value)) await attempt({ ...best.program, traits: { ...traits, [name]: value } }, best.operations)
    }
  } while (before !== best)
  return best
}

function* smallerQueries(spec: QuerySpec): Generator<QuerySpec> {
  if (spec.body.t !== 'const') for (const n of [0, 1]) yield { ...spec, body: { t: 'const', n } }
  for (const body of smallerExprs(spec.body)) yield { ...spec, body }
  if (spec.kind === 'mixed') for (const test of smallerExprs(spec.test)) yield { ...spec, test }
  if (spec.keepsFailures) yield { ...spec, keepsFailures: false }
  if (spec.neverEqual) yield { ...spec, neverEqual: false }
}

/** The expression with one part left out. */
function* smallerExprs(expr: Expr): Generator<Expr> {
  for (const [name, part] of Object.entries(expr)) {
    if (Array.isArray(part)) {
      const list = part as Expr[]
      for (const [i, item] of list.entries()) {
        yield item
        if (list.length > 1) yield { ...expr, list: list.toSpliced(i, 1) } as Expr
        for (const smaller of smallerExprs(item)) yield { ...expr, list: list.with(i, smaller) } as Expr
      }
    } else if (typeof part === 'object' && part !== null && name !== 'key' && name !== 'arg') {
      yield part as Expr
      for (const smaller of smallerExprs(part as Expr)) yield { ...expr, [name]: smaller }
    }
  }
}

export function report(seed: number, { program, operations, message }: Failing): string {
  return [`seed ${seed}: ${message}`, ...usedLines(program), ...operations.map(showOperation)].join('\n  ')
}

/** Leaves out queries that were made constant and nobody reads. */
function usedLines(program: Program): string[] {
  return showProgram(program).filter((line) => !/^q\d+(\(arg\))?: \w+ = \d$/.test(line))
}
