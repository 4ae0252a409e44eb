/** Programs as real definitions: expressions evaluated through `q`. */
import type { Scheduler } from 'pebre/testing'
import { type Accumulator, accumulator, derived, type Derived, type DerivedOptions, input, type Input, type InputOptions, interned, type Interned, type Query } from '../../src/index.js'
import { type Expr, KEYS, MOST, type Program, type Relay } from './program.js'

export type ProgramInput = Input<number[], number>
export type ProgramQuery = Derived<number[], unknown>

/** Told of every run of a body. */
export interface RunHooks {
  start(query: number, arg: number | null, q: Query): () => void
}

export interface Compiled {
  readonly inputs: readonly ProgramInput[]
  readonly queries: readonly ProgramQuery[]
  /** All that a file may name: those too whose outcome others hand on. */
  readonly definitions: readonly (ProgramInput | ProgramQuery | Interned<string>)[]
  readonly channel: Accumulator<number>
  sync(q: Query, expr: Expr): number
  async(q: Query, expr: Expr): Promise<number>
}

/** What the value of a keyed argument comes down to. */
export const keyOf = (n: number): number => ((n % KEYS) + KEYS) % KEYS
/** What an input holds that stands for a number. */
export const boxed = (n: number, { traits }: Program): number => (traits.boxed === true ? ({ n } as unknown as number) : n)
export const unboxed = (value: number): number => (typeof value === 'number' ? value : (value as { readonly n: number }).n)
/** What a body makes of an absent input. */
export const valueOf = (value: number | undefined): number => (value === undefined ? 5 : unboxed(value))
export const remainder = (n: number, m: number): number => ((n % m) + m) % m
export const failureText = (n: number): string => `E${remainder(n, 3)}`

interface Context {
  readonly q: Query
  readonly arg: number
}

export function compile(program: Program, scheduler: Scheduler, hooks: RunHooks): Compiled {
  const inputs = program.inputs.map(({ initial, required }, i): ProgramInput => {
    const durability = program.traits.durability?.[i]
    const options: InputOptions<number> = durability === undefined ? {} : { durability }
    if (initial !== null) return input<number[], number>(`i${i}`, { ...options, initial: boxed(initial, program) })
    return required ? input<number[], number>(`i${i}`, { ...options, required }) : input<number[], number>(`i${i}`, options)
  })
  const queries: ProgramQuery[] = []
  const inner: ProgramQuery[] = []
  const symbol = interned<string>('symbol')
  const channel = accumulator<number>('channel')
  const interpreter = new Interpreter(inputs, queries, symbol, channel, scheduler)
  for (const [i, { kind, keepsFailures, neverEqual, cycle, test, body, takesArg }] of program.queries.entries()) {
    const { history, lru, relays } = program.traits
    const relay = relays?.[i] ?? null
    const name = relay === null ? `q${i}` : `p${i}`
    const most = cycle !== undefined && 'initial' in cycle ? MOST : Infinity
    const options: DerivedOptions<unknown> = { history: history?.[i] ?? 0, ...(lru?.[i] == null ? {} : { lru: lru[i] }), ...(keepsFailures ? { errors: 'dependencies' } : {}), ...(neverEqual ? { equals: false } : {}), ...(cycle === undefined ? {} : { cycle }) }
    const begin = (q: Query, arg: number | undefined): { context: Context; end: () => void } => {
      return { context: { q, arg: arg ?? 0 }, end: hooks.start(i, takesArg ? (arg ?? 0) : null, q) }
    }
    const inTurn = (q: Query, arg: number | undefined): number => {
      const { context, end } = begin(q, arg)
      try {
        return Math.min(most, interpreter.sync(context, body))
      } finally {
        end()
      }
    }
    const inTime = async (q: Query, arg: number | undefined): Promise<number> => {
      const { context, end } = begin(q, arg)
      try {
        return Math.min(most, await interpreter.async(context, body))
      } finally {
        end()
      }
    }
    const either = (q: Query, arg: number | undefined): number | Promise<number> => {
      const { context, end } = begin(q, arg)
      let later = false
      try {
        if (remainder(interpreter.sync(context, test), 2) === 0) return Math.min(most, context.arg)
        later = true
        const value = interpreter.async(context, body)
        return (most === Infinity ? value : value.then((found) => Math.min(most, found))).finally(end)
      } finally {
        if (!later) end()
      }
    }
    const run = kind === 'sync' ? inTurn : either
    const own = kind === 'async' ? derived(name, async (q, ...[at]: number[]): Promise<unknown> => inTime(q, at), options) : derived(name, (q, ...[at]: number[]): unknown => run(q, at), options)
    if (relay === null) queries.push(own)
    else {
      inner.push(own)
      queries.push(derived(`q${i}`, (q, ...args: number[]): unknown => interpreter.relay(q, relay, program, () => q.get(own, ...args)), options))
    }
  }
  const outside = (q: Query): Context => ({ q, arg: 0 })
  return { inputs, queries, definitions: [...inputs, ...queries, ...inner, symbol], channel, sync: (q, expr) => interpreter.sync(outside(q), expr), async: (q, expr) => interpreter.async(outside(q), expr) }
}

class Interpreter {
  private readonly inputs: readonly ProgramInput[]
  private readonly queries: readonly ProgramQuery[]
  private readonly symbol: Interned<string>
  private readonly channel: Accumulator<number>
  private readonly scheduler: Scheduler

  constructor(inputs: readonly ProgramInput[], queries: readonly ProgramQuery[], symbol: Interned<string>, channel: Accumulator<number>, scheduler: Scheduler) {
    this.inputs = inputs
    this.queries = queries
    this.symbol = symbol
    this.channel = channel
    this.scheduler = scheduler
  }

  /** What reads no query and waits for nothing. */
  private leaf({ q, arg }: Context, expr: Expr, key: number | null): number {
    switch (expr.t) {
      case 'const':
        return expr.n
      case 'arg':
        return arg
      case 'revision':
        q.volatile()
        return q.revision % 3
      case 'keys':
        return q.keys(this.inputs[expr.i] as ProgramInput).length
      case 'entries':
        return q.entries(this.inputs[expr.i] as ProgramInput).reduce((sum, value) => sum + unboxed(value), 0)
      case 'input': {
        const definition = this.inputs[expr.i] as ProgramInput
        return valueOf(key === null ? q.get(definition) : q.get(definition, key))
      }
      case 'has': {
        const definition = this.inputs[expr.i] as ProgramInput
        return (key === null ? q.has(definition) : q.has(definition, key)) ? 1 : 0
      }
      default:
        throw new Error(`${expr.t} is no leaf`)
    }
  }

  private query({ q }: Context, i: number, arg: number | null, peeks = false): unknown {
    const definition = this.queries[i] as ProgramQuery
    if (peeks) return arg === null ? q.peek(definition) : q.peek(definition, arg)
    return arg === null ? q.get(definition) : q.get(definition, arg)
  }

  relay(q: Query, { before, after, hands }: Relay, program: Program, get: () => unknown): unknown {
    const context = { q, arg: 0 }
    const leaveAlone = (i: number): void => {
      try {
        this.query(context, i, program.queries[i]?.takesArg === true ? 1 : null)
      } catch {
        // Nobody asks what it has come to.
      }
    }
    before.forEach(leaveAlone)
    const shown = get()
    after.forEach(leaveAlone)
    if (hands === 'itself' || !(shown instanceof Promise)) return shown
    return shown.then((value) => {
      if (hands === 'reading') q.has(this.inputs[0] as ProgramInput, ...(program.inputs[0]?.keyed === true ? [1] : []))
      return value
    })
  }

  /** Interning is seen by nobody: the number that stands for a text stands for that text. */
  private interned({ q }: Context, n: number): number {
    return Number(q.lookup(this.symbol, q.intern(this.symbol, `text ${n}`)).slice(5))
  }

  private emitted({ q }: Context, n: number): number {
    q.emit(this.channel, n)
    return n
  }

  sync(at: Context, expr: Expr): number {
    switch (expr.t) {
      case 'query':
        return this.query(at, expr.i, expr.arg === null ? null : keyOf(this.sync(at, expr.arg))) as number
      case 'peek': {
        const arg = expr.arg === null ? null : keyOf(this.sync(at, expr.arg))
        this.query(at, expr.i, arg)
        return this.query(at, expr.i, arg, true) as number
      }
      case 'descend':
        return (at.arg > 0 ? (this.query(at, expr.i, at.arg - 1) as number) : 0) + this.sync(at, expr.a)
      case 'add':
        return this.sync(at, expr.a) + this.sync(at, expr.b)
      case 'mod':
        return remainder(this.sync(at, expr.a), expr.m)
      case 'max':
        return Math.max(this.sync(at, expr.a), this.sync(at, expr.b))
      case 'from': {
        const a = this.sync(at, expr.a)
        return a < expr.n ? a : Math.max(a, this.sync(at, expr.b))
      }
      case 'if':
        return this.sync(at, remainder(this.sync(at, expr.c), 2) === 1 ? expr.a : expr.b)
      case 'try':
        try {
          return this.sync(at, expr.a)
        } catch {
          return this.sync(at, expr.b)
        }
      case 'throw':
        throw new Error(failureText(this.sync(at, expr.a)))
      case 'volatile':
        at.q.volatile()
        return this.sync(at, expr.a)
      case 'intern':
        return this.interned(at, this.sync(at, expr.a))
      case 'emit':
        return this.emitted(at, this.sync(at, expr.a))
      case 'step':
      case 'signal':
        return this.sync(at, expr.a)
      case 'all':
      case 'race':
        throw new Error('a synchronous body does not wait')
      default:
        return this.leaf(at, expr, 'key' in expr && expr.key !== null ? keyOf(this.sync(at, expr.key)) : null)
    }
  }

  async async(at: Context, expr: Expr): Promise<number> {
    switch (expr.t) {
      case 'query':
        return (await this.query(at, expr.i, expr.arg === null ? null : keyOf(await this.async(at, expr.arg)))) as number
      case 'peek': {
        const arg = expr.arg === null ? null : keyOf(await this.async(at, expr.arg))
        await this.query(at, expr.i, arg)
        return (await this.query(at, expr.i, arg, true)) as number
      }
      case 'descend':
        return (at.arg > 0 ? ((await this.query(at, expr.i, at.arg - 1)) as number) : 0) + (await this.async(at, expr.a))
      case 'add':
        return (await this.async(at, expr.a)) + (await this.async(at, expr.b))
      case 'mod':
        return remainder(await this.async(at, expr.a), expr.m)
      case 'max':
        return Math.max(await this.async(at, expr.a), await this.async(at, expr.b))
      case 'from': {
        const a = await this.async(at, expr.a)
        return a < expr.n ? a : Math.max(a, await this.async(at, expr.b))
      }
      case 'if':
        return this.async(at, remainder(await this.async(at, expr.c), 2) === 1 ? expr.a : expr.b)
      case 'try':
        try {
          return await this.async(at, expr.a)
        } catch {
          return this.async(at, expr.b)
        }
      case 'throw':
        throw new Error(failureText(await this.async(at, expr.a)))
      case 'volatile':
        at.q.volatile()
        return this.async(at, expr.a)
      case 'signal':
        void at.q.signal.aborted
        return this.async(at, expr.a)
      case 'intern':
        return this.interned(at, await this.async(at, expr.a))
      case 'emit':
        return this.emitted(at, await this.async(at, expr.a))
      case 'step':
        await this.scheduler.step()
        return this.async(at, expr.a)
      case 'all': {
        const results = await Promise.allSettled(expr.list.map((item) => this.async(at, item)))
        return results.reduce((sum, result) => {
          if (result.status === 'rejected') throw result.reason
          return sum + result.value
        }, 0)
      }
      case 'race':
        try {
          const values = await Promise.all(expr.list.map((item) => this.async(at, item)))
          return values.reduce((sum, value) => sum + value, 0)
        } catch {
          return expr.n
        }
      default:
        return this.leaf(at, expr, 'key' in expr && expr.key !== null ? keyOf(await this.async(at, expr.key)) : null)
    }
  }
}
