/**
 * Longer than 300 lines: the algorithm is one, and is read here from top to bottom.
 *
 *   demand ─> refresh (live: marks, then stamps) ─┐
 *          └> prove   (frozen: stamps alone) ─────┴─> compute ─> settle
 *
 * Every read ends in `demand`: the outcome of a cell in a branch, or the job that will tell. In a live branch `refresh` walks
 * the marked cells with a stack of its own, each in the order it read: the first dependency that shows another stamp than the
 * cell saw makes it run. In a frozen branch there are no marks; `prove` looks for a memo all of whose stamps hold there.
 *
 * Synchronous first: a body that returns a plain value is settled on the caller's stack. One that returns a promise gets
 * a job, and whoever needs it meanwhile gets one as well, waiting. A job that a commit overtakes was moved to a frozen branch
 * (see branch.ts); its outcome then stands there, and is put into the live cell as MAYBE at most.
 *
 * Traps, each found by a random history: the stamp recorded for a dependency is that of the outcome handed over, taken in the
 * same step; edges count from the first read of a run; a cell that is marked has nothing unmarked above it, so whatever
 * leaves a cell marked outside a commit marks upwards first; what a job left unfinished can be joined from no cell.
 */
import { ANSWERED, type Branch, CYCLES, ELSEWHERE, ENDED, type Evaluation, type Family, type Host, Job, READING, type Unwind, VOLATILES, type Wait } from './branch.js'
import { breakRing, type Members, membersOfJobs, membersOnStack, reportCycle, validatedBetween } from './cycle.js'
import { keepAnswer } from './answer.js'
import { Fixpoint, isHead, type Rounds } from './fixpoint.js'
import type { Solution } from './round.js'
import { countedRun, Frame, jobOf } from './frame.js'
import { cutEdges, insertEdge, isClosed, wake } from './graph.js'
import { addWait, completeRead, finishJob, ignore, needsValue, openJob, promiseOf, settledPromise } from './job.js'
import { addFlight, flightFor, flightsTo, isOnItsWay, readsOf } from './flights.js'
import { isCycle, waitsFor } from './wait-graph.js'
import {
  APART, ASYNC, beginRun, BOUNDED, BROKEN, BY_ANSWER, type Cell, CHECKING, CLEAN, DIRTY, type Edge, ENGAGED, EVICTED, FAILED, Failure, fallbackOf, idOf, IN_RING, isAnswer, isCell, isEffect, isFresh, isPassing, keepPlain, levelIn, markAdopted, markTainted,
  markVerified, MAYBE, type Memo, type Node, ON_RING, OUTCOME, type Outcome, PENDING, placeEmitted, placeOutcome, RUNNING, SOFT, TAINTED, TRANSIENT, USED, VOLATILE,
} from './node.js'
import { admit } from './memory.js'
import { isUnfed } from './missed.js'
import { invalidationOf, localOf, stampIn } from './records.js'
import { ABSENT, type Stamp } from './revision.js'
import { dateAdopted, dated } from './dates.js'
import { asProved, compared, isKnownAs, lowerProved } from './judge.js'
import { endHeld, execute, executePlain, frameFor, isAsync, isThenable } from './run.js'
import { isSeenAgain, showsAgain, takeUp, withdraw } from './past.js'
import { giveWay, isOpen, joinCycle, mark } from './ring.js'
import { candidatesOf, choicesOf, dropShelf, keptFor, memoOf, retain } from './share.js'
import { causeOf, tellRead } from './tell.js'

/** How much had been given up, and was being looked for, before. */
interface Before {
  readonly level: number
  readonly looked: number
}

/** A cell to be computed in its turn. */
interface Target extends Unwind, Before {
  readonly own: Job | null
}

/** What needs the long way. */
const UNUSUAL: number = OUTCOME | RUNNING | CHECKING | BROKEN | SOFT | APART | ENGAGED | EVICTED | BOUNDED

/** Of an asynchronous cell, `ASYNC` being the usual. */
const UNUSUAL_ASYNC: number = OUTCOME | RUNNING | CHECKING | BROKEN | APART | EVICTED | BOUNDED

/** How to bring one cell up to date. */
type Step = 'walk' | 'run'

export class Engine implements Host, Rounds {
  private family!: Family
  /** The stack of `refresh`: cells, and the edge at which each stands. */
  private readonly cells: Cell[] = []
  private readonly edges: (Edge | null)[] = []

  /** How many calls of `refreshPlain` are on the stack; whoever catches what is thrown through them sets it back. */
  private standing = 0

  serve(family: Family): void {
    this.family = family
  }

  // ── Demand ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The outcome of a cell in a branch, or the job that will tell. `own`: a job that goes on after a wait. */
  demand(branch: Branch, cell: Cell, own: Job | null): Outcome | Job {
    return this.family.depth > this.family.floor ? this.reach(branch, cell, own) : this.demandFromHere(branch, cell, own)
  }

  /** A demand that frees the stack above it when it gets too deep: the deepest cell is computed first. */
  private demandFromHere(branch: Branch, cell: Cell, own: Job | null): Outcome | Job {
    const { standing, family } = this
    const level = family.givenUp.length
    const looked = family.lookedFor.length
    try {
      return this.reach(branch, cell, own)
    } catch (thrown) {
      this.standing = standing
      const root = { branch, cell, own, level, looked }
      return this.demandDeep(root, this.unwoundBy(thrown, root))
    }
  }

  /** The stack had to be given up: it is built up again from the deepest cell that is asked for, as often as it takes. */
  private demandDeep(root: Target, first: Unwind): Outcome | Job {
    const { family, standing } = this
    const targets = [root]
    let deeper: Unwind | null = first
    let answer: Outcome | Job | null = null
    for (;;) {
      if (deeper !== null) {
        // The stack gave its cells up from the top.
        for (const { at } of family.givenUp.splice((targets.at(-1) as Target).level).toReversed()) family.givenUp.push({ at, below: family.active })
        targets.push({ ...deeper, own: null, level: family.givenUp.length, looked: family.lookedFor.length })
        deeper = null
      }
      const target = targets.at(-1) as Target
      try {
        const found = this.reach(target.branch, target.cell, target.own)
        if (targets.length === 1) answer ??= found
        targets.pop()
        this.takeUp(targets.at(-1) ?? root)
        target.branch.unwound?.delete(target.cell)
        const left = family.hasCycles ? this.leftOnCycle() : null
        if (left !== null && left.cell !== targets.at(-1)?.cell) targets.push({ branch: left.branch, cell: left.cell, own: null, level: family.givenUp.length, looked: family.lookedFor.length })
        if (targets.length === 0) {
          if (root.level === 0) this.forgetUnwound()
          return answer as Outcome | Job
        }
      } catch (thrown) {
        this.standing = standing
        deeper = this.unwoundBy(thrown, root)
      }
    }
  }

  /**
   * The outermost of those on a cycle that were given up. Who has read one of them has settled, or may be on the cycle too: so it comes before
   * what needs it, and also where nobody needs it any more.
   */
  private leftOnCycle(): Evaluation | null {
    let outermost: Evaluation | null = null
    for (const { unwound, givenUp } of this.family.unwoundIn) {
      for (const [cell, at] of unwound ?? []) {
        if (at.cycle === null || givenUp?.has(cell) === true || (at.job !== null && at.job.phase !== 'done')) continue
        if (outermost === null || at.run < outermost.run) outermost = at
      }
    }
    return outermost
  }

  private forgetUnwound(): void {
    const { unwoundIn } = this.family
    for (const branch of unwoundIn) branch.unwound = null
    unwoundIn.clear()
  }

  /** The signal by which the stack was given up. Anything else goes on, and leaves nothing behind. */
  private unwoundBy(thrown: unknown, before: Before): Unwind {
    const { unwind } = this.family
    if (unwind === null || thrown !== unwind) {
      this.takeUp(before)
      if (before.level === 0) this.forgetUnwound()
      throw thrown
    }
    this.family.unwind = null
    return unwind
  }

  /** What was given up, or being looked for, above this level is so no more: it is demanded again. */
  private takeUp({ level, looked }: Before): void {
    const { givenUp, lookedFor } = this.family
    for (const { branch, cell } of lookedFor.splice(looked)) if (branch.memos.get(cell.origin) === null) branch.memos.delete(cell.origin)
    for (const { at } of givenUp.splice(level)) at.branch.givenUp?.delete(at.cell)
  }

  private reach(branch: Branch, cell: Cell, own: Job | null): Outcome | Job {
    if (branch.frozen) {
      const found = own === null ? this.prove(branch, cell) : this.proveOn(own)
      return found instanceof Job || (found.flags & EVICTED) === 0 ? found : this.computeElsewhere(branch, cell, null, found.stamp)
    }
    if ((cell.flags & BOUNDED) !== 0 && isFresh(cell)) cell.flags |= USED
    const job = this.refresh(cell, own)
    if (job !== null) return job
    // What holds here is the stamp alone: the body runs again, to give what it gave.
    if (own !== null || (cell.flags & EVICTED) === 0) return cell
    return goingOn(cell) ?? this.compute(cell, null, cell.stamp) ?? cell
  }

  // ── Reading: the doors of evaluations ──────────────────────────────────────────────────────────────────────────

  read(frame: Evaluation, cell: Cell, edge: Edge | null): unknown {
    if ((cell.mark !== CLEAN && !isFresh(cell)) || (cell.flags & EVICTED) !== 0) {
      if (!this.readPlain(frame, cell)) {
        const job = this.demandFor(frame, frame.branch, cell)
        if (job === ON_CYCLE) return this.readRing(frame, frame.branch, cell, edge, null, edge !== null)
        if (job !== null) return this.join(frame, cell, edge, job)
      }
    } else {
      if ((cell.flags & BOUNDED) !== 0) cell.flags |= USED
      if (frame.branch.hub.active) this.tellRead(frame.branch, cell, 'queryHit')
    }
    if (edge !== null && (cell.flags & OUTCOME) === 0 && frame.job === null) {
      edge.stamp = cell.stamp
      if (cell.changedAt > frame.changedAt) frame.changedAt = cell.changedAt
      return cell.value
    }
    if (edge !== null) completeRead(frame, cell, edge, frame.run, cell)
    if ((cell.flags & (FAILED | ON_RING)) !== 0) this.joinFailure(frame, cell)
    return (cell.flags & (ASYNC | FAILED)) === (ASYNC | FAILED) ? settledPromise(cell, true) : showCell(cell)
  }

  /** The short way for a synchronous body on the stack; false: the long one is needed. */
  private readPlain(frame: Evaluation, cell: Cell): boolean {
    const { family } = this
    if (family.rare !== 0 || family.active !== frame || frame.job !== null || family.unwind !== null || family.depth >= family.deepest || isAsync(frame.cell)) return false
    frame.asks = cell
    return family.depth === 1 ? this.readOutermost(cell) : this.refreshPlain(cell)
  }

  /** The signal that frees the stack must not cross the outermost body: it may be an asynchronous one before anybody knows. */
  private readOutermost(cell: Cell): boolean {
    const { family, standing } = this
    const { floor, head } = family
    const level = family.givenUp.length
    const looked = family.lookedFor.length
    family.floor = 1
    try {
      return this.refreshPlain(cell)
    } catch (thrown) {
      this.standing = standing
      const root = { branch: head, cell, own: null, level, looked }
      return !(this.demandDeep(root, this.unwoundBy(thrown, root)) instanceof Job)
    } finally {
      family.floor = floor
    }
  }

  readElsewhere(frame: Evaluation, cell: Cell, tracked: boolean): unknown {
    const edge = tracked ? (frame as Frame).link(cell) : null
    const { branch } = frame
    if (!tracked) branch.solving?.peek(frame.cell, cell)
    const job = this.demandFor(frame, branch, cell)
    if (job === ON_CYCLE) return this.readRing(frame, branch, cell, edge, null, tracked)
    if (job !== null) return this.join(frame, cell, edge, job, tracked)
    const memo = branch.memos.get(cell.origin) as Memo
    if (tracked) completeRead(frame, cell, edge, frame.run, memo)
    if ((memo.flags & (FAILED | ON_RING)) !== 0) this.joinFailure(frame, memo)
    return showMemo(memo, true)
  }

  /** The frame reads a failure, or what stands in the place of one. */
  joinFailure(frame: Evaluation, outcome: Outcome): void {
    const failure = (outcome.flags & FAILED) !== 0 ? (outcome.value as Failure) : this.family.fallbacks.get(outcome)
    if (failure !== undefined) joinCycle(frame, failure)
    if (this.family.wakes.length > 0) this.idleSoon()
  }

  /** Tells of a read without a run; soon, where a body reads on its own time. */
  private tellRead(branch: Branch, cell: Cell, type: 'queryHit' | 'queryJoined'): void {
    tellRead(branch, cell, type)
    if (this.family.active === null) this.idleSoon()
  }

  /** A body reads past its q, through the view: nothing is recorded, but a cycle is found, and a wait is known. */
  readPast(frame: Evaluation, branch: Branch, cell: Cell): unknown {
    const job = this.demandFor(frame, branch, cell)
    if (job === ON_CYCLE) return this.readRing(frame, branch, cell, null, null, false)
    if (job !== null) return this.join(frame, cell, null, job, false)
    return branch.frozen ? showMemo(branch.memos.get(cell.origin) as Memo, true) : showCell(cell)
  }

  /** A demand from outside, that may all the same come from inside a body. */
  demandPast(branch: Branch, cell: Cell): Outcome | Job {
    const { active } = this.family
    if (active === null) return this.demand(branch, cell, null)
    const job = this.demandFor(active, branch, cell)
    if (job === ON_CYCLE) throw reportCycle(active, branch, cell)
    return job ?? (branch.frozen ? (branch.memos.get(cell.origin) as Memo) : cell)
  }

  /** Demands a cell for an evaluation; null: the outcome stands. */
  private demandFor(frame: Evaluation, branch: Branch, cell: Cell): Job | typeof ON_CYCLE | null {
    const { family } = this
    if (family.unwind !== null) throw family.unwind
    if (isRunning(branch, cell) || (branch !== frame.branch && isRunningInTwin(frame, branch, cell)) || (family.givenUp.length > 0 && isGivenUp(branch, cell))) return ON_CYCLE
    frame.asks = cell
    if (family.depth - family.floor >= family.deepest || (family.depth >= family.deepest && isAsync(cell))) return this.freeStack(branch, cell)
    const { active, floor } = family
    const { standing } = this
    family.active = frame
    // The signal that frees the stack must not cross an asynchronous body: promises of its own would be rejected with it.
    // Nor the outermost body, which may be one before anybody knows.
    if (family.depth === 1 || isAsync(frame.cell)) family.floor = family.depth
    try {
      return asJob(this.demand(branch, cell, null))
    } finally {
      family.active = active
      family.floor = floor
      this.standing = standing
      if (active === null && (family.wakes.length > 0 || family.reached.length > 0 || family.delivery.pending)) this.idleSoon()
    }
  }

  /** The stack is too deep: an asynchronous query is put off to a microtask, any other computed first, from below. */
  private freeStack(branch: Branch, cell: Cell): Job | null {
    if (branch.frozen) {
      const found = branch.memos.get(cell.origin)
      if (found instanceof Job) return found
      if (found != null && (found.flags & EVICTED) === 0) return null
    } else {
      if (isFresh(cell) && (cell.flags & EVICTED) === 0) return null
      const job = this.inFlight(cell)
      if (job !== null) return job
    }
    if (!isAsync(cell)) {
      this.family.unwind = { branch, cell }
      throw this.family.unwind
    }
    const job = this.open(branch, cell)
    void Promise.resolve().then(() => {
      this.resume(job)
      this.idle()
    })
    return job
  }

  /** Hands an evaluation the promise of a job, and makes it wait in the wait graph. */
  private join(frame: Evaluation, cell: Cell, edge: Edge | null, job: Job, tracked = true): unknown {
    if (frame.branch.hub.active) this.tellRead(frame.branch, cell, 'queryJoined')
    // There may be several ways round.
    while (waitsFor(job, frame, null)) {
      this.idleSoon()
      if (!giveWay(job, frame)) return this.readRing(frame, frame.branch, cell, edge, job, tracked)
    }
    // Without edges, too, what was read first comes first.
    const reads = tracked && frame.job !== null ? frame.job.reads : null
    if (edge !== null) edge.stamp = PENDING
    else if (reads?.has(cell) === false) reads.set(cell, PENDING)
    addWait(job, jobOf(frame), edge, tracked ? cell : null, null)
    return promiseOf(job, true)
  }

  /** A read of what needs the frame itself, on the stack or (`target`) through jobs that wait: there is an answer, or it is an error. */
  private readRing(frame: Evaluation, branch: Branch, cell: Cell, edge: Edge | null, target: Job | null, tracked: boolean): unknown {
    if (isAnswer(frame.cell)) return this.holdForNow(frame)
    const members = target === null ? membersOnStack(frame, branch, cell) : membersOfJobs(target, frame)
    const heads = headsOf(members)
    const isSolved = heads.length > 0 && branch.solving === null
    const reads = frame.job === null ? null : frame.job.reads
    if (isSolved) {
      if (edge !== null) edge.stamp = BY_ANSWER
      else if (tracked) reads?.set(cell, BY_ANSWER)
      return this.readSolved(frame, branch, cell, members, heads, tracked)
    }
    // The stamp of the run before tells nothing: who is on a cycle must run again once this record is what it was then.
    if (edge !== null) edge.stamp = IN_RING
    // What read it here holds nowhere else.
    reads?.set(cell, IN_RING)
    if (heads.length > 0) branch.solving?.grow(heads)
    const error = target === null ? reportCycle(frame, branch, cell) : breakRing(target, frame)
    const answer = fallbackOf(cell)
    if (answer !== null) return isAsync(cell) ? Promise.resolve(answer.fallback) : answer.fallback
    if (isAsync(cell)) return rejected(error)
    throw error
  }

  /** A read on a cycle that has heads: what everybody on it shows in the end. */
  private readSolved(frame: Evaluation, branch: Branch, cell: Cell, { frames }: Members, heads: readonly Cell[], tracked: boolean): unknown {
    const { family } = this
    family.note(CYCLES | ANSWERED, true)
    // A synchronous query cannot wait for the rounds of an asynchronous one that has met its cycle: it has rounds of its own.
    const known = (branch.fixpoints as Fixpoint[] | null)?.find((one) => (one.state === 'done' || isAsync(cell)) && heads.some((head) => one.has(head)))
    const fixpoint = known ?? this.onOwnStack(frame, () => new Fixpoint(branch, heads, this))
    if (known === undefined) (branch.fixpoints ??= []).push(fixpoint)
    const show = (): unknown => {
      const { error, answer } = heads.map((head) => fixpoint.solutionOf(head)).find((one) => one !== undefined) as Solution
      const waiting = tracked && frame.state !== ENDED ? this.onOwnStack(frame, () => this.readAnswer(frame, answer)) : null
      if (error !== null) {
        for (const at of frames) if (at.state !== ENDED) mark(at, error)
        throw error
      }
      const found = this.onOwnStack(frame, () => this.demand(fixpoint.branch, cell, null))
      if (found instanceof Job) found.holders++
      const shown = found instanceof Job ? promiseOf(found, true) : showMemo(found as Memo, true)
      return isThenable(waiting) && isAsync(cell) ? waiting.then(() => shown) : shown
    }
    if (fixpoint.state === 'done') return isAsync(cell) ? promised(show) : show()
    return handled(new Promise((resolve, left) => fixpoint.whenDone({ frame, done: () => resolve(promised(show)), left })))
  }

  /** Who has read on a cycle depends on what says whether its answer holds. */
  private readAnswer(frame: Evaluation, answer: Cell): unknown {
    const { home } = frame.branch
    const cell = localOf(home, answer) as Cell
    if (this.isNeededBy(cell, frame)) return this.holdForNow(frame)
    keepAnswer(home, cell)
    if (frame.state === READING) return this.read(frame, cell, (frame as Frame).link(cell))
    return this.readElsewhere(frame, cell, true)
  }

  /** What says whether the answer of a cycle holds is on no cycle itself: it has asked for what meets the cycle, and waits for that. */
  private isNeededBy(answer: Cell, frame: Evaluation): boolean {
    const { branch } = frame
    const job = branch.frozen ? branch.memos.get(answer.origin) : answer.job
    return isRunning(branch, answer) || isGivenUp(branch, answer) || (job instanceof Job && waitsFor(job, frame, null))
  }

  /** Nothing can say whether what the frame has read will hold at the next revision. */
  private holdForNow(frame: Evaluation): void {
    frame.flags |= VOLATILE
    this.family.note(VOLATILES, true)
  }

  /** Computes something in the name of a frame, with a stack that is freed by itself. */
  private onOwnStack<T>(frame: Evaluation, action: () => T): T {
    const { family, standing } = this
    const { active, floor } = family
    family.active = active === null ? null : frame
    family.floor = family.depth
    try {
      return action()
    } finally {
      family.active = active
      family.floor = floor
      this.standing = standing
    }
  }

  evaluate(branch: Branch, cell: Cell, done: (outcome: Outcome | null) => void): Wait {
    const job = openJob(cell, branch)
    job.surrendered = true
    const wait = addWait(job, null, null, null, { ended: done })
    this.demand(branch, cell, job)
    return wait
  }

  // ── Refreshing live cells ──────────────────────────────────────────────────────────────────────────────────────

  /** Brings a live cell up to date; null: done. A job that cannot go on now leaves its stack as jobs that wait. */
  private refresh(root: Cell, own: Job | null): Job | null {
    if (own === null) {
      if (isFresh(root) || this.refreshPlain(root)) return null
      const flying = (root.flags & CHECKING) === 0 ? this.inFlight(root) : goingOn(root)
      if (flying !== null) return flying
      if (isFresh(root)) return null
      if ((root.flags & CHECKING) !== 0) return this.compute(root, null)
      if (needsRun(root) && !mayAdopt(root)) return this.computeOrFollow(root, null)
    }
    const found = this.refreshAsync(root, own)
    if (found !== undefined) return found
    if (own !== null && own.follows !== null) this.takeWhatWasFound(root, own)
    if (own !== null) this.takeOwnership(root, own)
    const { cells, edges } = this
    const base = cells.length
    try {
      let step = this.enter(root, own)
      for (;;) {
        const top = cells.length - 1
        const cell = cells[top] as Cell
        let pending: Job | null = null
        if (step === 'walk') {
          const below = this.walk(cell, top, own)
          if (below === 'down') {
            step = this.enter((edges[top] as Edge).dep as Cell, null)
            continue
          }
          if (below === 'begun') pending = startedMeanwhile(cell, top === base ? own : null)
          else if (below instanceof Job) pending = this.park(cell, top === base ? own : null, below, edges[top] ?? null)
          else if (below === 'valid') {
            if (top === base && own?.isLate === true) {
              // What it had passed has run since.
              own.isLate = false
              edges[top] = cell.deps
              continue
            }
            this.verify(cell)
          } else if (this.adopt(cell)) {
            edges[top] = cell.deps
            continue
          } else pending = this.computeOrFollow(cell, top === base ? own : null)
        } else pending = this.computeOrFollow(cell, top === base ? own : null)
        // The cell is done, or its job on its way: leave it, and go on with the one that needs it.
        for (;;) {
          this.leaveCell()
          if (cells.length === base) {
            if (pending !== null || own === null || own.phase !== 'waiting') return pending
            if ((root.flags & EVICTED) !== 0 && needsValue(own)) return this.compute(root, own, root.stamp)
            finishJob(own, root)
            return null
          }
          const next = cells.length - 1
          const parent = cells[next] as Cell
          step = 'walk'
          // A body on the way may have computed it, or started to.
          const started = startedMeanwhile(parent, next === base ? own : null)
          if (started !== null || isFresh(parent)) {
            pending = started
            continue
          }
          if (pending === null) break
          if (this.mustNotWait(parent, pending, next === base ? own : null)) {
            step = 'run'
            break
          }
          pending = this.park(parent, next === base ? own : null, pending, edges[next] ?? null)
        }
      }
    } finally {
      while (cells.length > base) this.leaveCell()
    }
  }

  /**
   * The short way, by recursion: cells that are neither failed, volatile nor asynchronous, and of which nothing is kept for
   * others. false: something on the way needs the long one; what was done stays done.
   */
  private refreshPlain(cell: Cell): boolean {
    const { family } = this
    if (family.rare !== 0 || (cell.flags & UNUSUAL) !== 0 || this.standing >= family.deepest) return false
    if (cell.mark !== DIRTY) {
      let edge = cell.deps
      this.standing++
      for (; edge !== null; edge = edge.nextDep) {
        const { dep } = edge
        if (dep.mark !== CLEAN) {
          // An old list of dependencies may run in a ring that today's code does not.
          if ((dep.flags & (RUNNING | CHECKING)) !== 0) break
          // A body on the way may have computed the cell, or started to.
          if (!this.refreshPlain(dep) || cell.mark !== MAYBE || (cell.flags & ENGAGED) !== 0 || family.rare !== 0) {
            this.standing--
            return false
          }
        }
        if (dep.stamp !== edge.stamp) break
      }
      this.standing--
      if (edge === null) {
        keepPlain(cell, family.head.revision)
        return true
      }
    }
    return executePlain(cell, family) === null
  }

  /**
   * The short way of an asynchronous cell, new or after a wait, while nothing rare is so: it compares the stamps that are left, and waits for
   * the first job it meets. undefined: it needs the long one; nothing was done.
   */
  private refreshAsync(cell: Cell, own: Job | null): Job | null | undefined {
    const { extra } = cell
    if (this.family.rare !== 0 || extra === null || extra.owner !== own || extra.shelf !== null || extra.trying !== null) return undefined
    if ((cell.flags & UNUSUAL_ASYNC) !== ASYNC || cell.mark !== MAYBE || own?.surrendered === true || own?.isLate === true) return undefined
    for (let edge = own?.edge ?? cell.deps; edge !== null; edge = edge.nextDep) {
      const { dep } = edge
      if (isCell(dep) && dep.extra !== null) {
        if (dep.extra.shelf !== null) return undefined
        if (dep.mark !== CLEAN) {
          const pending = dep.extra.job as Job | null
          return pending === null || pending.branch.frozen || (dep.flags & (RUNNING | CHECKING)) !== 0 || this.mustNotWait(cell, pending, own) ? undefined : this.park(cell, own, pending, edge)
        }
      } else if (dep.mark !== CLEAN) return undefined
      if (dep.stamp !== edge.stamp) return this.compute(cell, own)
    }
    markVerified(cell, this.family.head.revision)
    if (own !== null) finishJob(own, cell)
    return null
  }

  /** Puts a cell on the stack and says what it needs. */
  private enter(cell: Cell, own: Job | null): Step {
    const checking = (cell.flags & CHECKING) !== 0
    this.cells.push(cell)
    this.edges.push(own?.edge ?? cell.deps)
    cell.flags |= CHECKING
    if (checking || own?.surrendered === true) return 'run'
    if (!needsRun(cell)) return 'walk'
    if (!this.adopt(cell)) return 'run'
    this.edges[this.edges.length - 1] = cell.deps
    return 'walk'
  }

  private leaveCell(): void {
    const cell = this.cells.pop() as Cell
    cell.flags &= ~CHECKING
    this.edges.pop()
  }

  /** Compares what the cell saw with what its dependencies show, from the edge at which it stands. */
  private walk(cell: Cell, top: number, own: Job | null): 'valid' | 'changed' | 'down' | 'begun' | Job {
    let edge = this.edges[top] as Edge | null
    while (edge !== null) {
      const dep = edge.dep
      if (edge.stamp === BY_ANSWER) {
        edge = edge.nextDep
        continue
      }
      if (dep.mark !== CLEAN && !isFresh(dep)) {
        const child = dep
        // An old list of dependencies may run in a ring that today's code does not.
        if ((child.flags & (RUNNING | CHECKING)) !== 0 || (this.family.givenUp.length > 0 && isGivenUp(cell.table.branch as Branch, child))) {
          if (!this.isCycleOfNow(cell, edge)) return 'changed'
          // The cell holds if the other one does, and hears of it if not.
          child.flags |= SOFT
          edge = edge.nextDep
          continue
        }
        const pending = this.inFlight(child)
        this.edges[top] = edge
        // Bodies may have run: one of them may have needed this very cell.
        if (isFresh(cell) || startedMeanwhile(cell, own) !== null) return 'begun'
        if (isFresh(child)) continue
        if (pending === null) return 'down'
        return this.mustNotWait(cell, pending, own) ? 'changed' : pending
      }
      if (dep.stamp !== edge.stamp) {
        if (isCell(dep) && levelIn(dep.flags) < levelIn(cell.flags)) return 'changed'
        if (!isKnownAs(dep, edge.stamp) && !isSeenAgain(cell, edge)) return 'changed'
        edge.stamp = dep.stamp
      }
      // Who is on a cycle is not told by stamps, unless it was found at this very revision.
      if (this.family.hasCycles && cell.verifiedAt !== cell.table.branch.revision && isCycleFailure(this.family, dep)) return 'changed'
      // An equal fallback: the cycle may have been found through the cell.
      if (isCell(dep) && (dep.flags & ON_RING) !== 0 && isOpen(this.family, dep)) return 'changed'
      edge = edge.nextDep
    }
    return 'valid'
  }

  /** Both ends of a read were found on a cycle at this very revision, and the upper one is only looked at again: a commit marks more than that. */
  private isCycleOfNow(cell: Cell, { dep, stamp }: Edge): boolean {
    if (!this.family.hasCycles || !isCell(dep) || dep.stamp !== stamp || dep.mark !== MAYBE || (dep.flags & RUNNING) !== 0) return false
    const { revision } = cell.table.branch
    return [cell, dep].every((end) => end.verifiedAt === revision && ((end.flags & ON_RING) !== 0 || isCycleFailure(this.family, end)))
  }

  /** A synchronous cell never waits, and nobody waits for what waits for him: such a cell runs again instead. */
  private mustNotWait(cell: Cell, pending: Job, own: Job | null): boolean {
    return (cell.flags & ASYNC) === 0 || waitsFor(pending, this.family.active, own)
  }

  private verify(cell: Cell): void {
    const { branch } = cell.table
    if (this.family.hasVolatile) markTainted(cell)
    if (this.family.isDurable) lowerProved(cell)
    if (cell.trying !== null) dateAdopted(cell)
    markVerified(cell, branch.revision)
    if ((branch as Branch).hub.active) tellRead(branch as Branch, cell, 'queryValidated')
  }

  /** Makes a cell's validation a job that waits for another. */
  private park(cell: Cell, own: Job | null, target: Job, edge: Edge | null): Job {
    const job = own ?? this.open(cell.table.branch as Branch, cell)
    cell.owner = job
    job.edge = edge
    addWait(target, job, null, null, null)
    return job
  }

  /** Opens a job as the newest of its cell. */
  private open(branch: Branch, cell: Cell): Job {
    const job = openJob(cell, branch)
    if (branch.frozen) branch.memos.set(cell.origin, job)
    else cell.job = job
    return job
  }

  /** A job that can be joined: one of this very state, or one that follows an older job none of whose reads has changed. */
  private inFlight(cell: Cell): Job | null {
    const job = goingOn(cell)
    if (job !== null) return job
    const owner = cell.owner as Job | null
    if (owner === null) return null
    const untouched = owner.phase !== 'running' && this.isUntouched(owner)
    // Bodies may have run: one of them may have needed this very cell.
    const begun = goingOn(cell)
    if (begun !== null) return begun
    if (cell.owner !== owner) return null
    if (untouched) {
      const follower = this.open(cell.table.branch as Branch, cell)
      addWait(owner, follower, null, null, null)
      return follower
    }
    this.detach(owner)
    return null
  }

  /** Nothing an overtaken job has read shows another stamp in the live branch. What was only marked is looked at. */
  private isUntouched(job: Job): boolean {
    const { cell, frame } = job
    const { family } = this
    // What is volatile counts for its own revision, and what it has read after it would not be read here.
    if (frame !== null && (frame.flags & (VOLATILE | TAINTED)) !== 0) return false
    if (job.touched !== MAYBE) return job.touched === CLEAN
    if (frame === null || family.depth - family.floor >= family.deepest) return false
    family.depth++
    try {
      for (let edge = frame.tail === null ? null : cell.deps; edge !== null; edge = edge === frame.tail ? null : edge.nextDep) {
        const { dep } = edge
        if (edge.stamp === BY_ANSWER) continue
        if (isCell(dep) && !isFresh(dep)) {
          if (edge.stamp === PENDING) {
            if (dep.owner === null || dep.owner.touched !== CLEAN) return false
            continue
          }
          if ((dep.flags & (RUNNING | CHECKING)) !== 0 || this.refresh(dep, null) !== null) return false
        }
        if (edge.stamp !== PENDING && edge.stamp !== dep.stamp) return false
      }
    } finally {
      family.depth--
    }
    job.touched = CLEAN
    return true
  }

  /** Runs the body, or waits for a job of another view that does the same. */
  private computeOrFollow(cell: Cell, own: Job | null): Job | null {
    const branch = cell.table.branch as Branch
    for (const job of own === null ? flightsTo(branch, cell) : []) {
      const serves = this.showsSame(branch, job)
      // Bodies may have run: one of them may have needed this very cell.
      if (isFresh(cell)) return null
      const begun = goingOn(cell)
      if (begun !== null) return begun
      if (!serves || !isOnItsWay(job) || waitsFor(job, this.family.active, null)) continue
      const follower = this.open(branch, cell)
      follower.follows = job
      addWait(job, follower, null, null, null)
      return follower
    }
    return this.compute(cell, own)
  }

  /** All that a job of another view has read shows the same in a live branch. What was only marked is looked at. */
  private showsSame(branch: Branch, job: Job): boolean {
    const { family } = this
    const reads = readsOf(job)
    if (reads === null || family.depth - family.floor >= family.deepest) return false
    family.depth++
    try {
      for (const [dep, stamp] of reads) {
        if (stamp === PENDING || stamp === BY_ANSWER) continue
        const local = localOf(branch, dep.origin)
        if (isCell(local) && !isFresh(local) && ((local.flags & (RUNNING | CHECKING)) !== 0 || this.refresh(local, null) !== null)) return false
        if (local.stamp !== stamp) return false
      }
    } finally {
      family.depth--
    }
    return true
  }

  /** The job of another view that was waited for has ended: its outcome is tried before the body. */
  private takeWhatWasFound(cell: Cell, own: Job): void {
    own.follows = null
    if (own.surrendered || isFresh(cell)) return
    const branch = cell.table.branch as Branch
    if (cell.trying?.revision === branch.revision) {
      const tried = new Set(cell.trying.memos.slice(0, cell.trying.tried))
      cell.trying = { ...cell.trying, memos: memosFor(branch, cell).filter((memo) => !tried.has(memo)), tried: 0 }
    }
    this.adopt(cell)
  }

  private takeOwnership(cell: Cell, own: Job): void {
    if (cell.owner !== null && cell.owner !== own) {
      this.detach(cell.owner as Job)
      own.edge = null
    }
    cell.owner = own
  }

  /** An overtaken job loses the edges to a newer one, and goes on with a list of its own. */
  private detach(job: Job): void {
    const { cell, frame } = job
    if (frame === null) job.candidates ??= candidatesOf(cell)
    else {
      job.reads = new Map()
      for (let edge = frame.tail === null ? null : cell.deps; edge !== null; edge = edge === frame.tail ? null : edge.nextDep) job.reads.set(edge.dep, edge.stamp)
    }
    cell.owner = null
    // On a cycle that had an answer, and above a value that is brought back, others may have settled meanwhile.
    if (cell.mark >= MAYBE && ((this.family.rare & ANSWERED) !== 0 || (cell.flags & EVICTED) !== 0)) cell.flags |= SOFT
  }

  /** Takes up a memo of another time or branch whose inputs show the stamps it saw; the walk proves the rest. */
  private adopt(cell: Cell): boolean {
    const branch = cell.table.branch as Branch
    if (!mayAdopt(cell)) return false
    if (cell.trying?.revision !== branch.revision) {
      const { value, flags, stamp, changedAt } = cell
      cell.trying = { revision: branch.revision, memos: memosFor(branch, cell), tried: 0, replaced: { value, flags, stamp, changedAt } }
    }
    const { trying } = cell
    // Whoever watches needs the value, and what was given up could not be compared with the one he was told.
    const isOfUse = (at: Memo): boolean => cell.watcher === null || (at.flags & EVICTED) === 0
    let memo = trying.memos[trying.tried++]
    while (memo !== undefined && !((memo !== cell.memo || memo.seen !== null) && isOfUse(memo) && mayHold(branch, cell, memo))) memo = trying.memos[trying.tried++]
    if (memo === undefined) return false
    const { value, stamp } = compared(cell, memo)
    withdraw(cell, memo)
    retain(branch, cell)
    if (!isClosed(cell)) wake(cell)
    if (!restampEdges(cell, branch, memo)) {
      cutEdges(cell, null)
      let tail: Edge | null = null
      for (const [i, dep] of memo.deps.entries()) {
        const local = localOf(branch, dep)
        tail = insertEdge(cell, tail, local, 0)
        tail.stamp = memo.stamps[i] as Stamp
        if (isAnswer(local)) keepAnswer(branch, local as Cell)
      }
    }
    placeOutcome(cell, value, memo.flags, stamp, stamp === memo.stamp ? memo.changedAt : cell.changedAt)
    placeEmitted(cell, memo.emitted)
    if (stamp === memo.stamp) cell.promise = memo.promise
    if ((cell.flags & BOUNDED) !== 0) admit(this.family, cell)
    takeUp(cell, memo)
    if (branch.forks.size === 0 && cell.shelf !== null) dropShelf(branch, cell)
    markAdopted(cell)
    return true
  }

  // ── Proving memos in frozen branches ───────────────────────────────────────────────────────────────────────────

  private prove(branch: Branch, cell: Cell): Memo | Job {
    const found = branch.memos.get(cell.origin)
    if (found != null) return found
    const borrowed = found === undefined ? borrow(branch, cell) : null
    if (borrowed !== null) {
      branch.memos.set(cell.origin, borrowed)
      return borrowed
    }
    if (this.family.depth - this.family.floor >= this.family.deepest) {
      this.family.unwind = { branch, cell }
      throw this.family.unwind
    }
    if (found === null) return this.computeElsewhere(branch, cell, null)
    const flying = flightFor(branch, cell, null, null)
    if (flying !== null && !waitsFor(flying, this.family.active, null)) {
      const follower = this.open(branch, cell)
      follower.follows = flying
      addWait(flying, follower, null, null, null)
      return follower
    }
    this.family.depth++
    branch.memos.set(cell.origin, null)
    try {
      const kept = cell.origin === cell ? keptFor(branch, cell) : null
      const holds = kept !== null && mayServe(branch, cell, kept) && (this.family.isDurable ? this.isProvedByLevel(branch, cell, kept) : this.proveMemo(branch, kept, 0, null) === true)
      // A body on the way has computed it, or started to.
      const begun = branch.memos.get(cell.origin)
      if (begun != null) return begun
      if (holds) {
        branch.memos.set(cell, kept)
        branch.solving?.note(cell, kept)
        return kept
      }
      return this.proveAny(branch, cell, null, candidatesAt(cell), null)
    } finally {
      this.family.depth--
      if (branch.memos.get(cell.origin) === null) {
        if (this.family.unwind === null) branch.memos.delete(cell.origin)
        else this.family.lookedFor.push({ branch, cell })
      }
    }
  }

  private proveOn(job: Job): Memo | Job {
    if (job.surrendered) return this.computeElsewhere(job.branch, job.cell, job)
    const { branch, cell, follows } = job
    if (follows !== null) job.candidates = null
    job.follows = null
    return this.proveAny(branch, cell, job, (job.candidates ??= candidatesAt(cell)), follows)
  }

  /** Finds a memo that holds, or computes one. `leader`: the job of another view that was waited for before. */
  private proveAny(branch: Branch, cell: Cell, own: Job | null, candidates: readonly Memo[], leader: Job | null): Memo | Job {
    const lasting = this.family.isDurable ? candidates.find((memo) => this.isProvedByLevel(branch, cell, memo) && mayServe(branch, cell, memo)) : undefined
    if (lasting !== undefined) {
      const durable = dated(branch, cell, lasting)
      branch.memos.set(cell.origin, durable)
      if (own !== null) finishJob(own, durable)
      return durable
    }
    let at = own?.candidate ?? 0
    let index = own?.index ?? 0
    for (; at < candidates.length; at++, index = 0) {
      const memo = candidates[at] as Memo
      const counts = countsIn(branch, cell, memo)
      if (!counts && !mayServe(branch, cell, memo)) continue
      const outcome = counts || this.proveMemo(branch, memo, index, own)
      // A body on the way has computed it, or started to.
      const begun = own === null ? branch.memos.get(cell.origin) : null
      if (begun != null) return begun
      if (outcome === true) {
        const proved = dated(branch, cell, this.family.isDurable ? asProved(branch, memo) : memo)
        branch.solving?.note(cell, proved)
        // The value is on its way: others wait for it too.
        if (own !== null && (proved.flags & EVICTED) !== 0 && needsValue(own)) return this.computeElsewhere(branch, cell, own, proved.stamp)
        branch.memos.set(cell.origin, proved)
        if (own !== null) finishJob(own, proved)
        return proved
      }
      if (outcome === false) continue
      const job = own ?? this.open(branch, cell)
      job.candidates = candidates
      job.candidate = at
      job.index = outcome.index
      addWait(outcome.pending, job, null, null, null)
      return job
    }
    const flying = own === null ? null : flightFor(branch, cell, own, leader)
    if (own === null || flying === null || waitsFor(flying, this.family.active, own)) return this.computeElsewhere(branch, cell, own)
    own.candidates = null
    own.candidate = 0
    own.index = 0
    own.follows = flying
    addWait(flying, own, null, null, null)
    return own
  }

  private isProvedByLevel(branch: Branch, cell: Cell, memo: Memo): boolean {
    return (memo.flags & EVICTED) === 0 && isDurable(branch, cell, memo)
  }

  private proveMemo(branch: Branch, memo: Memo, from: number, own: Job | null): boolean | { readonly pending: Job; readonly index: number } {
    for (let index = from; index < memo.deps.length; index++) {
      const dep = memo.deps[index] as Node
      if (memo.stamps[index] === BY_ANSWER) continue
      let stamp: Stamp
      if (isCell(dep)) {
        const local = localOf(branch.home, dep) as Cell
        const known = branch.memos.get(dep)
        // Its value alone is brought back.
        const kept = known instanceof Job && known.frame !== null ? known.frame.keeps : ABSENT
        if (kept !== ABSENT && kept === memo.stamps[index]) continue
        if (known === null || isRunning(branch, local) || (this.family.givenUp.length > 0 && isGivenUp(branch, local))) return false
        const found = known ?? this.prove(branch, local)
        if (found instanceof Job) {
          const waits = (memo.flags & ASYNC) !== 0 && found.phase !== 'running' && !waitsFor(found, this.family.active, own)
          return waits ? { pending: found, index } : false
        }
        // Who is on a cycle is not told by stamps: the body reads it again.
        if (this.family.hasCycles && ((found.flags & ON_RING) !== 0 || isCycleFailure(this.family, found))) return false
        stamp = found.stamp
      } else stamp = stampIn(branch, dep)
      if (stamp !== memo.stamps[index]) return false
    }
    return true
  }

  // ── Computing ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Runs the body. `keeps`: the stamp of the outcome it is to bring back, where only the value is missing. */
  private compute(cell: Cell, own: Job | null, keeps: Stamp = ABSENT): Job | null {
    const branch = cell.table.branch as Branch
    const owner = cell.owner as Job | null
    if (owner !== null && owner !== own) this.detach(owner)
    if (branch.forks.size > 0 || cell.shelf !== null) retain(branch, cell)
    const cause = branch.hub.active ? causeOf(cell) : null
    // Whatever leaves a cell marked outside a commit marks upwards first. Who has read a value that is only brought back has read what will stand there.
    const isUnmarkedAbove = !isClosed(cell)
    if (isUnmarkedAbove && keeps === ABSENT) wake(cell)
    const broken = (cell.flags & BROKEN) !== 0
    beginRun(cell)
    if (isUnmarkedAbove && keeps !== ABSENT) cell.flags |= SOFT
    const { family } = this
    const run = ++family.runs
    const frame = cause === null && branch === family.head ? frameFor(family, cell, run, family.active) : new Frame(cell, branch, run, READING, family.active)
    frame.keeps = keeps
    if (broken) frame.stray()
    if (cause !== null) frame.trace = { cause, startedAt: 0 }
    if (own !== null) startRun(own, frame)
    const pending = execute(frame)
    if (pending !== null && cell.origin !== cell && branch.solving === null) addFlight(pending)
    return pending
  }

  /** Runs a body for a frozen branch. The edges of the home's cell are used if nobody needs them: then its outcome may serve there too. */
  private computeElsewhere(branch: Branch, cell: Cell, own: Job | null, keeps: Stamp = ABSENT): Memo | Job {
    const job = own ?? this.open(branch, cell)
    const { home } = branch
    const frame = new Frame(cell, branch, ++this.family.runs, ELSEWHERE, this.family.active)
    frame.keeps = keeps
    if (branch.hub.active) frame.trace = { cause: causeOf(cell), startedAt: 0 }
    const owns = branch.solving === null && (cell.owner === job || (cell.owner === null && (cell.job === null || cell.job === job) && (cell.flags & (RUNNING | CHECKING)) === 0 && !isFresh(cell) && cell.verifiedAt <= branch.base && branch.parent === home))
    if (owns) {
      retain(home, cell)
      if (!isClosed(cell)) wake(cell)
      if ((cell.flags & BROKEN) !== 0) frame.stray()
      beginRun(cell)
      cell.owner = job
    } else job.reads = new Map()
    startRun(job, frame)
    const pending = execute(frame)
    if (pending !== null && branch.solving === null) addFlight(pending)
    return pending ?? (branch.memos.get(cell.origin) as Memo)
  }

  // ── Going on ───────────────────────────────────────────────────────────────────────────────────────────────────

  idle(): void {
    const { family } = this
    const { delivery } = family
    if (family.active !== null) return
    do {
      if (!family.draining && family.wakes.length > 0) this.drain()
      if (family.reached.length > 0) family.deliverLive()
      if (delivery.pending) delivery.flush()
    } while (!delivery.delivering && !family.draining && (family.wakes.length > 0 || family.reached.length > 0))
    if (family.afterIdle.size > 0) for (const look of family.afterIdle) look()
  }

  private isIdleSoon = false

  /** An asynchronous body read something on its own time: what came of it is seen to once it has let go of the stack. */
  private idleSoon(): void {
    if (this.isIdleSoon) return
    this.isIdleSoon = true
    queueMicrotask(() => {
      this.isIdleSoon = false
      this.idle()
    })
  }

  /** Jobs whose wait is over go on, one after the other, however many wake each other. */
  private drain(): void {
    const { family } = this
    family.draining = true
    try {
      for (let i = 0; i < family.wakes.length; i++) this.resume(family.wakes[i] as Job)
    } finally {
      // Setting the length would be a call into the runtime, and give the elements away.
      while (family.wakes.length > 0) family.wakes.pop()
      family.draining = false
    }
  }

  private resume(job: Job): void {
    if (job.held !== null) endHeld(job)
    if (job.phase !== 'waiting' || job.waits !== null) return
    try {
      this.demand(job.branch, job.cell, job)
    } catch (error) {
      if (job.cancelled) return
      finishJob(job, { value: new Failure(error, idOf(job.cell), null, null, false, false, null), flags: FAILED | ASYNC, stamp: this.family.stamps++, changedAt: job.branch.revision, promise: null })
    }
  }
}

const ON_CYCLE = Symbol('on a cycle')

/** What a function gives, as a promise that nobody need handle. */
function promised(action: () => unknown): Promise<unknown> {
  try {
    return handled(Promise.resolve(action()))
  } catch (error) {
    return rejected(error)
  }
}

function handled(promise: Promise<unknown>): Promise<unknown> {
  promise.catch(ignore)
  return promise
}

/** A promise for a query that fails by itself. */
function rejected(reason: unknown): Promise<never> {
  const failed = Promise.reject(reason)
  failed.catch(ignore)
  return failed
}

/** The job by which a cell on the stack has been started since, other than the one in whose name it is there. */
function startedMeanwhile(cell: Cell, own: Job | null): Job | null {
  const job = goingOn(cell)
  return job === own ? null : job
}

/** The job by which a cell is on its way in the state that its branch stands for. */
function goingOn(cell: Cell): Job | null {
  const job = cell.job as Job | null
  return job === null || job.branch.frozen ? null : job
}

function asJob(found: Outcome | Job): Job | null {
  return found instanceof Job ? found : null
}

function startRun(job: Job, frame: Frame): void {
  frame.job = job
  job.frame = frame
  job.phase = 'running'
  job.run = countedRun(frame)
}

function isCycleFailure(family: Family, outcome: Node | Memo): boolean {
  return 'flags' in outcome && (outcome.flags & FAILED) !== 0 && isCycle(family.rings, (outcome.value as Failure).error)
}

/** There may be memos of other times or branches for the cell. */
function mayAdopt(cell: Cell): boolean {
  return (cell.shelf !== null || (cell.table.branch as Branch).parent !== null) && cell.owner === null
}

/** No walk can help: there is nothing to prove, or it holds for one revision only. */
function needsRun(cell: Cell): boolean {
  if (cell.stamp === ABSENT || cell.mark === DIRTY) return true
  if ((cell.flags & BROKEN) !== 0) return true
  // What counts for one revision was found at this one, and only marked since.
  if (cell.verifiedAt === cell.table.branch.revision) return false
  // Stamps do not tell who is on a cycle.
  if ((cell.flags & (VOLATILE | ON_RING)) !== 0) return true
  return (cell.flags & FAILED) !== 0 && isPassing(cell, cell.value)
}

/** Those of a cycle that are computed in rounds: bodies at work, jobs, or cells that are only being validated between two of them. */
function headsOf({ cells, frames }: Members): readonly Cell[] {
  const heads = cells.filter(isHead)
  return heads.length > 0 ? heads : validatedBetween(frames).filter(isHead)
}

/** The cell's body is on the stack, for this branch. */
function isRunning(branch: Branch, cell: Cell): boolean {
  if (!branch.frozen) return (cell.flags & RUNNING) !== 0 && (cell.owner === null || !(cell.owner as Job).branch.frozen)
  const known = branch.memos.get(cell.origin)
  return known instanceof Job && known.phase === 'running'
}

/** The cell's body was on the stack before that was freed. What a head shows in a round stands whatever its body does. */
function isGivenUp(branch: Branch, cell: Cell): boolean {
  return branch.givenUp?.has(cell) === true && branch.solving?.shows(cell) !== true
}

/** The memos that may hold in a frozen branch, at a cell of its home. */
function candidatesAt(cell: Cell): Memo[] {
  return cell.origin === cell ? candidatesOf(cell) : [...candidatesOf(cell), ...candidatesOf(cell.origin)]
}

/** The cell's body is on the stack for another view of this very state, such as that of which a body takes a snapshot to ask it for itself. */
function isRunningInTwin(frame: Evaluation, branch: Branch, cell: Cell): boolean {
  if (!branch.frozen || branch.memos.get(cell.origin) != null) return false
  for (let at: Evaluation | null = frame; at !== null; at = at.parent) {
    if (at.cell.origin !== cell.origin) continue
    const { branch: other } = at
    if (other.frozen ? other.parent === branch.parent && other.base === branch.base : other === branch.parent && other.revision === branch.base) return true
  }
  return false
}

/** The memos of other times and branches that a live cell may take up. */
function memosFor(branch: Branch, cell: Cell): Memo[] {
  const before = branch.memos.get(cell.origin)
  // What an effect has done is no value that could stand for doing it again; it has done it where its snapshot has only just been written to.
  if (isEffect(cell)) return cell.stamp !== ABSENT || before == null || before instanceof Job ? [] : [before]
  const own = cell.shelf === null ? [] : choicesOf(branch, cell)
  if (branch.parent === null) return own
  return [...(before == null || before instanceof Job ? [] : [before]), ...own, ...candidatesOf(cell.origin)]
}

/** Nothing a memo has read is known to show something else. Stamps are looked at first: most memos differ in one of them, and shelves may be long. */
function mayHold(branch: Branch, cell: Cell, memo: Memo): boolean {
  if (!mayServe(branch, cell, memo)) return false
  const { deps, stamps } = memo
  let isSame = true
  for (let i = 0; i < deps.length; i++) {
    const dep = localOf(branch, deps[i] as Node)
    if (dep.stamp === stamps[i] || dep.mark !== CLEAN || stamps[i] === BY_ANSWER) continue
    if (!isCell(dep) && !showsAgain(dep, memo, i)) return false
    isSame = false
  }
  if (isSame) return true
  for (let i = 0; i < deps.length; i++) {
    const dep = localOf(branch, deps[i] as Node)
    const stamp = stamps[i] as Stamp
    if (dep.stamp !== stamp && stamp !== BY_ANSWER && dep.mark === CLEAN && !isKnownAs(dep, stamp) && !showsAgain(dep, memo, i)) return false
  }
  return true
}

/** Whether a memo counts beyond its revision, and knows of the cell's last invalidation. */
function mayServe(branch: Branch, cell: Cell, memo: Memo): boolean {
  if (!isLasting(cell, memo) || isOfRounds(branch, memo)) return false
  const invalidation = branch.family.invalidated ? invalidationOf(cell) : null
  if (invalidation !== null && !memo.deps.includes(invalidation)) {
    const stamp = branch.frozen ? stampIn(branch, invalidation) : localOf(branch, invalidation).stamp
    if (stamp !== ABSENT) return false
  }
  return true
}

/** Whether a memo that counts for one revision is of the very one the snapshot was taken at. In rounds nobody knows whether it is of the cycle. */
function countsIn(branch: Branch, cell: Cell, memo: Memo): boolean {
  return !isLasting(cell, memo) && branch.solving === null && memo.verifiedAt === branch.base && branch.parent === cell.table.branch && cell.shelf !== null && cell.shelf.kept.some((kept) => kept.memo === memo)
}

/** In rounds everybody on a cycle is computed anew. */
function isOfRounds({ solving }: Branch, { stamps }: Memo): boolean {
  return solving !== null && stamps.includes(BY_ANSWER)
}

function isLasting(cell: Cell, memo: Memo): boolean {
  return (memo.flags & (VOLATILE | TAINTED | ON_RING)) === 0 && ((memo.flags & FAILED) === 0 || !isPassing(cell, memo.value))
}

/** Gives the edges of a cell the stamps of a memo that has read the same records in the same order; false: it has not. */
function restampEdges(cell: Cell, branch: Branch, { deps, stamps }: Memo): boolean {
  let count = 0
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) if (count === deps.length || localOf(branch, deps[count++] as Node) !== edge.dep) return false
  if (count < deps.length) return false
  count = 0
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) {
    edge.stamp = stamps[count++] as Stamp
    // What a run has asked for and left alone may still end, and says nothing here.
    edge.run = 0
  }
  return true
}

/** No input of the memo's durability has changed between the state it was last proved for and the one the branch stands for. */
function isDurable(branch: Branch, cell: Cell, memo: Memo): boolean {
  const level = levelIn(memo.flags)
  const { parent, base, family } = branch
  if (level === 0 || parent === null || parent !== family.head || cell.origin !== cell || family.hasCycles || family.offered.has(memo)) return false
  const { verifiedAt } = memo
  return verifiedAt <= base ? (branch.changedLevels[level] as number) <= verifiedAt : (parent.changedLevels[level] as number) <= base
}

/** The live outcome as it is: a cell that is not marked has held ever since it was last proved. */
export function borrow(branch: Branch, cell: Cell): Memo | null {
  if (branch.parent !== branch.home || cell.verifiedAt > branch.base) return null
  if (cell.mark !== CLEAN && (cell.mark !== TRANSIENT || cell.verifiedAt !== branch.base)) return null
  return branch.solving?.isOn(cell) === true || isUnfed(branch.family, cell) ? null : memoOf(cell)
}

/** What a cell shows to callers outside: the value, the promise, or the failure thrown. */
export function showCell(cell: Cell): unknown {
  if ((cell.flags & ASYNC) !== 0) return (cell.promise ??= settledPromise(cell, false))
  if ((cell.flags & FAILED) === 0) return cell.value
  throw (cell.value as Failure).error
}

/** What a memo shows to callers outside, or to a query. */
export function showMemo(memo: Memo, inside: boolean): unknown {
  if ((memo.flags & ASYNC) !== 0) {
    if (inside && (memo.flags & FAILED) !== 0) return settledPromise(memo, true)
    return (memo.promise ??= settledPromise(memo, false))
  }
  if ((memo.flags & FAILED) === 0) return memo.value
  throw (memo.value as Failure).error
}
