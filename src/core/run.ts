/**
 * One run of a body, from its start to its outcome. `settle` is the one way out, whatever happened: returned, threw,
 * resolved, rejected, found in a cycle, or an equality function that threw.
 */
import { type Branch, ENDED, type Evaluation, Job } from './branch.js'
import { ClosedError, EqualityError } from './errors.js'
import { defaultEquals, failureEquals } from './equality.js'
import { type Frame, jobOf } from './frame.js'
import { collect, cutEdges } from './graph.js'
import { dropJob, finishJob, ignore, isCycle, resetJob } from './job.js'
import {
  argsOf, ASYNC, bodyOf, type Cell, CLEAN, FAILED, Failure, idOf, isCell, isPassing, markCell, markVerified, MAYBE, type Memo, type Node, type Outcome, PENDING, placeOutcome, RUNNING, SOFT, TAINTED, VOLATILE,
} from './node.js'
import { ABSENT, type Stamp } from './revision.js'
import { edgesOf, makeMemo, offer, standingIn } from './share.js'
import { tellCancelled, tellCancelledRun, tellSettled, tellStarted } from './tell.js'

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
  if (hub.active) tellStarted(frame)
  family.active = frame
  family.depth++
  try {
    if (family.hasCycles || family.invalidated) prepare(frame)
    result = invoke(cell, frame)
  } catch (thrown) {
    failed = true
    result = thrown
  }
  family.depth--
  family.active = frame.parent
  cell.flags &= ~RUNNING
  if (!failed && frame.job === null && family.unwind === null && !family.closed && !isObject(result) && settlePlain(frame, result)) return null
  return conclude(frame, failed, result)
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
    if (job !== null && job.phase !== 'done') dropJob(job)
    throw new ClosedError()
  }
  if (job !== null && job.phase === 'done') throw job.reason
  if (outcome === SUSPENDED) return job
  settle(frame, isFailed, outcome, isFailed && isAsync(cell))
  return null
}

function prepare(frame: Frame): void {
  const { doomed, invalidated } = frame.branch.family
  if (doomed.size > 0) failDoomed(frame)
  if (invalidated) frame.trackInvalidation()
}

/** A cell that was found on a cycle while its run was given up fails without its body. */
function failDoomed(frame: Frame): void {
  frame.cycle = frame.branch.family.doomed.get(frame.cell) ?? null
  if (frame.cycle !== null) throw frame.cycle
}

function invoke(cell: Cell, frame: Frame): unknown {
  const body = cell.table.body as unknown as (q: Frame, ...args: readonly unknown[]) => unknown
  const stored = cell.args
  if (stored === undefined) return body(frame)
  return Array.isArray(stored) ? body(frame, ...argsOf(cell)) : body(frame, stored)
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as { then?: unknown }).then === 'function'
}

/** The body goes on by itself: from here on a job stands for the run. */
function suspend(frame: Frame, thenable: PromiseLike<unknown>): unknown {
  const { cell, branch } = frame
  cell.table.sawPromise = true
  // The `then` of anything that is no native promise is called in a microtask.
  const promise = Promise.resolve(thenable)
  if (branch.family.unwind !== null) {
    attach(promise, ignore, ignore)
    return SUSPENDED
  }
  const job = jobOf(frame)
  job.onCancel = tellCancelled
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
  if (frame.job?.phase !== 'done') settle(frame, failed, value, true)
  host.idle()
}

/** Takes a run back whose stack is needed: the query will run again. */
function giveUp(frame: Frame): never {
  const { cell, job, branch } = frame
  const { family } = branch
  family.givenUp.push({ cell, floor: family.floor })
  family.givenUpIn.set(cell, branch)
  frame.state = ENDED
  if (frame.branch.hub.active) tellCancelledRun(frame)
  if (job !== null && job.phase !== 'done') {
    if (job.waiters !== null || job.inner !== null || job.outer !== null) resetJob(job)
    else dropJob(job)
  }
  throw family.unwind
}

/** The one end of a run. Its outcome is placed, then told, then whoever waits goes on. */
export function settle(frame: Frame, failed: boolean, result: unknown, isAsyncRun: boolean): void {
  frame.state = ENDED
  if (!failed && frame.job === null && settlePlain(frame, result)) return
  const outcome = judge(frame, failed || frame.cycle !== null, frame.cycle ?? result, isAsyncRun)
  if (frame.branch.frozen) settleElsewhere(frame, outcome)
  else settleLive(frame, outcome)
}

/** The common case, for which nothing has to be made: a synchronous value in the head that can be compared without looking into it. */
function settlePlain(frame: Frame, result: unknown): boolean {
  const { branch, cell } = frame
  if (branch.parent !== null || frame.cycle !== null || branch.hub.active || cell.trying !== null || (cell.flags & FAILED) !== 0) return false
  if (!cell.table.isStructural) return false
  const equal = Object.is(cell.value, result)
  if (!equal && isObject(result) && isObject(cell.value)) return false
  frame.state = ENDED
  frame.parent = null
  const { tail } = frame
  if (tail === null ? cell.deps !== null : tail.nextDep !== null) cutEdges(cell, tail)
  if (cell.stamp === ABSENT || !equal) {
    const stamp = branch.family.stamps++
    placeOutcome(cell, result, frame.flags, stamp, changedAt(frame, stamp))
  } else placeOutcome(cell, result, frame.flags, cell.stamp, cell.changedAt)
  markVerified(cell, branch.revision)
  return true
}

function settleLive(frame: Frame, outcome: Outcome): void {
  const { cell, job, branch } = frame
  const changed = outcome.stamp !== cell.stamp
  const promise = changed || (outcome.flags & FAILED) !== 0 ? null : cell.promise
  cutEdges(cell, frame.tail)
  placeOutcome(cell, outcome.value, outcome.flags, outcome.stamp, outcome.changedAt)
  cell.promise = promise
  markVerified(cell, branch.revision)
  if (job !== null && job.isLate && cell.mark === CLEAN && sawOther(cell)) {
    markCell(cell, MAYBE)
    cell.flags |= SOFT
    collect(cell)
  }
  if (branch.hub.active) tellSettled(frame, cell, changed)
  if (job !== null) finishJob(job, cell)
}

/** Something the cell has read shows another stamp by now. */
function sawOther(cell: Cell): boolean {
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) if (edge.stamp !== PENDING && edge.stamp !== edge.dep.stamp) return true
  return false
}

/**
 * The run was overtaken, or belongs to a snapshot: its outcome holds in the frozen branch. The live cell takes it as
 * MAYBE where it may hold there too; failures and volatile results count for their revision only.
 */
function settleElsewhere(frame: Frame, outcome: Outcome): void {
  const { cell, branch } = frame
  const job = frame.job as Job
  const changed = outcome.stamp !== cell.stamp
  const passing = (outcome.flags & (VOLATILE | TAINTED)) !== 0 || ((outcome.flags & FAILED) !== 0 && isPassing(cell, outcome.value))
  let memo: Memo
  if (job.reads === null) {
    cutEdges(cell, frame.tail)
    const { deps, stamps } = edgesOf(cell)
    memo = makeMemo(outcome, deps, stamps, branch.base)
    if (!passing) {
      placeOutcome(cell, outcome.value, outcome.flags, outcome.stamp, outcome.changedAt)
      markCell(cell, MAYBE)
    }
  } else {
    memo = makeMemo(outcome, [...job.reads.keys()].map(({ origin }) => origin), [...job.reads.values()], branch.base)
    if (!passing) offer(branch.home, cell, memo)
  }
  branch.memos.set(cell.origin, memo)
  if (branch.hub.active) tellSettled(frame, memo, changed)
  finishJob(job, memo)
}

/** What the run amounts to: an equal value keeps the stamp it had, and so its dependents need not run. */
function judge(frame: Frame, failed: boolean, result: unknown, isAsyncRun: boolean): Outcome {
  const { cell, branch } = frame
  const flags = frame.flags | (isAsyncRun ? ASYNC : 0)
  const standing = branch.parent === null && cell.trying === null ? cell : standingIn(branch, cell)
  const before = (standing.flags & FAILED) !== 0 ? (standing.value as Failure) : null
  const lastValue = before === null ? standing.value : before.lastValue
  const lastStamp = before === null ? standing.stamp : before.lastStamp
  let error = result
  if (!failed) {
    try {
      const equal = lastStamp !== ABSENT && equals(cell, frame, lastValue, result)
      const stamp = equal ? lastStamp : branch.family.stamps++
      return { value: equal ? lastValue : result, flags, stamp, changedAt: changedAt(frame, stamp) }
    } catch (thrown) {
      error = new EqualityError(cell.table.definition.name, thrown)
    }
  }
  const { rings } = branch.family
  const equal = before !== null && (failureEquals(before.error, error) || (isCycle(rings, before.error) && isCycle(rings, error) && before.onCycle === (frame.cycle !== null)))
  const stamp = equal ? standing.stamp : branch.family.stamps++
  const value = new Failure(error, idOf(cell), passedOn(frame, error), lastValue, lastStamp, frame.cycle !== null, frame.ring === frame ? null : frame.ring)
  if (isObject(error)) failures.set(error, value)
  return { value, flags: flags | FAILED, stamp, changedAt: changedAt(frame, stamp) }
}

/** Calls a caller's equality where writing is refused. */
function equals(cell: Cell, frame: Evaluation | null, a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return bodyOf(cell).options.equals !== false
  const custom = bodyOf(cell).options.equals as ((x: unknown, y: unknown) => boolean) | false | undefined
  if (custom === undefined) return defaultEquals(a, b)
  if (custom === false) return false
  const { family } = cell.table.branch as Branch
  const { active, floor, comparing } = family
  if (frame === null) family.comparing = true
  else family.active = frame
  family.floor = ++family.depth
  try {
    return custom(a, b)
  } finally {
    family.depth--
    family.floor = floor
    family.active = active
    family.comparing = comparing
  }
}

/** A memo that is taken up in place of a run is compared like the result of one. */
export function compared(cell: Cell, memo: Memo): { readonly value: unknown; readonly stamp: Stamp } {
  const standing = standingIn(cell.table.branch as Branch, cell)
  const before = (standing.flags & FAILED) !== 0 ? (standing.value as Failure) : null
  const value = before === null ? standing.value : before.lastValue
  const stamp = before === null ? standing.stamp : before.lastStamp
  try {
    if ((memo.flags & FAILED) !== 0) {
      if (before !== null && failureEquals(before.error, (memo.value as Failure).error)) return { value: memo.value, stamp: standing.stamp }
    } else if (stamp !== ABSENT && equals(cell, null, value, memo.value)) return { value, stamp }
  } catch {
    // Like a change: whoever depends on it runs, and finds out.
  }
  return memo
}

/** The revision at which the value last changed: that of the newest thing it read, where that explains the change. */
function changedAt({ cell, changedAt: newest, branch }: Evaluation, stamp: Stamp): number {
  if (stamp === cell.stamp) return cell.changedAt
  return cell.stamp === ABSENT || newest > cell.changedAt ? newest : branch.revision
}

/** The failure of a dependency that the cell only passes on. */
function passedOn({ branch, cell, job }: Evaluation, error: unknown): Failure | null {
  const deps = job !== null && job.reads !== null ? job.reads.keys() : depsOf(cell)
  for (const dep of deps) {
    if (!isCell(dep)) continue
    const seen = branch.frozen ? branch.memos.get(dep.origin) : dep
    if (seen == null || seen instanceof Job || (seen.flags & FAILED) === 0) continue
    const failure = seen.value as Failure
    if (Object.is(failure.error, error)) return failure
  }
  return null
}

function* depsOf(cell: Cell): Generator<Node> {
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) yield edge.dep
}

/** The newest failure of each error; they go with the errors. */
const failures = new WeakMap<object, Failure>()

const isObject = (value: unknown): value is object => (typeof value === 'object' && value !== null) || typeof value === 'function'

/** The chain of queries an error came through: the one that was asked first, the one that threw last. Empty for what is not an object. */
export function queryPath(error: unknown): string[] {
  const path: string[] = []
  for (let at = isObject(error) ? failures.get(error) : undefined; at != null; at = at.from ?? undefined) path.push(at.id)
  return path
}
