/**
 * How an engine is to work for a program, where no answer may depend on it: what it forgets, keeps, freezes, proves by durability, announces
 * and saves. Drawn apart from the program, so that one program can be played in several ways: as twins.
 */
import { random, type Random } from 'pebre/testing'
import { type Expr, type Level, makeAnswered, makeProgram, type Program, type QuerySpec } from './program.js'

/** Beyond the operations of any history. */
export const AT_THE_END = 1000
const LEVELS: readonly Level[] = ['low', 'low', 'medium', 'high']

/** The program of a seed, tuned by the same seed. */
export function programOf(seed: number): Program {
  return tune(makeProgram(seed), random(seed ^ 0x38b34ae5))
}

/** The same for a program with cycles that have an answer. */
export function answeredOf(seed: number, falls: boolean): Program {
  return tune(makeAnswered(seed, falls), random(seed ^ 0x38b34ae5))
}

/** The program, with what may differ drawn anew. Whether events are listened to is left as it is. */
export function tune(program: Program, rng: Random): Program {
  const { inputs, queries, traits } = program
  const durability = rng.chance(0.4) ? inputs.map(() => rng.pick(LEVELS)) : []
  const history = rng.chance(0.5) ? queries.map(() => rng.int(3)) : []
  const lru = rng.chance(0.15) ? queries.map(() => (rng.chance(0.4) ? rng.int(3) : null)) : []
  const boxed = rng.chance(0.15)
  const freeze = rng.chance(0.5)
  const forgets = traits.snapshots && rng.chance(0.25)
  const upkeep = rng.chance(0.2)
  const saves = !traits.closes && rng.chance(0.2) ? (rng.chance(0.4) ? AT_THE_END : rng.int(40)) : null
  const interns = rng.chance(0.2)
  const logs = saves !== null && rng.chance(0.5)
  return {
    inputs,
    queries: interns ? queries.map((query): QuerySpec => ({ ...query, body: interned(query.body, rng) })) : queries,
    traits: { ...traits, durability, history, lru, boxed, freeze, forgets, upkeep, saves, logs },
  }
}

/** The same program in another way: events and the limit too. */
export function twin(program: Program, rng: Random): Program {
  const { traits } = program
  return tune({ ...program, traits: { ...traits, events: rng.chance(0.5), cells: rng.chance(0.4) ? rng.int(5) : null } }, rng)
}

/** The same program with nothing set that need not be. */
export function bare(program: Program): Program {
  const { cyclic, failing, volatile, racing, tables, mixed, snapshots, aborts, invalidates, reactions, unequal, deep, closes } = program.traits
  return { ...program, traits: { cyclic, failing, volatile, racing, tables, mixed, snapshots, aborts, invalidates, reactions, unequal, deep, closes, events: false } }
}

/** Has some parts of an expression interned and looked up. */
function interned(expr: Expr, rng: Random): Expr {
  const parts = Object.entries(expr).map(([name, part]: [string, unknown]) => {
    if (Array.isArray(part)) return [name, part.map((item: Expr) => interned(item, rng))]
    return [name, typeof part === 'object' && part !== null ? interned(part as Expr, rng) : part]
  })
  const inner = Object.fromEntries(parts) as Expr
  return rng.chance(0.15) ? { t: 'intern', a: inner } : inner
}
