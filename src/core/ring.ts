/**
 * Who is on a cycle that was found, as others are found to be: evaluations that share it make two one, and who reads a member may be on it himself.
 * What that comes to is decided once nobody on it is at work any more.
 */
import { CYCLES, ENDED, type Evaluation, type Family, type Job, type Ring } from './branch.js'
import type { CycleError } from './errors.js'
import { addWait, ignore, surrender } from './job.js'
import { type Cell, type Failure, fallbackOf, type Outcome, TAINTED } from './node.js'
import { localOf } from './records.js'
import { isCycle, ringOf, waitsFor } from './wait-graph.js'

/** Puts an evaluation on a cycle: its outcome is decided. Where it is on one already, the two are one. */
export function mark(at: Evaluation, error: CycleError): void {
  const { family } = at.branch
  at.cycle ??= error
  family.note(CYCLES, true)
  if (!family.rings.has(error)) family.rings.set(error, { members: new Set(), working: new Set(), lost: new Set(), joined: null })
  const ring = ringBy(family, error)
  ring.members.add(at.cell.origin)
  ring.working.add(at)
  if (at.cycle !== error) unite(family, at.cycle, error)
}

function unite(family: Family, one: CycleError, other: CycleError): void {
  const ring = ringBy(family, one)
  const { members, working, lost } = ringBy(family, other)
  if (members === ring.members) return
  ringBy(family, other).joined = ring
  for (const member of members) ring.members.add(member)
  for (const member of working) ring.working.add(member)
  for (const member of lost) ring.lost.add(member)
}

function ringBy({ rings }: Family, error: CycleError): Ring {
  let ring = rings.get(error) as Ring
  while (ring.joined !== null) ring = ring.joined
  return ring
}

/** Who needs whom, down to the frame: the bodies on the stack, and between them those that were given up. */
export function stepsTo(frame: Evaluation): Evaluation[] {
  const stack: Evaluation[] = []
  for (let at: Evaluation | null = frame; at !== null; at = at.parent) stack.unshift(at)
  const { givenUp } = frame.branch.family
  if (givenUp.length === 0) return stack
  const above = (needs: Evaluation | null): Evaluation[] => givenUp.filter(({ below }) => below === needs).map(({ at }) => at)
  return [...above(null), ...stack.flatMap((at) => [at, ...above(at)])]
}

/** A run that was given up begins anew: what has been found of it counts for this one. */
export function beginAnew(frame: Evaluation): void {
  const { unwound } = frame.branch
  const before = unwound?.get(frame.cell)
  if (before === undefined) return
  unwound?.delete(frame.cell)
  frame.keeps = before.keeps
  if (before.cycle === null) return
  frame.flags |= before.flags & TAINTED
  mark(frame, before.cycle)
  frame.ring = before.ring === before ? frame : before.ring
  before.ring = frame
}

/** Puts an evaluation on a cycle whose lowest one on the stack is known. */
export function join(at: Evaluation, error: CycleError, lowest: Evaluation): void {
  mark(at, error)
  // Who stands lower has begun earlier, also where the stack between has been freed.
  if (at.ring === null || lowest.run < (lowestOf(at.ring) as Evaluation).run) at.ring = lowest
}

/**
 * The frame reads a failure. If that is one of a cycle, the frame may be on it too: as a member that asks another one later, or
 * because a member is still at work that needs the frame.
 */
export function joinCycle(frame: Evaluation, failure: Failure): void {
  const { error } = failure
  const ring = lowestOf(failure.ring as Evaluation | null)
  const { family } = frame.branch
  // A body that has caught the signal by which the stack is freed is given up with it.
  if (!isCycle(family.rings, error) || family.unwind !== null) return
  const isMember = ringBy(family, error).members.has(frame.cell.origin)
  if (isMember) mark(frame, error)
  if (ring !== null && joinDownTo(ring, frame, error)) return
  if (isMember || (frame.job === null && surround(frame, error))) return
  if (frame.met?.includes(error) !== true) (frame.met ??= []).push(error)
}

/** All between a cycle's lowest and the frame are on it, where that one is on the stack, or was until it was freed. */
function joinDownTo(ring: Evaluation, frame: Evaluation, error: CycleError): boolean {
  for (let at: Evaluation | null = frame; at !== null; at = at.parent) {
    if (at !== ring) continue
    for (let up: Evaluation | null = frame; up !== null; up = up === at ? null : up.parent) join(up, error, at)
    return true
  }
  if (ring.branch.givenUp?.has(ring.cell) !== true) return false
  // Begun anew it stands where it stood.
  if (lowestOf(frame.ring) === ring) return true
  const steps = stepsTo(frame)
  const from = steps.indexOf(ring)
  for (const at of from < 0 ? [] : steps.slice(from)) join(at, error, ring)
  return from >= 0
}

/** The body is at work, or the evaluation must not end yet. */
const isAtWork = (at: Evaluation): boolean => at.state !== ENDED || (at.job !== null && at.job.held !== null)

/** The jobs of those on a cycle who are at work. */
function* atWorkOn(family: Family, error: CycleError): Generator<Job> {
  const { working, lost } = ringBy(family, error)
  for (const member of working) {
    if (isAtWork(member)) {
      if (member.job !== null) yield member.job
      continue
    }
    working.delete(member)
    if (member.job?.cancelled === true) lost.add(member.cell.origin)
  }
}

/** Whether a fallback is that of a cycle on which somebody is still at work. */
export function isOpen(family: Family, outcome: Outcome): boolean {
  const failure = family.fallbacks.get(outcome)
  if (failure === undefined) return false
  for (const member of ringBy(family, failure.error as CycleError).working) if (isAtWork(member)) return true
  return false
}

/** Whether somebody on the cycle who is still at work needs the frame, which has read another one: it is on it too, with all in between. */
function surround(frame: Evaluation, error: CycleError): boolean {
  for (const job of atWorkOn(frame.branch.family, error)) if (closeRound(frame, error, job)) return true
  return false
}

/** The frame needs a job that waits for it. One of those between that only validates runs instead; false: there is none. */
export function giveWay(target: Job, frame: Evaluation): boolean {
  const validating = ringOf(target, frame).find((job) => job.frame === null)
  if (validating !== undefined) surrender(validating)
  return validating !== undefined
}

function closeRound(frame: Evaluation, error: CycleError, member: Job): boolean {
  while (waitsFor(member, frame, null)) {
    // It may follow a job of another view, which is on no cycle of this one.
    if (giveWay(member, frame)) continue
    const jobs = ringOf(member, frame)
    for (const job of jobs) mark(job.frame as Evaluation, error)
    for (const at of callersUpTo(frame, jobs.at(-1) as Job)) mark(at, error)
    return true
  }
  return false
}

/**
 * Whether the evaluation must not end although its body has: it has read somebody on a cycle that it is not on, and another one on it, still at
 * work, may come to need it, so that it is on the cycle too. It waits for those, one after the other.
 */
export function mustStay(frame: Evaluation, failed: boolean, value: unknown): boolean {
  const { job, met, branch } = frame
  // Who fails with the error of a cycle does so whether he is on it or not.
  if (job === null || (failed && isCycle(branch.family.rings, value) && fallbackOf(frame.cell) === null)) return false
  const isElsewhere = (error: CycleError): boolean => frame.cycle === null || ringBy(branch.family, frame.cycle) !== ringBy(branch.family, error)
  for (let { waits: wait } = job; wait !== null; wait = wait.nextWait) {
    // It waits for the others already, or may have been told of what it waits for.
    if (met !== null && frame.cycle === null && wait.edge === null && wait.dep === null) return true
    const error = wait.target.frame?.cycle ?? null
    if (error !== null && isElsewhere(error)) return true
  }
  for (const error of met ?? []) {
    for (const member of isElsewhere(error) ? atWorkOn(branch.family, error) : []) {
      if (closeRound(frame, error, member)) break
      addWait(member, job, null, null, null)
      return true
    }
    const { lost } = ringBy(branch.family, error)
    if (!isElsewhere(error) || lost.size === 0) continue
    const asked = [...lost]
    lost.clear()
    for (const cell of asked) askAgain(frame, job, cell, error)
    return mustStay(frame, failed, value)
  }
  return false
}

/** A member that was given up begins anew, is one again, and the evaluation waits for it. */
function askAgain(frame: Evaluation, job: Job, origin: Cell, error: CycleError): void {
  const { branch } = frame
  const { host } = branch.family
  const cell = localOf(branch.home, origin) as Cell
  try {
    const shown = branch.frozen ? host.readElsewhere(frame, cell, false) : host.read(frame, cell, null)
    void Promise.resolve(shown).catch(ignore)
    const { target } = job.waits ?? { target: null }
    if (target?.cell.origin !== origin) return
    if (target.frame !== null) mark(target.frame, error)
    addWait(target, job, null, null, null)
  } catch {
    // It has failed: that is an outcome.
  }
}

/** A cycle may have grown into a lower one since. */
function lowestOf(ring: Evaluation | null): Evaluation | null {
  let lowest = ring
  while (lowest !== null && lowest.ring !== null && lowest.ring !== lowest) lowest = lowest.ring
  return lowest
}

/** The frame and those that called it, up to the one of a job; the outermost first. */
export function callersUpTo(frame: Evaluation, last: Job): Evaluation[] {
  const callers: Evaluation[] = []
  for (let at: Evaluation | null = frame; at !== null && at.job !== last; at = at.parent) callers.unshift(at)
  return callers
}
