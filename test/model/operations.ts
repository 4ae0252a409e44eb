/** What is done to a database in a history: plain data that means something in any state, so that any part can be left out. */
import { type Random, random } from 'pebre/testing'
import { type Expr, KEYS, type Program, Writer } from './program.js'

export interface Write {
  readonly i: number
  readonly key: number
  /** null: remove. */
  readonly value: number | null
}

/** What a subscriber does when it hears a value or a failure for that many times. */
interface Reacting {
  readonly reaction: Operation | null
  readonly after: number
}

/** `view`, `nth`: taken modulo how many there are. */
export type Operation =
  | { readonly op: 'write'; readonly view: number; readonly write: Write; readonly by: 'set' | 'update' | 'node' }
  | { readonly op: 'replace'; readonly view: number; readonly i: number; readonly writes: readonly Write[] }
  /** `asks`: a query is read in the middle. `throws`: and nothing comes of it. */
  | { readonly op: 'batch'; readonly view: number; readonly writes: readonly Write[]; readonly asks: number | null; readonly throws: boolean }
  | { readonly op: 'invalidate' | 'touch' | 'prefetch' | 'accumulated'; readonly view: number; readonly query: number; readonly arg: number }
  /** `leaving`: with a signal of its own. */
  | { readonly op: 'get'; readonly view: number; readonly query: number; readonly arg: number; readonly leaving: boolean }
  | { readonly op: 'abort'; readonly nth: number }
  | { readonly op: 'read'; readonly view: number; readonly waits: boolean; readonly expr: Expr }
  | ({ readonly op: 'watch' | 'observe'; readonly view: number; readonly query: number; readonly arg: number } & Reacting)
  | ({ readonly op: 'live'; readonly view: number; readonly waits: boolean; readonly expr: Expr } & Reacting)
  | { readonly op: 'unsubscribe'; readonly nth: number }
  | { readonly op: 'snapshot' | 'dispose' | 'promote'; readonly view: number }
  | { readonly op: 'restore'; readonly view: number; readonly from: number }
  /** Something that must be refused. */
  | { readonly op: 'hostile'; readonly view: number; readonly nth: number }
  | { readonly op: 'step'; readonly nth: number }
  /** Of the head. `arg`, where a limit is set: how many values are kept. */
  | { readonly op: 'collect' | 'limit' | 'pin' | 'unpin' | 'compact'; readonly query: number; readonly arg: number }
  /** Lets that many rounds of promise reactions pass; 0: all there are. */
  | { readonly op: 'ticks'; readonly count: number }

export function makeOperations(program: Program, seed: number, count: number): Operation[] {
  const rng = random(seed ^ 0x2545f491)
  const maker = new Maker(program, rng)
  const operations: Operation[] = []
  while (operations.length < count) {
    operations.push(maker.next())
    if (rng.chance(0.45)) operations.push({ op: 'ticks', count: rng.chance(0.5) ? 0 : 1 + rng.int(5) })
  }
  const asked = program.traits.emits === true ? withItems(program, operations, random(seed ^ 0x1f3d5b79)) : operations
  const tried = program.traits.hostile === true ? withHostile(asked, random(seed ^ 0x2c9277b5)) : asked
  return program.traits.upkeep === true ? withUpkeep(program, tried, random(seed ^ 0x6c62272e)) : tried
}

function withHostile(operations: readonly Operation[], rng: Random): Operation[] {
  return operations.flatMap((operation): Operation[] => (rng.chance(0.15) ? [operation, { op: 'hostile', view: rng.int(6), nth: rng.int(10_000) }] : [operation]))
}

/** Drawn apart, so that the rest is the same without. */
function withItems({ queries }: Program, operations: readonly Operation[], rng: Random): Operation[] {
  return operations.flatMap((operation): Operation[] => {
    if (!rng.chance(0.1)) return [operation]
    return [operation, { op: 'accumulated', view: rng.chance(0.6) ? 0 : rng.int(6), query: rng.int(queries.length), arg: rng.int(KEYS) }]
  })
}

/** Drawn apart, so that the rest is the same without. */
function withUpkeep({ queries }: Program, operations: readonly Operation[], rng: Random): Operation[] {
  return operations.flatMap((operation): Operation[] => {
    if (!rng.chance(0.12)) return [operation]
    return [operation, { op: rng.pick(['collect', 'limit', 'pin', 'unpin', 'compact'] as const), query: rng.int(queries.length), arg: rng.int(KEYS) }]
  })
}

class Maker {
  private readonly program: Program
  private readonly rng: Random
  private readonly writer: Writer
  /** The few queries this history asks for most. */
  private readonly favourites: readonly number[]

  constructor(program: Program, rng: Random) {
    this.program = program
    this.rng = rng
    const { inputs, queries, traits } = program
    this.writer = new Writer(rng, { ...traits, cyclic: false }, inputs, queries.map(({ kind }) => kind), queries.map(({ takesArg }) => takesArg))
    this.favourites = Array.from({ length: 3 }, () => queries.length - 1 - rng.int(Math.min(5, queries.length)))
  }

  next(): Operation {
    const { rng, program } = this
    const { traits } = program
    const view = traits.snapshots && rng.chance(0.6) ? rng.int(6) : 0
    const query = rng.chance(0.7) ? rng.pick(this.favourites) : rng.int(program.queries.length)
    const arg = rng.int(KEYS)
    const at = rng.next()
    if (at < 0.22) return { op: 'write', view, write: this.write(), by: rng.chance(0.8) ? 'set' : rng.chance(0.5) ? 'update' : 'node' }
    if (at < 0.27) return { op: 'batch', view, writes: Array.from({ length: 1 + rng.int(4) }, () => this.write()), asks: rng.chance(0.2) ? query : null, throws: rng.chance(0.1) }
    if (at < 0.29 && traits.invalidates) return { op: 'invalidate', view, query, arg }
    if (at < 0.36 && traits.aborts) return rng.chance(0.5) ? { op: 'abort', nth: rng.int(9) } : { op: 'get', view, query, arg, leaving: true }
    if (at < 0.39) return { op: rng.chance(0.6) ? 'watch' : 'observe', view, query, arg, ...this.reacting() }
    if (at < 0.41) return this.evaluation('live', view)
    if (at < 0.43) return this.evaluation('read', view)
    if (at < 0.46) return { op: 'unsubscribe', nth: rng.int(9) }
    if (at < 0.51 && traits.snapshots) return { op: 'snapshot', view }
    if (at < 0.53 && traits.snapshots) return { op: 'dispose', view }
    if (at < 0.537 && traits.snapshots) return { op: 'restore', view, from: rng.int(6) }
    if (at < 0.545 && traits.snapshots) return { op: 'promote', view: rng.int(6) }
    if (at < 0.555) return { op: rng.chance(0.5) ? 'touch' : 'prefetch', view, query, arg }
    if (at < 0.565) return this.replacement(view)
    if (at < 0.72) return { op: 'step', nth: rng.int(9) }
    return { op: 'get', view, query, arg, leaving: false }
  }

  private reacting(): Reacting {
    const { rng } = this
    const after = 1 + rng.int(3)
    if (!this.program.traits.reactions || rng.chance(0.4)) return { reaction: null, after }
    for (;;) {
      const reaction = this.next()
      if (reaction.op !== 'ticks' && reaction.op !== 'step' && !('reaction' in reaction)) return { reaction, after }
    }
  }

  private replacement(view: number): Operation {
    const i = this.rng.int(this.program.inputs.length)
    const writes = Array.from({ length: this.rng.int(3) }, () => ({ ...this.write(), i, value: this.rng.int(4) }))
    return { op: 'replace', view, i, writes }
  }

  private write(): Write {
    const { rng, program } = this
    const value = rng.chance(0.15) ? null : rng.int(4)
    return { i: rng.int(program.inputs.length), key: rng.int(KEYS), value }
  }

  private evaluation(op: 'live' | 'read', view: number): Operation {
    const waits = this.rng.chance(0.5)
    return { op, view, waits, ...this.reacting(), expr: this.writer.write(this.program.queries.length, waits ? 'async' : 'sync', 2) }
  }
}
