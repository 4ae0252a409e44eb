/**
 * Cycles that have an answer: the queries on them that declare `cycle: { initial }` are computed in rounds until nothing changes.
 *
 *   round 0: every head shows its initial value
 *   round n: every head is computed from what all heads showed in round n - 1      in a branch of its own: nobody else sees it
 *   nothing changed? that is what everybody on the cycle reads, and so computes himself
 *
 * All heads go on together, never one from the newer value of another, so that it does not matter where the cycle was entered. Where a
 * round meets another cycle with heads of its own, they join, and all begins again. The rest of a cycle is computed from the heads.
 */
import { Branch, Job, type Solving } from './branch.js'
import { FixpointError } from './errors.js'
import { defaultEquals, failureEquals } from './equality.js'
import { isEqual } from './judge.js'
import { bodyOf, type Cell, FAILED, type Failure, idOf, isCell, type Memo, type Outcome, type Slot } from './node.js'
import { localOf, rootOf } from './records.js'
import type { Revision } from './revision.js'
import type { Root } from './root.js'

/** What rounds need of the engine. */
export interface Rounds {
  /** Computes a cell in a frozen branch, whatever is known of it there; `done` is told its outcome, or null where it was cancelled. */
  evaluate(branch: Branch, cell: Cell, done: (outcome: Outcome | null) => void): void
  idle(): void
}

/** How many rounds there may be. */
const LIMIT = 200

export const isHead = (cell: Cell): boolean => 'initial' in (bodyOf(cell).options.cycle ?? {})

/** One round: a branch of its own, in which heads show what they came to in the round before. */
class Round implements Solving {
  readonly branch: Branch
  /** The slots that were read. */
  readonly read = new Set<Slot>()
  readonly results: Map<Cell, Outcome> = new Map()
  private readonly fixpoint: Fixpoint
  private readonly shown: ReadonlyMap<Cell, Memo>
  /** What was computed from what heads showed. */
  private readonly provisional: Set<Cell> = new Set()

  constructor(fixpoint: Fixpoint, branch: Branch, shown: ReadonlyMap<Cell, Memo>) {
    this.fixpoint = fixpoint
    this.branch = branch
    this.shown = shown
    branch.solving = this
    for (const [origin, memo] of shown) branch.memos.set(origin, memo)
  }

  get heads(): Cell[] {
    return [...this.shown.keys()]
  }

  /** A head that shows something in this round; others may be found while it lasts. */
  shows(cell: Cell): boolean {
    return this.shown.has(cell.origin)
  }

  /** What is left of an earlier round may meet cycles as well: nobody waits for it. */
  grow(heads: readonly Cell[]): void {
    if (this.fixpoint.branch === this.branch && this.fixpoint.state === 'working') this.fixpoint.grow(heads)
  }

  /** A run of this round has settled. Returns whether what it gave is good for this round only. */
  note(cell: Cell, memo: Memo): boolean {
    for (const dep of memo.deps) if (!isCell(dep)) this.read.add(dep)
    const isProvisional = memo.deps.some((dep) => this.shown.has(dep as Cell) || this.provisional.has(dep as Cell))
    if (isProvisional) this.provisional.add(cell.origin)
    return isProvisional
  }
}

/** One cycle of one state, being answered. */
export class Fixpoint {
  state: 'working' | 'solved' | 'failed' = 'working'
  error: FixpointError | null = null
  /** The state it is of: the branch moves on. */
  private readonly from: Branch
  private readonly parent: Branch
  private readonly root: Root
  private readonly base: Revision
  private readonly revision: Revision
  private readonly rounds: Rounds
  /** The heads, as records of the head branch, and what they show in the next round. */
  private readonly shown: Map<Cell, Memo> = new Map()
  private round!: Round
  /** The slots read in the rounds before. */
  private readonly read = new Set<Slot>()
  private count = 0
  private grown = false
  private cancelled = false
  private readonly listeners: (() => void)[] = []

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

  /** The branch of the present round; in the end, that in which everybody on the cycle can be read. */
  get branch(): Branch {
    return this.round.branch
  }

  has(cell: Cell): boolean {
    return this.shown.has(cell.origin)
  }

  /** Calls back once it is no longer working. */
  whenDone(listener: () => void): void {
    this.listeners.push(listener)
  }

  /** The round has met a cycle with heads that are none of ours. */
  grow(heads: readonly Cell[]): void {
    const others = heads.filter((head) => !this.has(head))
    for (const { origin } of others) this.begin(origin)
    if (others.length > 0) this.grown = true
  }

  private begin(origin: Cell): void {
    const { family } = this.from
    const { initial } = bodyOf(origin).options.cycle as { readonly initial: unknown }
    this.shown.set(origin, { value: initial, flags: 0, stamp: family.stamps++, changedAt: this.revision, deps: [], stamps: [], verifiedAt: this.base, promise: null, seen: null, emitted: null })
  }

  private work(): void {
    while (this.state === 'working') {
      const round = this.openRound()
      const { branch, heads, results } = round
      let left = heads.length
      let isWaiting = false
      for (const origin of heads) {
        this.rounds.evaluate(branch, localOf(branch.home, origin) as Cell, (outcome) => {
          if (outcome === null) this.cancelled = true
          else results.set(origin, outcome)
          if (--left === 0 && isWaiting) this.goOn()
        })
      }
      if (left > 0) {
        isWaiting = true
        return
      }
      this.close()
    }
  }

  /** The last run of an asynchronous round has ended. */
  private goOn(): void {
    queueMicrotask(() => {
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
    this.round = new Round(this, branch, new Map(this.shown))
    return this.round
  }

  /** What only earlier rounds have read: the answer depends on it, and no body will read it for the answer. */
  get passed(): Slot[] {
    return [...this.read].filter((slot) => !this.round.read.has(slot))
  }

  /** Compares what the round gave with what it began with. */
  private close(): void {
    if (this.cancelled) return this.end('failed')
    for (const slot of this.round.read) this.read.add(slot)
    if (this.grown) {
      this.grown = false
      this.count = 0
      for (const origin of this.round.heads) this.begin(origin)
      return undefined
    }
    let isStill = true
    for (const [origin, memo] of this.shown) {
      const outcome = this.round.results.get(origin) as Outcome
      if (isSame(origin, memo, outcome)) continue
      isStill = false
      this.shown.set(origin, { ...memo, value: outcome.value, flags: outcome.flags, stamp: this.from.family.stamps++, promise: null })
    }
    if (isStill) return this.end('solved')
    const limit = Math.min(...[...this.shown.keys()].map((cell) => (bodyOf(cell).options.cycle as { readonly limit?: number }).limit ?? LIMIT))
    if (++this.count >= limit) this.end('failed')
    return undefined
  }

  private end(state: 'solved' | 'failed'): void {
    this.state = state
    if (state === 'failed') this.error = new FixpointError([...this.shown.keys()].map(idOf).toSorted(), this.count)
    for (const listener of this.listeners.splice(0)) listener()
  }
}

function isSame(cell: Cell, before: Outcome, after: Outcome): boolean {
  if (((before.flags ^ after.flags) & FAILED) !== 0) return false
  if ((before.flags & FAILED) !== 0) return failureEquals((before.value as Failure).error, (after.value as Failure).error)
  return bodyOf(cell).options.equals === false ? defaultEquals(before.value, after.value) : isEqual(cell, before.value, after.value)
}
