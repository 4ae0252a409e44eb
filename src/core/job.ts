/**
 * Jobs: who waits for whom, and how it ends. A job has one exit, `finishJob`; cancelling is the only other way out of
 * the books, and goes through the same door.
 *
 *   callers ──holders──┐
 *   jobs ───Wait──────>│ job │──Wait──> jobs it needs
 *   live queries─Wait──┘
 *
 * A job nobody waits for any more is cancelled. A wait that would close a ring is never made: see `waitsFor`.
 */
import { type Branch, type Deferred, ELSEWHERE, ENDED, type Evaluation, Job, type Outsider, Wait } from './branch.js'
import { admit } from './memory.js'
import { BOUNDED, type Cell, CLEAN, type Edge, FAILED, type Failure, isSource, MAYBE, type Node, ON_RING, type Outcome, SOFT, TAINTED, VOLATILE } from './node.js'
import { tellMissed } from './missed.js'
import { forgetFork } from './release.js'
import { ABSENT } from './revision.js'
import { dropFlight } from './share.js'
import { tellCancelled } from './tell.js'

/** Opens a job; it is on its way until `finishJob` or `cancelJob`. */
export function openJob(cell: Cell, branch: Branch): Job {
  const job = new Job(cell, branch)
  linkJob(branch, job)
  branch.family.jobs++
  branch.family.opened++
  if (isSource(cell)) branch.family.unfed++
  return job
}

function linkJob(branch: Branch, job: Job): void {
  job.branch = branch
  job.previous = null
  job.next = branch.jobs
  if (branch.jobs === null) branch.family.busy.add(branch)
  else branch.jobs.previous = job
  branch.jobs = job
}

function unlinkJob(job: Job): void {
  if (job.previous === null) job.branch.jobs = job.next
  else job.previous.next = job.next
  if (job.next !== null) job.next.previous = job.previous
  if (job.branch.jobs === null) job.branch.family.busy.delete(job.branch)
}

/** A commit is about to move the branch: its jobs go on in a frozen branch of the state being left. */
export function moveJobs(from: Branch, to: Branch): void {
  for (let job = from.jobs; job !== null; job = from.jobs) {
    unlinkJob(job)
    linkJob(to, job)
    if (job.cell.job === job || !to.memos.has(job.cell.origin)) to.memos.set(job.cell.origin, job)
    if (job.frame !== null) {
      job.frame.branch = to
      if (job.frame.state !== ENDED) job.frame.state = ELSEWHERE
      job.frame.quick = 0
    }
  }
}

/** Makes one job, or somebody outside, wait for another. */
export function addWait(target: Job, waiter: Job | null, edge: Edge | null, dep: Node | null, outsider: Outsider | null): Wait {
  const run = edge === null ? 0 : edge.run
  const wait = new Wait(target, waiter, edge, dep, run, outsider)
  wait.nextWaiter = target.waiters
  if (target.waiters !== null) target.waiters.previousWaiter = wait
  target.waiters = wait
  if (waiter !== null) {
    wait.nextWait = waiter.waits
    if (waiter.waits !== null) waiter.waits.previousWait = wait
    waiter.waits = wait
  }
  return wait
}

function unlinkFromWaiter(wait: Wait): void {
  const waiter = wait.waiter
  if (waiter === null) return
  if (wait.previousWait === null) {
    if (waiter.waits === wait) waiter.waits = wait.nextWait
  } else wait.previousWait.nextWait = wait.nextWait
  if (wait.nextWait !== null) wait.nextWait.previousWait = wait.previousWait
}

function unlinkFromTarget(wait: Wait): void {
  const target = wait.target
  if (wait.previousWaiter === null) {
    if (target.waiters === wait) target.waiters = wait.nextWaiter
  } else wait.previousWaiter.nextWaiter = wait.nextWaiter
  if (wait.nextWaiter !== null) wait.nextWaiter.previousWaiter = wait.previousWaiter
}

/** Somebody stops waiting; the last to leave cancels the job. */
export function leave(wait: Wait, reason: unknown): void {
  if (wait.target.phase === 'done') return
  unlinkFromWaiter(wait)
  unlinkFromTarget(wait)
  if (wait.target.waiters === null && wait.target.holders === 0) cancelJob(wait.target, reason)
}

/** Whether anybody waits for the value, and not only for the proof that it holds. */
export function needsValue(job: Job): boolean {
  if (job.holders > 0 || job.inner !== null || job.outer !== null) return true
  for (let wait = job.waiters; wait !== null; wait = wait.nextWaiter) {
    if (wait.outsider !== null || wait.dep !== null || wait.edge !== null) return true
  }
  return false
}

/** The promise of a job: one for callers outside, whose unhandled failure is theirs to see, and one for queries. */
export function promiseOf(job: Job, inside: boolean): Promise<unknown> {
  const existing = inside ? job.inner : job.outer
  if (existing !== null) return existing.promise
  let resolve!: Deferred['resolve']
  let reject!: Deferred['reject']
  const promise = new Promise<unknown>((yes, no) => {
    resolve = yes
    reject = no
  })
  if (inside) job.inner = { promise, resolve, reject }
  else job.outer = { promise, resolve, reject }
  return promise
}

/** An outcome where it stands: with the promise that is handed out for it. */
export type Held = Outcome & { promise: Promise<unknown> | null }

export const ignore = (): void => {}

/** A promise of the outcome. Failures handed to queries are marked as handled: the query answers for them. */
export function settledPromise(outcome: Outcome, inside: boolean): Promise<unknown> {
  if ((outcome.flags & FAILED) === 0) return Promise.resolve(outcome.value)
  const promise = Promise.reject((outcome.value as Failure).error)
  if (inside) promise.catch(ignore)
  return promise
}

function wakeJob(waiter: Job): void {
  if (waiter.phase === 'waiting' || waiter.held !== null) waiter.branch.family.wakes.push(waiter)
}

/** The one exit of every job. Waiters are completed and woken; nothing of the job stays behind. */
export function finishJob(job: Job, outcome: Held): void {
  closeJob(job)
  // One promise for each outcome: the one that callers hold already.
  if (job.outer !== null) outcome.promise = job.outer.promise
  else if (job.inner !== null && (outcome.flags & FAILED) === 0) outcome.promise ??= job.inner.promise
  // What it asked for and did not await goes on for its own sake.
  for (let wait = job.waits; wait !== null; wait = wait.nextWait) wait.target.holders++
  for (let wait = job.waiters; wait !== null; wait = wait.nextWaiter) {
    const waiter = wait.waiter
    if (waiter !== null) {
      unlinkFromWaiter(wait)
      // Who has gone on with the promise of a source has not seen the value that is shown in its place.
      const hasLeft = waiter.phase === 'done' && isSource(job.cell)
      if (hasLeft) tellMissed(waiter, job.cell)
      if (waiter.frame !== null && !hasLeft && (wait.edge !== null || wait.dep !== null)) completeRead(waiter.frame, wait.dep as Node, wait.edge, wait.run, outcome)
      if (waiter.frame !== null && waiter.phase !== 'done' && (outcome.flags & (FAILED | ON_RING)) !== 0) waiter.frame.branch.family.host.joinFailure(waiter.frame, outcome)
      wakeJob(waiter)
    }
    wait.outsider?.ended(outcome)
  }
  job.waiters = null
  settlePromises(job, outcome)
}

/** Records what a read has given: at its edge, or with the job where the evaluation has no edges of its own. */
export function completeRead(frame: Evaluation, dep: Node, edge: Edge | null, run: number, outcome: { readonly stamp: number; readonly changedAt: number; readonly flags?: number }): void {
  const reads = frame.job === null ? null : frame.job.reads
  if (reads !== null) reads.set(dep, outcome.stamp)
  else if (edge !== null) {
    if (edge.run !== run) return
    edge.stamp = outcome.stamp
  }
  if (outcome.changedAt > frame.changedAt) frame.changedAt = outcome.changedAt
  if (((outcome.flags ?? 0) & (VOLATILE | TAINTED)) !== 0) frame.flags |= TAINTED
  // Read in a branch that was left: what it saw may already be otherwise in the live one.
  const job = frame.job
  if (job !== null && frame.branch.frozen && (dep.stamp !== outcome.stamp || dep.mark !== CLEAN) && job.touched < MAYBE) job.touched = MAYBE
}

function settlePromises(job: Job, outcome: Outcome): void {
  const { inner, outer } = job
  if (inner === null && outer === null) return
  if ((outcome.flags & FAILED) === 0) {
    inner?.resolve(outcome.value)
    outer?.resolve(outcome.value)
  } else rejectPromises(job, (outcome.value as Failure).error)
}

function rejectPromises(job: Job, error: unknown): void {
  job.inner?.promise.catch(ignore)
  job.inner?.reject(error)
  job.outer?.reject(error)
}

/** Takes the job out of all books. */
function closeJob(job: Job): void {
  const { cell, branch } = job
  job.phase = 'done'
  job.held = null
  if (cell.job === job) cell.job = null
  if (cell.owner === job) {
    cell.owner = null
    // It was unmarked to those who settled above it while it was on its way.
    if (cell.mark >= MAYBE) cell.flags |= SOFT
  }
  // What stood there was kept while the job was on its way, or has been placed by it.
  if ((cell.flags & BOUNDED) !== 0 && cell.stamp !== ABSENT) admit(branch.family, cell)
  unlinkJob(job)
  dropFlight(job)
  branch.family.jobs--
  if (isSource(cell)) branch.family.unfed--
  if (job.frame !== null) endFrame(job.frame)
  if (branch.frozen && branch.memos.get(cell.origin) === job) branch.memos.delete(cell.origin)
  if (branch.hidden && branch.jobs === null && branch.parent !== null) forgetFork(branch.parent, branch.token)
}

/** Nothing is read through it any more. */
export function endFrame(frame: Evaluation): void {
  frame.state = ENDED
  frame.quick = 0
}

/** A job whose run was given up before anybody knew of it. What it asked for goes on: the next run will need it. */
export function dropJob(job: Job): void {
  closeJob(job)
  keepWaits(job)
}

/** A job whose run was given up, and which others wait for: it begins anew. */
export function resetJob(job: Job): void {
  keepWaits(job)
  job.phase = 'waiting'
  job.frame = null
  job.run = 0
  job.edge = null
  job.reads = null
  job.surrendered = true
}

/** A job that only validates gives way to the ring it would close: it runs instead. */
export function surrender(job: Job): void {
  keepWaits(job)
  job.surrendered = true
  job.branch.family.wakes.push(job)
}

function keepWaits(job: Job): void {
  for (let wait = job.waits; wait !== null; wait = wait.nextWait) {
    wait.target.holders++
    unlinkFromTarget(wait)
  }
  job.waits = null
}

/**
 * Nobody waits any more, or the database closes: the signal fires, nothing is recorded, and what it waited for is left. All are out of the books
 * before anybody is told: a listener of a signal may ask for one of them again.
 */
export function cancelJob(job: Job, reason: unknown): void {
  if (job.phase === 'done') return
  const jobs = [job]
  const outsiders: Outsider[] = []
  for (const next of jobs) {
    next.cancelled = true
    next.reason = reason
    closeJob(next)
    for (let wait = next.waits; wait !== null; wait = wait.nextWait) {
      unlinkFromTarget(wait)
      const { target } = wait
      if (target.waiters === null && target.holders === 0 && target.phase !== 'done') jobs.push(target)
    }
    next.waits = null
    for (let wait = next.waiters; wait !== null; wait = wait.nextWaiter) {
      unlinkFromWaiter(wait)
      if (wait.waiter !== null) wakeJob(wait.waiter)
      if (wait.outsider !== null) outsiders.push(wait.outsider)
    }
    next.waiters = null
  }
  for (const outsider of outsiders) outsider.ended(null)
  for (const next of jobs) {
    tellCancelled(next)
    rejectPromises(next, reason)
    next.controller?.abort(reason)
  }
  for (const fixpoint of job.branch.family.solving) fixpoint.reconsider(reason)
}
