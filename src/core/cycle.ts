/**
 * Queries that need themselves. On the stack a cycle shows when a cell is read whose body is running; between jobs, when a
 * wait would close a ring. Everybody on it fails with the same error, whatever their bodies catch, so that the answer
 * does not depend on where the cycle was entered. An old list of dependencies may run in a ring too: that is no cycle, and
 * the job that was only validating gives way.
 */
import type { Branch, Evaluation, Job } from './branch.js'
import { CycleError, shorten } from './errors.js'
import { ignore, isCycle, ringOf, surrender } from './job.js'
import { type Cell, type Failure, idOf } from './node.js'

/** Ids of a path that may be very long: only those that will be shown are made. */
function idsOf(cells: readonly Cell[]): string[] {
  const kept = shorten(cells.map((_, i) => String(i)))
  return kept.map((at) => (/^\d+$/.test(at) ? idOf(cells[Number(at)] as Cell) : at))
}

/** The frame reads a cell whose body is on the stack. */
export function reportCycle(frame: Evaluation, cell: Cell): never {
  const stack: Evaluation[] = []
  for (let at: Evaluation | null = frame; at !== null; at = at.parent) stack.unshift(at)
  const from = stack.findIndex((at) => at.cell === cell)
  const ring = from < 0 ? [frame] : stack.slice(from)
  const error = new CycleError(idsOf([cell, ...ring.slice(1).map((at) => at.cell), cell]), idsOf(stack.slice(0, Math.max(from, 0)).map((at) => at.cell)))
  for (const at of ring) join(at, error, ring[0] as Evaluation)
  throw error
}

/** Puts an evaluation on a cycle: its outcome is decided. */
function mark(at: Evaluation, error: CycleError): void {
  at.cycle ??= error
  remember(at, error)
}

function remember({ branch, cell }: { readonly branch: Branch; readonly cell: Cell }, error: CycleError): void {
  const { rings } = branch.family
  const members = rings.get(error) ?? new Set()
  members.add(cell.origin)
  rings.set(error, members)
}

function join(at: Evaluation, error: CycleError, lowest: Evaluation): void {
  mark(at, error)
  if (at.ring === null || lowest.level < at.ring.level) at.ring = lowest
}

/**
 * The frame reads a failure. If that is one of a cycle, the frame may be on it too: as a member that asks another one later, or
 * while the lowest of the cycle is on the stack below it.
 */
export function joinCycle(frame: Evaluation, failure: Failure): void {
  const { error, ring } = failure
  const { rings } = frame.branch.family
  if (!isCycle(rings, error)) return
  if (rings.get(error)?.has(frame.cell.origin) === true) mark(frame, error)
  if (ring === null) return
  for (let at: Evaluation | null = frame; at !== null; at = at.parent) {
    if (at !== ring) continue
    for (let up: Evaluation | null = frame; up !== null; up = up === at ? null : up.parent) join(up, error, at)
    return
  }
}

/** The frame reads a cell that was given up to free the stack, and that needs, through others, this very frame. */
export function reportDeepCycle(frame: Evaluation, cell: Cell): never {
  const { family } = frame.branch
  const given = family.givenUp.slice(family.givenUp.indexOf(cell))
  const stack: Evaluation[] = []
  for (let at: Evaluation | null = frame; at !== null; at = at.parent) stack.unshift(at)
  const error = new CycleError(idsOf([...given, ...stack.map((at) => at.cell), cell]), [])
  for (const at of stack) mark(at, error)
  for (const at of given) {
    family.doomed.set(at, error)
    remember({ branch: frame.branch, cell: at }, error)
  }
  throw error
}

/**
 * The frame is about to wait for a job that waits for it. Returns whether it is a cycle: then all on it will end as such, whatever
 * their bodies do, and the read fails at once.
 */
export function breakRing(target: Job, frame: Evaluation): boolean {
  const ring = ringOf(target, frame)
  const validating = ring.find((job) => job.frame === null)
  if (validating !== undefined) {
    surrender(validating)
    return false
  }
  const last = ring.at(-1) as Job
  const above: Evaluation[] = []
  for (let at: Evaluation | null = frame; at !== null && at.job !== last; at = at.parent) above.unshift(at)
  const cells = [...ring.map((job) => job.cell), ...above.map((at) => at.cell)]
  const error = new CycleError(idsOf([...cells, target.cell]), [])
  for (const at of above) mark(at, error)
  for (const job of ring) {
    mark(job.frame as Evaluation, error)
    job.inner?.promise.catch(ignore)
    job.inner?.reject(error)
  }
  mark(frame, error)
  return true
}
