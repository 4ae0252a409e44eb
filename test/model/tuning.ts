/**
 * How an engine is to work for a program, where no answer may depend on it: what it forgets, keeps, freezes, proves by durability, announces
 * and saves. Drawn apart from the program, so that one program can be played in several ways: as twins.
 */
import { random, type Random } from 'pebre/testing'
import { type Expr, type Level, makeAnswered, makeProgram, type Program, type QuerySpec, type Relay } from './program.js'

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
  const known = interns ? queries.map((query): QuerySpec => ({ ...query, body: wrapped(query.body, 'intern', rng) })) : queries
  // On a cycle what a member has come to before it is found counts for nobody, and of a race nobody knows how far it has gone.
  const emits = !traits.cyclic && !traits.racing && rng.chance(0.2)
  const hostile = rng.chance(0.2)
  const shallow = rng.chance(0.2) ? 2 + rng.int(6) : undefined
  const policy = rng.chance(0.3) ? rng.pick(['restart', 'every'] as const) : undefined
  const relays = rng.chance(0.25) ? queries.map((query, i) => (rng.chance(0.4) ? relayFor(query, i, emits || traits.cyclic, rng) : null)) : []
  return {
    inputs,
    queries: emits ? known.map((query): QuerySpec => ({ ...query, body: wrapped(query.body, 'emit', rng) })) : known,
    traits: { ...traits, durability, history, lru, boxed, freeze, forgets, upkeep, saves, logs, hostile, shallow, policy, relays, emits },
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

/** `isExact`: what it reads besides would count. On a cycle it would be no wait, and its items would be found. */
function relayFor({ kind, deep }: QuerySpec, i: number, isExact: boolean, rng: Random): Relay | null {
  const below = (): number[] => (isExact || i === 0 || rng.chance(0.7) ? [] : [rng.int(i)])
  return kind === 'sync' || deep ? null : { before: below(), after: below(), hands: rng.pick(['itself', 'itself', 'after', 'reading'] as const) }
}

/** Has some parts of an expression interned and looked up, or emitted. */
function wrapped(expr: Expr, t: 'intern' | 'emit', rng: Random): Expr {
  const parts = Object.entries(expr).map(([name, part]: [string, unknown]) => {
    if (Array.isArray(part)) return [name, part.map((item: Expr) => wrapped(item, t, rng))]
    return [name, typeof part === 'object' && part !== null ? wrapped(part as Expr, t, rng) : part]
  })
  const inner = Object.fromEntries(parts) as Expr
  return rng.chance(0.15) ? { t, a: inner } : inner
}
