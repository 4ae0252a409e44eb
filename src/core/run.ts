/**
 * Longer than 300 lines: one run is read here from its start to its outcome.
 *
 * One run of a body, from its start to its outcome. `settle` is the one way out, whatever happened: returned, threw,
 * resolved, rejected, found in a cycle, or an equality function that threw.
 */
import { ANSWERED, type BodyEnd, type Evaluation, type Family, type Job, READING } from './branch.js'
import { ClosedError } from './errors.js'
import { Frame, jobOf } from './frame.js'
import { changedAt } from './dates.js'
import { collect, cutEdges, cutEdgesTo, isClosed } from './graph.js'
import { isObject, judge } from './judge.js'
import { dropJob, endFrame, finishJob, ignore, resetJob } from './job.js'
import {
  APART, argsOf, ASYNC, beginPlain, bodyOf, BOUNDED, BY_ANSWER, type Cell, CLEAN, EMITTED, type Emitted, ENGAGED, EVICTED, FAILED, Failure, fallbackOf, idOf, IN_RING, isCell, isFresh, isPassing, isSettled, isSource, keepAsync, keepPlain, markCell, markUnproved, markVerified, MAYBE, type Memo, ON_RING, OUTCOME, type Outcome,
  PENDING, placeEmitted, placeOutcome, placePlain, RUNNING, SOFT, TAINTED, VOLATILE,
} from './node.js'
import { admit } from './memory.js'
import { notePast } from './past.js'
import { ABSENT } from './revision.js'
import { beginAnew, mustStay } from './ring.js'
import { edgesOf, makeMemo, memoOf, offer } from './share.js'
import { tellCancelledRun, tellSettled, tellStarted } from './tell.js'
import { Tracker, trackInvalidation } from './tracker.js'

const SUSPENDED = Symbol('suspended')

/** Attaches to a promise as `await` does: an own `then` of it is not asked. */
function attach(promise: Promise<unknown>, resolved: (value: unknown) => void, rejected: (error: unknown) => void): void {
  void Promise.prototype.then.call(promise, resolved, rejected)
}

/** The body's last run gave a promise, or every run will. */
export function isAsync(cell: Cell): boolean {
  return cell.table.sawPromise || bodyOf(cell).isAsync
}

/** Runs the body; null: it has settled. */
export function execute(frame: Frame): Job | null {
  const { cell } = frame
  const { family, hub } = frame.branch
  let failed = false
  let result: unknown
  // A run that owns no edges says nothing about the live cell, whose own body may be on the stack.
  const owns = frame.job === null || frame.job.reads === null
  if (hub.active) tellStarted(frame)
  family.active = frame
  family.depth++
  try {
    if (family.invalidated || family.unwoundIn.size > 0) prepare(frame)
    result = invoke(cell, new Tracker(frame, cell, frame.run))
  } catch (thrown) {
    failed = true
    result = thrown
  }
  family.depth--
  family.active = frame.parent
  if (owns) cell.flags &= ~RUNNING
  if (!failed && frame.job === null && family.unwind === null && !family.closed && !isObject(result) && settlePlain(frame, result)) return null
  return conclude(frame, failed, result)
}

/**
 * What `compute`, `execute` and `settle` do, for a cell of the head that is neither failed, volatile nor asynchronous, while nothing
 * rare is so. null: it has settled.
 */
export function executePlain(cell: Cell, family: Family): Job | null {
  const { args, table } = cell
  const run = ++family.runs
  beginPlain(cell)
  const { active } = family
  const frame = frameFor(family, cell, run, active)
  family.active = frame
  family.depth++
  let result: unknown
  try {
    const q = new Tracker(frame, cell, run)
    const body = table.body as unknown as (q: Tracker, only?: unknown) => unknown
    result = args === undefined ? body(q) : typeof args === 'object' ? invoke(cell, q) : body(q, args)
  } catch (thrown) {
    return endOtherwise(frame, true, thrown)
  }
  if (typeof result === 'object' || typeof result === 'function' || !table.isStructural || !isPlain(frame) || family.unwind !== null || family.closed) {
    return endOtherwise(frame, false, result)
  }
  family.depth--
  family.active = active
  const { tail } = frame
  if (tail === null ? cell.deps !== null : tail.nextDep !== null) cutEdges(cell, tail)
  if (!Object.is(cell.value, result) || cell.stamp === ABSENT) {
    const stamp = family.stamps++
    table.tally.changes++
    placePlain(cell, result, stamp, changedAt(frame, stamp))
  } else table.tally.cutoffs++
  keepPlain(cell, family.head.revision)
  giveBack(family, frame)
  return null
}

/** A frame of the head for a run that nobody listens to: one that has served before, where there is one. */
export function frameFor(family: Family, cell: Cell, run: number, parent: Evaluation | null): Frame {
  const frame = family.spare as Frame | null
  if (frame === null) return new Frame(cell, family.head, run, READING, parent)
  family.spare = frame.parent
  frame.cell = cell
  frame.run = run
  frame.state = READING
  frame.quick = run
  frame.tail = null
  frame.changedAt = 0
  frame.parent = parent
  return frame
}

const isPlain = (frame: Frame): boolean => frame.job === null && frame.flags === 0 && frame.cycle === null && frame.met === null

/** A plain run has come to something else than a plain value. */
function endOtherwise(frame: Frame, failed: boolean, result: unknown): Job | null {
  const { family } = frame.branch
  family.depth--
  family.active = frame.parent
  frame.cell.flags &= ~RUNNING
  const job = conclude(frame, failed, result)
  if (!failed && job === null && isPlain(frame) && frame.ring === null) giveBack(family, frame)
  return job
}

/** The run has ended, and nobody else knows the frame: only its tracker, which names the run. */
function giveBack(family: Family, frame: Frame): void {
  endFrame(frame)
  if (frame.strayed) {
    frame.strayed = false
    frame.known = null
  }
  frame.parent = family.spare
  family.spare = frame
}

/** What a body has come to, in all its variety. */
function conclude(frame: Frame, failed: boolean, result: unknown): Job | null {
  const { cell, branch } = frame
  const { family } = branch
  let isFailed = failed
  let outcome = result
  if (!failed) {
    try {
      if (isThenable(result)) outcome = suspend(frame, result)
    } catch (thrown) {
      isFailed = true
      outcome = thrown
    }
  }
  if (family.unwind !== null) giveUp(frame)
  frame.parent = null
  const { job } = frame
  if (family.closed) {
    if (job === null || job.phase !== 'done') cell.table.tally.cancellations++
    if (job !== null && job.phase !== 'done') dropJob(job)
    throw new ClosedError()
  }
  if (job !== null && job.phase === 'done') throw job.reason
  if (outcome === SUSPENDED) return job
  settle(frame, isFailed, outcome, isFailed && isAsync(cell))
  return null
}

function prepare(frame: Frame): void {
  const { unwoundIn, invalidated } = frame.branch.family
  if (unwoundIn.size > 0) beginAnew(frame)
  if (invalidated) trackInvalidation(frame)
}

function invoke(cell: Cell, q: Tracker): unknown {
  const body = cell.table.body as unknown as (q: Tracker, ...args: readonly unknown[]) => unknown
  const stored = cell.args
  if (stored === undefined) return body(q)
  return Array.isArray(stored) ? body(q, ...argsOf(cell)) : body(q, stored)
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as { then?: unknown }).then === 'function'
}

/** The body goes on by itself: from here on a job stands for the run. */
function suspend(frame: Frame, thenable: PromiseLike<unknown>): unknown {
  const { cell, branch } = frame
  if (!isSource(cell)) cell.table.sawPromise = true
  // The `then` of anything that is no native promise is called in a microtask.
  const promise = Promise.resolve(thenable)
  if (branch.family.unwind !== null) {
    attach(promise, ignore, ignore)
    return SUSPENDED
  }
  const job = jobOf(frame)
  if (job.phase !== 'done') {
    job.phase = 'suspended'
    if (!branch.frozen) cell.job = job
    if (job.reads === null) cell.owner = job
  }
  attach(
    promise,
    (value) => end(frame, false, value),
    (error) => end(frame, true, error),
  )
  return SUSPENDED
}

function end(frame: Frame, failed: boolean, value: unknown): void {
  const { host } = frame.branch.family
  const { job } = frame
  if (job?.phase !== 'done' && (failed || !settleJob(frame, value))) {
    if (job !== null && frame.branch.family.hasCycles && mustStay(frame, failed, value)) {
      job.held = { failed, value }
      endFrame(frame)
    } else settle(frame, failed, value, true)
  }
  host.idle()
}

/** The body has ended before: now the evaluation may, unless there is still somebody to wait for. */
export function endHeld(job: Job): void {
  const frame = job.frame as Frame
  const { failed, value } = job.held as BodyEnd
  if (!mustStay(frame, failed, value)) settle(frame, failed, value, true)
}

/** What a value of a job must find in the cell to be placed without looking further. */
const UNSETTLED: number = (OUTCOME & ~ASYNC) | EVICTED | BOUNDED | APART | RUNNING

/** What `settle` does, for an asynchronous run of the head with a value that can be compared without looking into it, while nothing rare is so. */
function settleJob(frame: Frame, value: unknown): boolean {
  const { branch, cell } = frame
  const { family } = branch
  const job = frame.job as Job
  const { table, extra } = cell
  if (family.rare !== 0 || branch !== family.head || frame.flags !== 0 || frame.cycle !== null || frame.keeps !== ABSENT || job.isLate || job.reads !== null) return false
  if ((cell.flags & UNSETTLED) !== 0 || extra === null || extra.shelf !== null || extra.trying !== null || table.body === null || !table.isStructural) return false
  const equal = cell.stamp !== ABSENT && (cell.flags & ASYNC) !== 0 && Object.is(cell.value, value)
  if (!equal && isObject(value) && isObject(cell.value)) return false
  const { tail } = frame
  if (tail === null ? cell.deps !== null : tail.nextDep !== null) cutEdges(cell, tail)
  if (equal) table.tally.cutoffs++
  else {
    table.tally.changes++
    const stamp = family.stamps++
    placePlain(cell, value, stamp, changedAt(frame, stamp))
  }
  keepAsync(cell, branch.revision)
  finishJob(job, cell)
  if (job.waits === null && frame.trace === null) {
    job.frame = null
    frame.job = null
    giveBack(family, frame)
  }
  return true
}

/** Takes a run back whose stack is needed: the query will run again. */
function giveUp(frame: Frame): never {
  const { cell, job, branch } = frame
  const { family } = branch
  if (job === null || job.phase !== 'done') cell.table.tally.cancellations++
  family.givenUp.push({ at: frame, below: null })
  family.unwoundIn.add(branch)
  ;(branch.givenUp ??= new Set()).add(cell)
  ;(branch.unwound ??= new Map()).set(cell, frame)
  frame.parent = null
  endFrame(frame)
  if (frame.branch.hub.active) tellCancelledRun(frame)
  if (job !== null && job.phase !== 'done') {
    if (job.waiters !== null || job.inner !== null || job.outer !== null) resetJob(job)
    else dropJob(job)
  }
  throw family.unwind
}

/** The one end of a run. Its outcome is placed, then told, then whoever waits goes on. */
export function settle(frame: Frame, failed: boolean, result: unknown, isAsyncRun: boolean): void {
  endFrame(frame)
  if (!failed && frame.job === null && settlePlain(frame, result)) return
  const outcome = conclusionOf(frame, failed, result, isAsyncRun)
  frame.cell.table.tally.count((outcome.flags & FAILED) !== 0, outcome.stamp === frame.cell.stamp)
  if (frame.branch.frozen) settleElsewhere(frame, outcome)
  else settleLive(frame, outcome)
}

/** Whoever is on a cycle fails with its error, or has a fallback: what the body says does not count. */
function conclusionOf(frame: Frame, failed: boolean, result: unknown, isAsyncRun: boolean): Outcome {
  if (frame.cycle === null) return judge(frame, failed, result, isAsyncRun)
  const answer = fallbackOf(frame.cell)
  if (answer === null) return judge(frame, true, frame.cycle, isAsyncRun)
  frame.flags |= ON_RING
  frame.branch.family.note(ANSWERED, true)
  return judge(frame, false, answer.fallback, isAsyncRun)
}

/** A fallback is known, where it is held, to stand in the place of a failure. */
function noteAnswer(frame: Frame, holder: Outcome): void {
  if (frame.cycle === null || (holder.flags & ON_RING) === 0) return
  frame.branch.family.fallbacks.set(holder, new Failure(frame.cycle, idOf(frame.cell), null, null, true, true, frame.ring === frame ? null : frame.ring))
}

/** The common case, for which nothing has to be made: a synchronous value in the head that can be compared without looking into it. */
function settlePlain(frame: Frame, result: unknown): boolean {
  const { branch, cell } = frame
  if (branch.parent !== null || frame.cycle !== null || branch.hub.active || (frame.flags & EMITTED) !== 0 || (cell.flags & (FAILED | ASYNC | ENGAGED | EVICTED | ON_RING)) !== 0 || branch.family.isDurable) return false
  if (!cell.table.isStructural) return false
  const equal = Object.is(cell.value, result)
  if (!equal && isObject(result) && isObject(cell.value)) return false
  endFrame(frame)
  frame.parent = null
  const { tail } = frame
  if (tail === null ? cell.deps !== null : tail.nextDep !== null) cutEdges(cell, tail)
  if (cell.stamp === ABSENT || !equal) {
    cell.table.tally.changes++
    const stamp = branch.family.stamps++
    placeOutcome(cell, result, frame.flags, stamp, changedAt(frame, stamp))
  } else {
    cell.table.tally.cutoffs++
    placeOutcome(cell, result, frame.flags, cell.stamp, cell.changedAt)
  }
  markVerified(cell, branch.revision)
  if ((cell.flags & BOUNDED) !== 0) admit(branch.family, cell)
  return true
}

function settleLive(frame: Frame, outcome: Outcome): void {
  const { cell, job, branch } = frame
  const changed = outcome.stamp !== cell.stamp
  const promise = changed || (outcome.flags & FAILED) !== 0 ? null : cell.promise
  cutEdges(cell, frame.tail)
  placeOutcome(cell, outcome.value, outcome.flags, outcome.stamp, outcome.changedAt)
  placeEmitted(cell, emittedBy(frame, outcome))
  noteAnswer(frame, cell)
  cell.promise = promise
  markVerified(cell, branch.revision)
  if (branch.family.hasCycles) closeRing(cell)
  if (job !== null && job.isLate && cell.mark === CLEAN && sawOther(cell)) {
    markCell(cell, MAYBE)
    cell.flags |= SOFT
    collect(cell)
  }
  if ((cell.flags & BOUNDED) !== 0) admit(branch.family, cell)
  // Nobody needs to remember that he read what never changes, where no view knows it otherwise.
  if (branch.family.isDurable && branch.parent === null && branch.forks.size === 0) cutEdgesTo(cell, isSettled)
  notePast(cell)
  if (branch.parent !== null && cell.mark === CLEAN) offer(branch, cell, memoOf(cell) as Memo)
  if (branch.hub.active) tellSettled(frame, cell, changed)
  if (job !== null) finishJob(job, cell)
}

/** What goes with the outcome: nothing, where it does not come from the body. */
function emittedBy({ cycle, emitted }: Frame, { flags }: Outcome): Emitted | null {
  return cycle !== null || (flags & FAILED) !== 0 ? null : emitted
}

/** Reads on a cycle get their stamps once both ends have settled at one revision. */
function closeRing(cell: Cell): void {
  for (let edge = cell.dependents; edge !== null; edge = edge.nextDependent) if (edge.stamp === IN_RING && isFresh(edge.reader)) edge.stamp = cell.stamp
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) if (edge.stamp === IN_RING && isCell(edge.dep) && isFresh(edge.dep)) edge.stamp = edge.dep.stamp
}

/** Something the cell has read shows another stamp by now, or may soon, and would tell nobody: it has marked those above it already. */
function sawOther(cell: Cell): boolean {
  for (let { deps: edge } = cell; edge !== null; edge = edge.nextDep) {
    const { stamp, dep } = edge
    if (stamp !== PENDING && stamp !== IN_RING && stamp !== BY_ANSWER && (stamp !== dep.stamp || (isCell(dep) && isClosed(dep)))) return true
  }
  return false
}

/**
 * The run was overtaken, or belongs to a snapshot: its outcome holds in the frozen branch. The live cell takes it as
 * MAYBE where it may hold there too; failures and volatile results count for their revision only.
 */
function settleElsewhere(frame: Frame, outcome: Outcome): void {
  const { cell, branch } = frame
  const job = frame.job as Job
  const emitted = emittedBy(frame, outcome)
  const changed = outcome.stamp !== cell.stamp
  const passing = (outcome.flags & (VOLATILE | TAINTED)) !== 0 || ((outcome.flags & FAILED) !== 0 && isPassing(cell, outcome.value))
  let memo: Memo
  if (job.reads === null) {
    cutEdges(cell, frame.tail)
    const { deps, stamps } = edgesOf(cell)
    memo = makeMemo(outcome, deps, stamps, branch.base, null, emitted)
    if (!passing) {
      placeOutcome(cell, outcome.value, outcome.flags, outcome.stamp, outcome.changedAt)
      placeEmitted(cell, emitted)
      noteAnswer(frame, cell)
      markUnproved(cell)
      if (branch.home.parent !== null) offer(branch, cell, memo)
    }
  } else {
    // A snapshot that is written to meanwhile gets records of its own: one may have been read by both.
    const reads = branch.home.parent === null ? job.reads : new Map(Array.from(job.reads, ([{ origin }, stamp]) => [origin, stamp]))
    memo = makeMemo(outcome, [...reads.keys()], [...reads.values()], branch.base, null, emitted)
    const isProvisional = branch.solving?.note(cell, memo) === true
    if (!passing && !isProvisional) offer(branch, cell, memo)
  }
  noteAnswer(frame, memo)
  // What heads of a cycle come to is for the next round.
  if (branch.solving?.shows(cell) !== true) branch.memos.set(cell.origin, memo)
  if (branch.hub.active) tellSettled(frame, memo, changed)
  finishJob(job, memo)
}
