/**
 * What a program must answer in a given state: recomputed from the inputs by plain recursion, without any engine.
 *
 * Cycles: whoever needs himself fails as a cycle, and so does everybody on the ring, whatever their bodies catch. The members
 * of a ring are found as Tarjan finds strong components: `low` is the oldest evaluation that a cell has reached
 * back to. A cell that only reads a member of a ring gets an ordinary failure, which it may catch. Where a member has a fallback, that is
 * what everybody reads.
 *
 * Queries with an initial value are computed in rounds, all that are reached at once, until nothing changes.
 */
import { failureText, keyOf, remainder, valueOf } from './interpret.js'
import { type Expr, MOST, type Program, type QuerySpec } from './program.js'

/** A value, or the text of a failure. */
export type Outcome = number | string

export interface SlotState {
  /** Absent: undefined. */
  readonly value: number | undefined
  /** The write it comes from. */
  readonly version: number
}

/** The inputs of one view at one revision. Never changed. */
export interface State {
  readonly revision: number
  readonly slots: ReadonlyMap<string, SlotState>
}

export const CYCLE = 'cycle'
export const MISSING = 'missing'
export const slotId = (i: number, key: number | null): string => (key === null ? `i${i}` : `i${i}(${key})`)
export const cellId = (i: number, arg: number | null): string => (arg === null ? `q${i}` : `q${i}(${arg})`)

class NaiveFailure extends Error {}

export interface Evaluation {
  readonly index: number
  low: number
  done: boolean
  cyclic: boolean
  volatile: boolean
  outcome: Outcome
  /** It may give a plain value here, and a promise elsewhere. */
  isPlain: boolean
  /** Ids of what it read itself. */
  readonly reads: Set<string>
  readonly emitted: number[]
}

/** A query that is computed in rounds, and what it shows in this one. */
interface Head {
  readonly i: number
  readonly arg: number | null
  outcome: Outcome
}

const isHead = ({ cycle }: QuerySpec): boolean => cycle !== undefined && 'initial' in cycle

export class Naive {
  private readonly program: Program
  private readonly state: State
  readonly evaluations = new Map<string, Evaluation>()
  /** In a round: what the heads show. */
  private readonly heads: Map<string, Head> | null

  constructor(program: Program, state: State, heads: Map<string, Head> | null = null) {
    this.program = program
    this.state = state
    this.heads = heads
  }

  cell(i: number, arg: number | null): Evaluation {
    const id = cellId(i, arg)
    const known = this.evaluations.get(id)
    if (known !== undefined) return known
    if (this.heads !== null || !this.program.queries.some(isHead)) return this.evaluate(id, i, arg)
    const solved = this.solve(id, i, arg)
    this.evaluations.set(id, solved)
    return solved
  }

  /** Computes a cell in rounds, with all heads that it reaches. */
  private solve(id: string, i: number, arg: number | null): Evaluation {
    const heads = new Map<string, Head>()
    for (;;) {
      const round = new Naive(this.program, this.state, heads)
      const found = round.evaluate(id, i, arg)
      const before = [...heads]
      const outcomes = before.map(([, { i: query, arg: own }]) => round.cell(query, own).outcome)
      let isStill = heads.size === before.length
      for (const [at, [, head]] of before.entries()) {
        if (head.outcome === outcomes[at]) continue
        isStill = false
        head.outcome = outcomes[at] as Outcome
      }
      if (isStill) return { ...found, low: Infinity }
    }
  }

  /** What a head shows in this round. */
  private show(heads: Map<string, Head>, id: string, i: number, arg: number | null): number {
    let head = heads.get(id)
    if (head === undefined) heads.set(id, (head = { i, arg, outcome: 0 }))
    if (typeof head.outcome === 'string') throw new NaiveFailure(head.outcome)
    return head.outcome
  }

  /** What was emitted by a cell and all it has read, however far below: each cell once, in any order. */
  itemsOf(i: number, arg: number | null): number[] {
    this.cell(i, arg)
    const met = new Set([cellId(i, arg)])
    const items: number[] = []
    for (const id of met) {
      const evaluation = this.evaluations.get(id)
      items.push(...(evaluation?.emitted ?? []))
      for (const read of evaluation?.reads ?? []) met.add(read)
    }
    return items
  }

  /** A function without a name, as `read` and `live` evaluate them. */
  outcomeOf(expr: Expr): Outcome {
    const at = this.begin()
    return this.attempt(() => this.value(expr, at, 0))
  }

  private begin(): Evaluation {
    const index = this.evaluations.size
    return { index, low: index, done: false, cyclic: false, volatile: false, outcome: 0, isPlain: false, reads: new Set(), emitted: [] }
  }

  private attempt(run: () => number): Outcome {
    try {
      return run()
    } catch (error) {
      if (error instanceof NaiveFailure) return error.message
      throw error
    }
  }

  private evaluate(id: string, i: number, arg: number | null): Evaluation {
    const spec = this.program.queries[i]
    if (spec === undefined) throw new Error(`no query ${i}`)
    const at = this.begin()
    this.evaluations.set(id, at)
    const outcome = this.attempt(() => {
      const isPlain = spec.kind === 'mixed' && remainder(this.value(spec.test, at, arg ?? 0), 2) === 0
      at.isPlain = isPlain
      const value = isPlain ? (arg ?? 0) : this.value(spec.body, at, arg ?? 0)
      return isHead(spec) ? Math.min(MOST, value) : value
    })
    at.done = true
    at.outcome = at.cyclic || at.low < at.index ? this.shownOnCycle(i) : outcome
    if (typeof at.outcome === 'string') at.emitted.length = 0
    // The oldest of a ring has ended: whoever reads its members from now on is not on it.
    if (at.low === at.index) for (const member of this.evaluations.values()) if (member.index >= at.index) member.low = Infinity
    return at
  }

  /** What a member of a cycle shows to everybody. */
  private shownOnCycle(i: number): Outcome {
    const cycle = this.program.queries[i]?.cycle
    return cycle !== undefined && 'fallback' in cycle ? cycle.fallback : CYCLE
  }

  private query(i: number, arg: number | null, reader: Evaluation): number {
    const id = cellId(i, arg)
    reader.reads.add(id)
    if (this.heads !== null && isHead(this.program.queries[i] as QuerySpec)) return this.show(this.heads, id, i, arg)
    const cell = this.cell(i, arg)
    if (!cell.done) {
      cell.cyclic = true
      reader.low = Math.min(reader.low, cell.index)
      const shown = this.shownOnCycle(i)
      if (typeof shown === 'number') return shown
      throw new NaiveFailure(CYCLE)
    }
    reader.low = Math.min(reader.low, cell.low)
    if (typeof cell.outcome === 'string') throw new NaiveFailure(cell.outcome)
    return cell.outcome
  }

  slot(id: string, i: number): number | undefined {
    return this.state.slots.get(id)?.value ?? this.program.inputs[i]?.initial ?? undefined
  }

  /** The values that an input holds of its own. */
  private stored(i: number): number[] {
    const values: number[] = []
    for (const [id, { value }] of this.state.slots) if (value !== undefined && (id === `i${i}` || id.startsWith(`i${i}(`))) values.push(value)
    return values
  }

  private all(list: readonly Expr[], at: Evaluation, arg: number): Outcome[] {
    return list.map((item) => this.attempt(() => this.value(item, at, arg)))
  }

  private value(expr: Expr, at: Evaluation, arg: number): number {
    switch (expr.t) {
      case 'const':
        return expr.n
      case 'arg':
        return arg
      case 'revision':
        at.volatile = true
        return this.state.revision % 3
      case 'keys':
        at.reads.add(`keys i${expr.i}`)
        return this.stored(expr.i).length
      case 'entries':
        at.reads.add(`entries i${expr.i}`)
        return this.stored(expr.i).reduce((sum, value) => sum + value, 0)
      case 'input':
      case 'has': {
        const id = slotId(expr.i, expr.key === null ? null : keyOf(this.value(expr.key, at, arg)))
        at.reads.add(id)
        const value = this.slot(id, expr.i)
        if (expr.t === 'has') return value === undefined ? 0 : 1
        if (value === undefined && this.program.inputs[expr.i]?.required === true) throw new NaiveFailure(`${MISSING} ${id}`)
        return valueOf(value)
      }
      case 'descend':
        return (arg > 0 ? this.query(expr.i, arg - 1, at) : 0) + this.value(expr.a, at, arg)
      case 'query':
      case 'peek':
        return this.query(expr.i, expr.arg === null ? null : keyOf(this.value(expr.arg, at, arg)), at)
      case 'add':
        return this.value(expr.a, at, arg) + this.value(expr.b, at, arg)
      case 'max':
        return Math.max(this.value(expr.a, at, arg), this.value(expr.b, at, arg))
      case 'from': {
        const a = this.value(expr.a, at, arg)
        return a < expr.n ? a : Math.max(a, this.value(expr.b, at, arg))
      }
      case 'mod':
        return remainder(this.value(expr.a, at, arg), expr.m)
      case 'if':
        return this.value(remainder(this.value(expr.c, at, arg), 2) === 1 ? expr.a : expr.b, at, arg)
      case 'try': {
        const outcome = this.attempt(() => this.value(expr.a, at, arg))
        return typeof outcome === 'string' ? this.value(expr.b, at, arg) : outcome
      }
      case 'throw':
        throw new NaiveFailure(failureText(this.value(expr.a, at, arg)))
      case 'volatile':
        at.volatile = true
        return this.value(expr.a, at, arg)
      case 'emit': {
        const value = this.value(expr.a, at, arg)
        at.emitted.push(value)
        return value
      }
      case 'step':
      case 'signal':
      case 'intern':
        return this.value(expr.a, at, arg)
      case 'all':
        return this.all(expr.list, at, arg).reduce((sum: number, outcome) => {
          if (typeof outcome === 'string') throw new NaiveFailure(outcome)
          return sum + outcome
        }, 0)
      default: {
        // race
        const outcomes = this.all(expr.list, at, arg)
        return outcomes.some((outcome) => typeof outcome === 'string') ? expr.n : outcomes.reduce((sum: number, outcome) => sum + (outcome as number), 0)
      }
    }
  }
}
