/**
 * Cycles that have an answer: the queries on them that declare `cycle: { initial }` are computed in rounds until nothing changes.
 *
 *   round 0: every head shows its initial value
 *   round n: every head is computed from what all heads showed in round n - 1      in a branch of its own: nobody else sees it
 *   nothing changed? that is what everybody on the cycle reads, and so computes himself
 *
 * In a round all heads go on together, never one from the newer value of another, so that it does not matter where the cycle was entered. After
 * the first rounds they also go on one after the other, each after those he has read, in an order that is that of the cycle alone: so a value
 * comes round a long cycle in one such sweep, and not by one step a round. For the same reason each cycle is answered by itself: where a round meets heads that were not known, all begins again with them, and a cycle that
 * reads another one begins once that has its answer, or its error.
 */
import { makeAnswer } from './answer.js'
import { Branch, type Evaluation, Job, type Reads, type Solved, type Wait } from './branch.js'
import { componentsOf, sweepOf } from './components.js'
import { EqualityError, FixpointError } from './errors.js'
import { isSameOutcome } from './judge.js'
import { leave } from './job.js'
import { ASYNC, bodyOf, type Cell, FAILED, Failure, idOf, type Memo, type Outcome } from './node.js'
import { localOf, rootOf } from './records.js'
import type { Revision } from './revision.js'
import type { Root } from './root.js'
import { Round, RoundReads, type Solution, type Solver } from './round.js'
import { isAsync } from './run.js'

/** What rounds need of the engine. */
export interface Rounds {
  /** Computes a cell in a frozen branch, whatever is known of it there; `done` is told its outcome, or null where it was cancelled. */
  evaluate(branch: Branch, cell: Cell, done: (outcome: Outcome | null) => void): Wait
  idle(): void
}

/** An evaluation that waits for the answer. */
export interface Reader {
  readonly frame: Evaluation
  done(): void
  /** All that waited were given up. */
  left(reason: unknown): void
}

/** How many rounds there may be. */
const LIMIT = 200
/** From this round on there is a sweep between two rounds. */
const SWEEPING = 4

export const isHead = (cell: Cell): boolean => 'initial' in (bodyOf(cell).options.cycle ?? {})

/** The cycles of one state that are met from one read, being answered. */
export class Fixpoint implements Solved, Solver {
  state: 'working' | 'done' = 'working'
  private readonly solutions: Solution[] = []
  /** The state it is of: the branch moves on. */
  private readonly from: Branch
  private readonly parent: Branch
  private readonly root: Root
  private readonly base: Revision
  private readonly revision: Revision
  private readonly rounds: Rounds
  /** The heads, as records of the head branch, and what they show in the next round. */
  private readonly shown: Map<Cell, Memo> = new Map()
  /** What stands of the cycles that are done with. */
  private readonly settled: Map<Cell, Memo> = new Map()
  private round!: Round
  /** What is left of a sweep: the heads of each step. */
  private sweep: (readonly Cell[])[] = []
  private readonly needs: RoundReads = new RoundReads()
  /** Cells that stand and lead to no head. */
  private readonly apart: Set<Cell> = new Set()
  private count = 0
  private grown = false
  private cancelled = false
  private readonly readers: Reader[] = []
  /** For what is evaluated at present. */
  private waits: Wait[] = []
  /** Why there will be no answer. */
  private reason: unknown = undefined

  constructor(from: Branch, heads: readonly Cell[], rounds: Rounds) {
    this.from = from
    this.parent = from.frozen ? (from.parent as Branch) : from
    this.root = rootOf(from)
    this.base = from.frozen ? from.base : from.revision
    this.revision = from.revision
    this.rounds = rounds
    for (const { origin } of heads) this.begin(origin)
    this.work()
  }

  /** The branch of the present round; in the end, that in which everybody on the cycles can be read. */
  get branch(): Branch {
    return this.round.branch
  }

  has(cell: Cell): boolean {
    return this.shown.has(cell.origin) || this.solutionOf(cell) !== undefined
  }

  /** What the cycle of a head has come to. */
  solutionOf(cell: Cell): Solution | undefined {
    return this.solutions.find(({ cells }) => cells.has(cell.origin))
  }

  /** Calls back once it is no longer working. */
  whenDone(reader: Reader): void {
    this.readers.push(reader)
  }

  /** Somebody was given up: if that leaves nobody who waits for an answer, there will be none. */
  reconsider(reason: unknown): void {
    const { readers, waits } = this
    if (this.state === 'done' || readers.length === 0 || readers.some(({ frame: { job } }) => job?.cancelled !== true)) return
    this.shown.clear()
    this.solutions.length = 0
    this.reason = reason
    this.finish()
    for (const wait of waits) leave(wait, reason)
    for (const reader of readers.splice(0)) reader.left(reason)
  }

  /** The round has met a cycle with heads that are none of ours. */
  grow(heads: readonly Cell[]): void {
    const others = heads.filter((head) => !this.has(head))
    for (const { origin } of others) this.begin(origin)
    if (others.length > 0) this.grown = true
  }

  note(cell: Cell, reads: Reads, peeked: Iterable<Cell>): void {
    this.needs.note(cell, reads, peeked)
  }

  private begin(origin: Cell): void {
    const { initial } = bodyOf(origin).options.cycle as { readonly initial: unknown }
    this.shown.set(origin, this.memoFor(origin, initial, 0))
  }

  private memoFor(origin: Cell, value: unknown, flags: number): Memo {
    return { value, flags: flags | (isAsync(origin) ? ASYNC : 0), stamp: this.from.family.stamps++, changedAt: this.revision, deps: [], stamps: [], verifiedAt: this.base, promise: null, seen: null, emitted: null }
  }

  private get isDone(): boolean {
    return this.state === 'done'
  }

  private work(): void {
    while (this.state === 'working') {
      const step = this.sweep[0] ?? null
      const { branch, heads: all, results } = step === null ? this.openRound() : this.round
      const heads = step ?? all
      let left = heads.length
      let isWaiting = false
      this.waits = []
      for (const origin of heads) {
        const wait = this.rounds.evaluate(branch, localOf(branch.home, origin) as Cell, (outcome) => {
          if (outcome === null) this.cancelled = true
          else results.set(origin, outcome)
          if (--left === 0 && isWaiting) this.goOn()
        })
        this.waits.push(wait)
        // A body has given up whoever waited.
        if (this.isDone) return leave(wait, this.reason)
      }
      if (left > 0) {
        isWaiting = true
        this.from.family.solving.add(this)
        return undefined
      }
      this.close()
    }
  }

  /** The last run of an asynchronous round has ended. */
  private goOn(): void {
    queueMicrotask(() => {
      if (this.isDone) return
      // The view may have gone since.
      if (this.from.hub.closed) this.cancelled = true
      this.close()
      this.work()
      this.rounds.idle()
    })
  }

  private openRound(): Round {
    const { from } = this
    const branch = new Branch(from.family, this.parent, from.hub, this.root)
    branch.base = this.base
    branch.revision = this.revision
    for (const [cell, known] of from.frozen ? from.memos : []) if (known !== null && !(known instanceof Job)) branch.memos.set(cell, known)
    for (const memos of [this.settled, this.shown]) for (const [origin, memo] of memos) branch.memos.set(origin, memo)
    this.round = new Round(this, branch, new Map(this.shown), this.apart)
    return this.round
  }

  /** Compares what the round gave with what it began with, and finds out which cycles are done with. */
  private close(): void {
    if (this.cancelled) {
      this.solve(new Set(this.shown.keys()), true)
      return this.end()
    }
    const step = this.sweep.shift()
    if (step !== undefined) return this.closeStep(step)
    const parts = componentsOf(this.shown.keys(), (cell) => this.needs.cellsOf(cell)).map((cells) => new Set(cells))
    for (const cells of parts) if (cells.size > 1 || this.needs.areOnThemselves(cells)) this.grow([...cells].filter(isHead))
    if (this.grown) return this.beginAgain()
    const changed = this.compare(this.shown.keys())
    this.count++
    const { size } = this.settled
    const closed = this.needs.closedAmong(parts, (cell) => this.shown.has(cell))
    for (const cells of closed) {
      const heads = [...cells].filter((cell) => this.shown.has(cell))
      if (!heads.some((head) => changed.has(head))) this.solve(cells, false)
      else if (this.count >= Math.min(...heads.map(limitOf))) this.solve(cells, true)
    }
    if (this.shown.size === 0) this.end()
    else if (this.settled.size > size) this.beginAgain()
    else if (this.count >= SWEEPING) this.sweep = closed.flatMap((cells) => this.stepsIn(cells))
    if (this.sweep.length > 0) this.openRound()
    return undefined
  }

  /** The next step is computed from what this one gave. */
  private closeStep(heads: readonly Cell[]): void {
    if (this.grown) return this.beginAgain()
    const changed = this.compare(heads)
    if (changed.size === 0 || this.sweep.length === 0) return undefined
    // What somebody has left alone is on its way still, and was begun from what was shown before.
    if (this.branch.jobs !== null) this.openRound()
    else this.round.renew([...changed].map((head) => [head, this.shown.get(head) as Memo]))
    return undefined
  }

  /** The heads of a cycle in the order of a sweep. */
  private stepsIn(cells: ReadonlySet<Cell>): (readonly Cell[])[] {
    const steps = sweepOf(cells, idOf, (cell) => this.needs.cellsOf(cell)).map((step) => step.filter((cell) => this.shown.has(cell)))
    const swept = steps.filter((heads) => heads.length > 0)
    return swept.length > 1 ? swept : []
  }

  /** Everybody takes up again what he showed first. What was read until then led here, and no further. */
  private beginAgain(): void {
    this.grown = false
    this.count = 0
    this.sweep = []
    this.needs.clear()
    this.apart.clear()
    for (const origin of this.shown.keys()) this.begin(origin)
  }

  /** What heads came to is what they show next. Returns those that show something else by that. */
  private compare(heads: Iterable<Cell>): Set<Cell> {
    const changed = new Set<Cell>()
    for (const origin of heads) {
      const memo = this.shown.get(origin) as Memo
      let { value, flags } = this.round.results.get(origin) as Outcome
      try {
        if (isSameOutcome(origin, memo, { value, flags })) continue
      } catch (thrown) {
        value = new Failure(new EqualityError(origin.table.definition.name, thrown), idOf(origin), null, null, true, false, null)
        flags |= FAILED
      }
      changed.add(origin)
      this.shown.set(origin, { ...memo, value, flags, stamp: this.from.family.stamps++, promise: null })
    }
    return changed
  }

  private solve(cells: ReadonlySet<Cell>, isFailed: boolean): void {
    const { from, settled, shown } = this
    const error = isFailed ? new FixpointError([...cells].filter((cell) => shown.has(cell)).map(idOf).toSorted(), this.count) : null
    this.solutions.push({ cells, error, answer: makeAnswer(from.family.head, this.needs.readBy(cells), this.needs.awaited) })
    for (const cell of cells) {
      const known = shown.get(cell) ?? this.branch.memos.get(cell)
      if (error !== null) settled.set(cell, this.memoFor(cell, new Failure(error, idOf(cell), null, null, true, true, null), FAILED))
      else if (known != null && !(known instanceof Job)) settled.set(cell, known)
      shown.delete(cell)
    }
  }

  private end(): void {
    this.finish()
    for (const reader of this.readers.splice(0)) reader.done()
  }

  private finish(): void {
    this.state = 'done'
    this.needs.clear()
    this.from.family.solving.delete(this)
  }
}

const limitOf = (cell: Cell): number => (bodyOf(cell).options.cycle as { readonly limit?: number }).limit ?? LIMIT
