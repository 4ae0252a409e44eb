/**
 * Random programs: inputs, and queries whose bodies are expressions over whole numbers. A program is plain data, so that
 * it can be printed, made smaller, evaluated through `q` (interpret.ts) and evaluated without any engine (naive.ts).
 */
import { random, type Random } from 'pebre/testing'

export type Expr =
  | { readonly t: 'const'; readonly n: number }
  | { readonly t: 'arg' }
  /** Reads an input, or what is known of all its keys. */
  | { readonly t: 'input' | 'has'; readonly i: number; readonly key: Expr | null }
  | { readonly t: 'keys' | 'entries'; readonly i: number }
  /** Reads a query; `peek`: twice, the second time without recording it. */
  | { readonly t: 'query' | 'peek'; readonly i: number; readonly arg: Expr | null }
  | { readonly t: 'add'; readonly a: Expr; readonly b: Expr }
  | { readonly t: 'mod'; readonly a: Expr; readonly m: number }
  | { readonly t: 'max'; readonly a: Expr; readonly b: Expr }
  /** From `n` on the larger of both; what is less is given as it is, and `b` is not looked at. */
  | { readonly t: 'from'; readonly a: Expr; readonly n: number; readonly b: Expr }
  | { readonly t: 'if'; readonly c: Expr; readonly a: Expr; readonly b: Expr }
  /** All at once, waiting for all; the failure of the first in the list counts. */
  | { readonly t: 'all'; readonly list: readonly Expr[] }
  /** All at once, not waiting for the rest when one has failed. */
  | { readonly t: 'race'; readonly list: readonly Expr[]; readonly n: number }
  | { readonly t: 'try'; readonly a: Expr; readonly b: Expr }
  | { readonly t: 'throw'; readonly a: Expr }
  /** Waits for its turn on the scheduler; asks for the signal; is good for this revision only. */
  | { readonly t: 'step' | 'signal' | 'volatile'; readonly a: Expr }
  /** Interns a text and looks it up again; puts the value on the channel beside the result. */
  | { readonly t: 'intern' | 'emit'; readonly a: Expr }
  /** The bound revision, by a body that says it is volatile. */
  | { readonly t: 'revision' }
  /** Reads the query itself with the argument below, as long as there is one, and then `a`. */
  | { readonly t: 'descend'; readonly i: number; readonly a: Expr }

export interface InputSpec {
  readonly keyed: boolean
  readonly initial: number | null
  readonly required: boolean
}

/** `sync`: a plain function; `async`: an async one; `mixed`: a plain one that returns a promise where `test` is odd. */
export type Kind = 'sync' | 'async' | 'mixed'

export interface QuerySpec {
  readonly kind: Kind
  readonly takesArg: boolean
  readonly keepsFailures: boolean
  /** Every run counts as a change. */
  readonly neverEqual: boolean
  /** Its arguments are large, and it reads itself with all those below. */
  readonly deep: boolean
  /** What it says to cycles. With `initial` its values are at most `MOST`. */
  readonly cycle?: { readonly initial: number } | { readonly fallback: number }
  readonly test: Expr
  readonly body: Expr
}

/** How a plain function hands on what an asynchronous query gives. */
export interface Relay {
  /** Queries below it that it reads before and after, and leaves alone. */
  readonly before: readonly number[]
  readonly after: readonly number[]
  /** The promise as it is, one of its own, or one of its own that reads an input on its way. */
  readonly hands: 'itself' | 'after' | 'reading'
}

/** What may come up in a program and a history. */
export interface Traits {
  readonly cyclic: boolean
  readonly failing: boolean
  readonly volatile: boolean
  readonly racing: boolean
  readonly tables: boolean
  readonly mixed: boolean
  readonly snapshots: boolean
  readonly aborts: boolean
  readonly invalidates: boolean
  readonly events: boolean
  /** Subscribers answer what they hear with operations. */
  readonly reactions: boolean
  readonly unequal: boolean
  readonly deep: boolean
  /** The database is closed in the end, whatever is on its way. */
  readonly closes: boolean
  /** How many values the database keeps; null: all. */
  readonly cells?: number | null
  /** Of each input. */
  readonly durability?: readonly Level[]
  /** How many earlier results each query keeps. */
  readonly history?: readonly number[]
  /** How many values each query keeps; null: all. */
  readonly lru?: readonly (number | null)[]
  /** Inputs hold objects; and they are frozen. */
  readonly boxed?: boolean
  readonly freeze?: boolean
  /** Views forget what they would share. */
  readonly forgets?: boolean
  /** Limits are changed, cells collected and pinned. */
  readonly upkeep?: boolean
  /** The operation before which the head begins to be saved; what was saved goes on as another database in the end. */
  readonly saves?: number | null
  /** Commits are written down, and it is what stands in the log then that goes on. */
  readonly logs?: boolean
  /** How many bodies may stand on the stack before it is freed; undefined: as many as always. */
  readonly shallow?: number | undefined
  /** How live queries treat commits that overtake them; undefined: as they do by themselves. */
  readonly policy?: 'restart' | 'every' | undefined
  /** Subscribers throw, and what must be refused is asked for. */
  readonly hostile?: boolean
  /** Of each query: how it hands on what another one, which has its body, comes to; null: it has its body itself. */
  readonly relays?: readonly (Relay | null)[]
  /** Bodies emit, and what was emitted below a query is asked for. */
  readonly emits?: boolean
}

/** Durabilities that allow any writes. */
export type Level = 'low' | 'medium' | 'high'

export interface Program {
  readonly inputs: readonly InputSpec[]
  readonly queries: readonly QuerySpec[]
  readonly traits: Traits
}

export const KEYS = 3
/** The largest value of a query that is computed in rounds: they come to an end. */
export const MOST = 12
/** How far apart the arguments of deep queries are. */
export const DEPTH = 433

export function traitsFor(seed: number): Traits {
  const rng = random(seed ^ 0x5bd1e995)
  const chance = (probability: number): boolean => rng.chance(probability)
  return {
    cyclic: chance(0.2),
    failing: chance(0.6),
    volatile: chance(0.25),
    racing: chance(0.15),
    tables: chance(0.4),
    mixed: chance(0.4),
    snapshots: chance(0.45),
    aborts: chance(0.4),
    invalidates: chance(0.3),
    events: chance(0.25),
    reactions: chance(0.3),
    unequal: chance(0.1),
    deep: chance(0.02),
    closes: chance(0.1),
    cells: chance(0.25) ? rng.int(5) : null,
  }
}

export function makeProgram(seed: number, traits: Traits = traitsFor(seed)): Program {
  const rng = random(seed)
  const inputs = Array.from({ length: 2 + rng.int(3) }, (): InputSpec => {
    const keyed = rng.chance(0.4)
    return { keyed, initial: !keyed && rng.chance(0.4) ? 8 + rng.int(2) : null, required: traits.failing && rng.chance(0.15) }
  })
  const count = rng.chance(0.2) ? 2 + rng.int(2) : 4 + rng.int(8)
  const kinds = Array.from({ length: count }, (): Kind => (rng.chance(0.4) ? 'sync' : traits.mixed && rng.chance(0.25) ? 'mixed' : 'async'))
  const takes = Array.from({ length: count }, () => rng.chance(0.3))
  const writer = new Writer(rng, traits, inputs, kinds, takes)
  const queries = kinds.map((kind, i): QuerySpec => ({
    kind,
    takesArg: takes[i] as boolean,
    keepsFailures: traits.failing && rng.chance(0.2),
    neverEqual: traits.unequal && rng.chance(0.3),
    deep: false,
    test: writer.write(i, 'sync', 1),
    body: writer.body(i, kind),
  }))
  if (traits.deep) {
    const kind = rng.chance(0.5) ? 'sync' : 'async'
    const body: Expr = { t: 'descend', i: count, a: { t: 'mod', a: writer.write(count, kind, 1), m: 3 } }
    queries.push({ kind, takesArg: true, keepsFailures: false, neverEqual: false, deep: true, test: body, body })
  }
  return { inputs, queries, traits }
}

/** A program with cycles that have an answer: in rounds, or where `falls`, fallbacks. */
export function makeAnswered(seed: number, falls: boolean): Program {
  if (!falls) return makeMonotone(seed)
  const rng = random(seed ^ 0x165667b1)
  const program = makeProgram(seed, { ...traitsFor(seed), cyclic: true, racing: false, deep: false })
  return { ...program, queries: program.queries.map((query): QuerySpec => (rng.chance(0.4) ? query : { ...query, cycle: { fallback: rng.int(4) } })) }
}

/**
 * A program with cycles that are answered in rounds: what a query gives never falls when what it reads of others grows, so that there is one
 * least answer. Only a query that is computed in rounds reads one that is not below it, so that no cycle is without one.
 */
function makeMonotone(seed: number): Program {
  const rng = random(seed ^ 0x27d4eb2f)
  const traits: Traits = { ...traitsFor(seed), cyclic: true, racing: false, deep: false }
  const inputs = Array.from({ length: 2 + rng.int(3) }, (): InputSpec => ({ keyed: rng.chance(0.4), initial: null, required: false }))
  const kinds = Array.from({ length: 2 + rng.int(6) }, (): Kind => (rng.chance(0.4) ? 'sync' : traits.mixed && rng.chance(0.25) ? 'mixed' : 'async'))
  const takes = kinds.map(() => rng.chance(0.25))
  const heads = kinds.map(() => rng.chance(0.6))
  const writer = new MonotoneWriter(rng, traits, inputs, kinds, takes, heads)
  const queries = kinds.map((kind, i): QuerySpec => ({
    kind,
    takesArg: takes[i] as boolean,
    keepsFailures: traits.failing && rng.chance(0.2),
    neverEqual: traits.unequal && rng.chance(0.2),
    deep: false,
    ...(heads[i] === true ? { cycle: { initial: 0 } } : {}),
    test: writer.given(i),
    body: writer.write(i, kind, 3),
  }))
  return { inputs, queries, traits }
}

const constant = (n: number): Expr => ({ t: 'const', n })

export class Writer {
  protected readonly rng: Random
  protected readonly traits: Traits
  private readonly inputs: readonly InputSpec[]
  protected readonly kinds: readonly Kind[]
  protected readonly takes: readonly boolean[]

  constructor(rng: Random, traits: Traits, inputs: readonly InputSpec[], kinds: readonly Kind[], takes: readonly boolean[]) {
    this.rng = rng
    this.traits = traits
    this.inputs = inputs
    this.kinds = kinds
    this.takes = takes
  }

  body(self: number, kind: Kind): Expr {
    const { rng, traits } = this
    let body = this.write(self, kind, 3)
    if (this.takes[self] === true && rng.chance(0.5)) {
      const below: Expr = { t: 'query', i: self, arg: { t: 'add', a: { t: 'arg' }, b: constant(-1) } }
      body = { t: 'add', a: body, b: { t: 'if', c: { t: 'arg' }, a: below, b: constant(1) } }
    }
    if (rng.chance(0.5)) body = { t: 'mod', a: body, m: 2 + rng.int(2) }
    // In a cycle a body that catches must not go on reading: see naive.ts.
    if (traits.cyclic && rng.chance(0.2)) body = { t: 'try', a: body, b: constant(7) }
    return body
  }

  write(self: number, kind: Kind, depth: number): Expr {
    const { rng, traits } = this
    if (depth === 0) return this.leaf(self, kind)
    const sub = (): Expr => this.write(self, kind, depth - 1)
    const at = rng.next()
    if (at < 0.3) return this.leaf(self, kind)
    if (at < 0.5) return { t: 'add', a: sub(), b: sub() }
    if (at < 0.6) return { t: 'mod', a: sub(), m: 2 + rng.int(2) }
    if (at < 0.72) return { t: 'if', c: sub(), a: sub(), b: sub() }
    if (at < 0.78 && traits.failing && !traits.cyclic) return { t: 'try', a: sub(), b: sub() }
    if (at < 0.82 && traits.failing) return { t: 'if', c: sub(), a: sub(), b: { t: 'throw', a: sub() } }
    if (at < 0.84 && traits.volatile) return { t: 'volatile', a: sub() }
    if (at < 0.86 && traits.volatile) return { t: 'revision' }
    if (kind === 'sync') return this.leaf(self, kind)
    if (at < 0.88) return { t: 'signal', a: sub() }
    const wide = !traits.cyclic && rng.chance(0.4)
    if (!wide) return { t: 'step', a: sub() }
    const list = Array.from({ length: 2 + rng.int(2) }, sub)
    return traits.racing && rng.chance(0.4) ? { t: 'race', list, n: rng.int(3) } : { t: 'all', list }
  }

  private leaf(self: number, kind: Kind): Expr {
    const { rng, traits } = this
    const at = rng.next()
    if (at < 0.1) return constant(rng.int(4))
    if (at < 0.2 && this.takes[self] === true) return { t: 'arg' }
    if (at < 0.55) return this.query(self, kind) ?? this.input()
    if (at < 0.65 && traits.tables) return { t: rng.chance(0.5) ? 'keys' : 'entries', i: rng.int(this.inputs.length) }
    return this.input()
  }

  protected input(): Expr {
    const { rng } = this
    const i = rng.int(this.inputs.length)
    const key = this.inputs[i]?.keyed === true ? (rng.chance(0.8) ? constant(rng.int(KEYS)) : { t: 'arg' as const }) : null
    return { t: this.traits.tables && rng.chance(0.15) ? 'has' : 'input', i, key }
  }

  private query(self: number, kind: Kind): Expr | null {
    const { rng, traits, kinds } = this
    const able = kinds.flatMap((at, i) => ((traits.cyclic && rng.chance(0.3) ? true : i < self) && (kind !== 'sync' || at === 'sync') ? [i] : []))
    if (able.length === 0) return null
    const i = rng.chance(0.6) ? (able.at(-1 - rng.int(Math.min(3, able.length))) as number) : rng.pick(able)
    return { t: rng.chance(0.06) ? 'peek' : 'query', i, arg: this.takes[i] === true ? (rng.chance(0.7) ? constant(rng.int(KEYS)) : { t: 'arg' }) : null }
  }
}

/** Writes expressions that grow with what they read of queries, whatever the inputs hold. */
class MonotoneWriter extends Writer {
  private readonly heads: readonly boolean[]

  constructor(rng: Random, traits: Traits, inputs: readonly InputSpec[], kinds: readonly Kind[], takes: readonly boolean[], heads: readonly boolean[]) {
    super(rng, traits, inputs, kinds, takes)
    this.heads = heads
  }

  override write(self: number, kind: Kind, depth: number): Expr {
    const { rng, traits } = this
    const at = rng.next()
    if (depth === 0 || at < 0.2) return this.end(self, kind)
    const sub = (): Expr => this.write(self, kind, depth - 1)
    if (at < 0.4) return { t: 'max', a: sub(), b: sub() }
    if (at < 0.55) return { t: 'add', a: sub(), b: rng.chance(0.5) ? constant(1) : sub() }
    if (at < 0.7) return { t: 'from', a: sub(), n: 1 + rng.int(4), b: sub() }
    if (at < 0.8) return { t: 'if', c: this.given(self), a: sub(), b: sub() }
    if (at < 0.84 && traits.failing) return { t: 'if', c: this.given(self), a: sub(), b: { t: 'throw', a: constant(0) } }
    if (at < 0.86 && traits.volatile) return { t: 'volatile', a: sub() }
    if (kind === 'sync') return this.end(self, kind)
    if (at < 0.88) return { t: 'signal', a: sub() }
    return at < 0.95 ? { t: 'step', a: sub() } : { t: 'all', list: [sub(), sub()] }
  }

  /** What depends on inputs alone. */
  given(self: number): Expr {
    const { rng } = this
    if (this.takes[self] === true && rng.chance(0.3)) return { t: 'arg' }
    return rng.chance(0.3) ? { t: 'mod', a: { t: 'add', a: this.input(), b: this.input() }, m: 3 } : this.input()
  }

  private end(self: number, kind: Kind): Expr {
    const { rng, kinds, heads } = this
    if (rng.chance(0.3)) return this.given(self)
    const able = kinds.flatMap((at, i) => ((i < self || heads[self] === true) && (kind !== 'sync' || at === 'sync') ? [i] : []))
    if (able.length === 0) return this.given(self)
    const i = rng.pick(able)
    return { t: rng.chance(0.06) ? 'peek' : 'query', i, arg: this.takes[i] === true ? (rng.chance(0.6) ? constant(rng.int(KEYS)) : { t: 'arg' }) : null }
  }
}
