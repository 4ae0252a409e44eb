/**
 * What a run amounts to: its outcome compared with what stood there, so that an equal one keeps its stamp and its dependents need
 * not run; and the chain of queries a failure came through.
 */
import { type Branch, type Evaluation, Job } from './branch.js'
import { NEVER } from './define.js'
import { EqualityError } from './errors.js'
import { defaultEquals, failureEquals } from './equality.js'
import { changedAt, standingIn } from './dates.js'
import { isCycle } from './wait-graph.js'
import { ASYNC, BY_ANSWER, type Cell, EMITTED, EVICTED, FAILED, Failure, idOf, isCell, isSource, type LastValue, LEVEL, levelIn, lowerLevel, type Memo, type Node, ON_RING, type Outcome, RUNNING, TAINTED, VOLATILE, withLevel } from './node.js'
import { invalidations } from './records.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'
import { keptWith } from './share.js'

/** What the run amounts to: an equal value keeps the stamp it had, and so its dependents need not run. */
export function judge(frame: Evaluation, failed: boolean, result: unknown, isAsyncRun: boolean): Outcome {
  const { cell, branch } = frame
  const level = branch.family.isDurable ? levelOfRun(frame) : 0
  // What a source shows is shown as it is, once it is known.
  const flags = (frame.flags & ~EMITTED) | (isAsyncRun && !isSource(cell) ? ASYNC : 0) | (level * LEVEL)
  const standing = branch.parent === null && cell.trying === null ? cell : standingIn(branch, cell)
  if (failed) return judgeFailure(frame, result, flags, standing)
  // The same body has read the same: it is the value that was there.
  if (frame.keeps !== ABSENT) return { value: result, flags, stamp: frame.keeps, changedAt: changedAt(frame, frame.keeps) }
  const last = lastGood(standing, flags)
  try {
    // A fallback is what it was: no body has given it.
    const equal = last !== null && ((last === standing && (flags & ON_RING) !== 0) || equals(cell, frame, last.value, result))
    if (!equal && frame.job !== null) frame.job.against = last === null ? ABSENT : last.stamp
    const stamp = equal && tellsNothingNew(last, standing, flags) ? last.stamp : branch.family.stamps++
    return { value: equal ? last.value : result, flags, stamp, changedAt: changedAt(frame, stamp) }
  } catch (thrown) {
    return judgeFailure(frame, new EqualityError(cell.table.definition.name, thrown), flags, standing)
  }
}

function judgeFailure(frame: Evaluation, error: unknown, flags: number, standing: Outcome): Outcome {
  const { branch, cell, cycle, ring } = frame
  const { rings } = branch.family
  const isOnCycle = cycle !== null
  const before = failureIn(standing, flags)
  const equal = before !== null && (failureEquals(before.error, error) || (isCycle(rings, before.error) && isCycle(rings, error) && before.onCycle === isOnCycle))
  const stamp = equal ? standing.stamp : branch.family.stamps++
  const last = lastGood(standing, flags)
  const value = new Failure(error, idOf(cell), passedOn(frame, error), last === standing ? lastIn(branch, cell, standing) : (last as LastValue | null), isOnCycle, isCycle(rings, error), ring === frame ? null : ring)
  handOut(value)
  return { value, flags: flags | FAILED, stamp, changedAt: changedAt(frame, stamp) }
}

/** The last good value that stood there, whether or not a failure came after; null: none that could be compared. */
function lastGood(standing: Outcome, flags: number): Outcome | LastValue | null {
  if ((standing.flags & FAILED) !== 0) return (standing.value as Failure).last
  return standing.stamp === ABSENT || (standing.flags & EVICTED) !== 0 || ((standing.flags ^ flags) & ON_RING) !== 0 ? null : standing
}

/** The failure that stood there, where one of these flags may be the same to dependents. */
function failureIn(standing: Outcome, flags: number): Failure | null {
  return (standing.flags & FAILED) !== 0 && (standing.flags & ASYNC) === (flags & ASYNC) ? (standing.value as Failure) : null
}

/** Dependents of an equal value must learn of a durability that has fallen, and of a promise where there was none. */
function tellsNothingNew(last: Pick<Outcome, 'flags'>, standing: Outcome, flags: number): boolean {
  return levelIn(flags) >= levelIn(standing.flags) && (last.flags & ASYNC) === (flags & ASYNC)
}

/** What is compared, as the last good value before a failure. */
function lastIn(branch: Branch, cell: Cell, standing: Outcome): LastValue {
  const isInherited = !branch.frozen && cell.stamp === ABSENT && branch.parent !== null
  const view = !isInherited ? cell.table.branch : standing === cell.origin ? cell.origin.table.branch : branch.parent
  return { value: standing.value, stamp: standing.stamp, flags: standing.flags, view: (view as Branch).token, since: standing.changedAt }
}

/** Whether a value had stood in a branch, or in those it was taken of, by a revision. */
export function hasStood(branch: Branch, revision: Revision, { view, since }: LastValue): boolean {
  let until = revision
  for (let at: Branch | null = branch; at !== null; until = at.base, at = at.parent) {
    if (at.token === view) return since <= until
    for (let link = at.passed; link !== null; link = link.rest) if (link.token === view) return since <= link.until
  }
  return false
}

/** The least durability of what a run has read: from 0, low, to 3 where it has read nothing that changes. */
function levelOfRun(frame: Evaluation): number {
  const { branch, cell, flags, job, tail } = frame
  if ((flags & (VOLATILE | TAINTED | ON_RING)) !== 0 || isSource(cell)) return 0
  let level = NEVER
  const look = (dep: Node): void => {
    level = Math.min(level, levelShown(branch, dep))
  }
  if (job !== null && job.reads !== null) {
    for (const [dep, stamp] of job.reads) if (stamp !== BY_ANSWER) look(dep)
  } else for (let edge = tail === null ? null : cell.deps; edge !== null; edge = edge === tail ? null : edge.nextDep) if (edge.stamp !== BY_ANSWER) look(edge.dep)
  return level
}

function levelShown(branch: Branch, dep: Node): number {
  // An invalidation says nothing about how seldom inputs change: all levels take note of it.
  if (!isCell(dep)) return dep.table.definition === invalidations ? NEVER : dep.table.level
  const seen = branch.frozen ? branch.memos.get(dep.origin) : dep
  return seen == null || seen instanceof Job ? 0 : levelIn(seen.flags)
}

/** A cell was found to hold by stamps: what it has read may show them here with a lower durability. */
export function lowerProved(cell: Cell): void {
  let level = levelIn(cell.flags)
  for (let edge = level === 0 ? null : cell.deps; edge !== null; edge = edge.nextDep) if (edge.stamp !== BY_ANSWER) level = Math.min(level, levelShown(cell.table.branch as Branch, edge.dep))
  lowerLevel(cell, level)
}

/** The same for a memo in a frozen branch. */
export function asProved(branch: Branch, memo: Memo): Memo {
  const own = levelIn(memo.flags)
  if (own === 0) return memo
  const level = memo.deps.reduce((least, dep, i) => (memo.stamps[i] === BY_ANSWER ? least : Math.min(least, levelShown(branch, dep))), own)
  return level === own ? memo : { ...memo, flags: withLevel(memo.flags, level) }
}

/** Calls a caller's equality where writing is refused, and where reading the query that is compared is a cycle. */
function equals(cell: Node, frame: Evaluation | null, a: unknown, b: unknown): boolean {
  const { options } = cell.table.definition
  if (Object.is(a, b)) return options.equals !== false
  const custom = options.equals as ((x: unknown, y: unknown) => boolean) | false | undefined
  if (custom === false) return false
  // Values may have methods of their own by which they are compared.
  if (custom === undefined && !(isObject(a) && isObject(b))) return false
  const { family } = cell.table.branch as Branch
  const { active, floor, comparing } = family
  const running = frame === null || frame.branch.frozen || (frame.cell.flags & RUNNING) !== 0 ? null : frame.cell
  if (frame === null) family.comparing = true
  else family.active = frame
  if (running !== null) running.flags |= RUNNING
  family.floor = ++family.depth
  try {
    return (custom ?? defaultEquals)(a, b)
  } finally {
    if (running !== null) running.flags &= ~RUNNING
    family.depth--
    family.floor = floor
    family.active = active
    family.comparing = comparing
  }
}

/** Whether two values of a query are the same to its readers; an equality that throws says no. */
export function isEqual(cell: Node, a: unknown, b: unknown): boolean {
  try {
    return equals(cell, null, a, b)
  } catch {
    return false
  }
}

/** Whether two outcomes of rounds are the same. A query whose every run is a change would never settle by that. Throws what an equality throws. */
export function isSameOutcome(cell: Cell, before: Pick<Outcome, 'value' | 'flags'>, after: Pick<Outcome, 'value' | 'flags'>): boolean {
  if (((before.flags ^ after.flags) & FAILED) !== 0) return false
  if ((before.flags & FAILED) !== 0) return failureEquals((before.value as Failure).error, (after.value as Failure).error)
  return cell.table.definition.options.equals === false ? defaultEquals(before.value, after.value) : equals(cell, null, before.value, after.value)
}

/** A memo that is taken up in place of a run is compared like the result of one. */
export function compared(cell: Cell, memo: Memo): { readonly value: unknown; readonly stamp: Stamp } {
  const standing = standingIn(cell.table.branch as Branch, cell)
  const { value, flags } = memo
  if ((flags & EVICTED) !== 0) return memo
  if ((flags & FAILED) !== 0) {
    const before = failureIn(standing, flags)
    return before !== null && failureEquals(before.error, (value as Failure).error) ? { value, stamp: standing.stamp } : memo
  }
  const last = lastGood(standing, flags)
  return last !== null && tellsNothingNew(last, standing, flags) && isEqual(cell, last.value, value) ? last : memo
}

/** Whether a record shows the value that it showed under another stamp, as far as its shelf remembers that. */
export function isKnownAs(node: Node, stamp: Stamp): boolean {
  if (!isCell(node) || node.shelf === null || stamp === ABSENT) return false
  const memo = keptWith(node.shelf, stamp)
  if (memo === undefined || ((memo.flags ^ node.flags) & (FAILED | ASYNC)) !== 0 || ((memo.flags | node.flags) & EVICTED) !== 0) return false
  // A caller's equality is asked once for each run.
  if ((memo.flags & FAILED) === 0) return typeof node.table.definition.options.equals === 'function' ? Object.is(node.value, memo.value) : isEqual(node, node.value, memo.value)
  return failureEquals((node.value as Failure).error, (memo.value as Failure).error)
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

/** The failure by which each error was found or handed out last; they go with the errors. */
const failures = new WeakMap<object, Failure>()

export function handOut(failure: Failure): void {
  if (isObject(failure.error)) failures.set(failure.error, failure)
}

export const isObject = (value: unknown): value is object => (typeof value === 'object' && value !== null) || typeof value === 'function'

/** The chain of queries an error came through: the one that was asked first, the one that threw last. Empty for what is not an object. */
export function queryPath(error: unknown): string[] {
  const path: string[] = []
  for (let at = isObject(error) ? failures.get(error) : undefined; at != null; at = at.from ?? undefined) path.push(at.id)
  return path
}
