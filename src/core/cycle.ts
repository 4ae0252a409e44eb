/**
 * Queries that need themselves. On the stack a cycle shows when a cell is read whose body is running; between jobs, when a
 * wait would close a ring. Everybody on it fails with the same error, whatever their bodies catch, so that the answer
 * does not depend on where the cycle was entered. An old list of dependencies may run in a ring too: that is no cycle, and
 * the job that was only validating gives way.
 */
import type { Evaluation, Job } from './branch.js'
import { CycleError, shorten } from './errors.js'
import { ignore, ringOf, surrender } from './job.js'
import { type Cell, FAILED, type Failure, idOf, isCell, isPassing } from './node.js'

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

function join(at: Evaluation, error: CycleError, lowest: Evaluation): void {
  at.cycle ??= error
  if (at.ring === null || lowest.level < at.ring.level) at.ring = lowest
}

/**
 * The frame reads a failure. If that is one of a cycle, the frame may be on it too: while the lowest of the cycle is on the stack
 * below it, or where a failure that was kept leads back to it.
 */
export function joinCycle(frame: Evaluation, cell: Cell, failure: Failure): void {
  const { error, ring } = failure
  if (!(error instanceof CycleError)) return
  const kept = ring === null && !isPassing(cell)
  for (let at: Evaluation | null = frame; at !== null; at = at.parent) {
    if (at !== ring && !(kept && leadsTo(cell, at.cell))) continue
    for (let up: Evaluation | null = frame; up !== null; up = up === at ? null : up.parent) join(up, error, at)
    return
  }
}

/** Whether cells that failed in a cycle lead from one cell to another. */
function leadsTo(from: Cell, to: Cell): boolean {
  const seen = new Set<Cell>([from])
  for (const cell of seen) {
    if (cell === to) return true
    for (let edge = cell.deps; edge !== null; edge = edge.nextDep) {
      const { dep } = edge
      if (isCell(dep) && (dep === to || ((dep.flags & FAILED) !== 0 && (dep.value as Failure).error instanceof CycleError))) seen.add(dep)
    }
  }
  return false
}

/** The frame reads a cell that was given up to free the stack, and that needs, through others, this very frame. */
export function reportDeepCycle(frame: Evaluation, cell: Cell): never {
  const { family } = frame.branch
  const given = family.givenUp.slice(family.givenUp.indexOf(cell))
  const stack: Evaluation[] = []
  for (let at: Evaluation | null = frame; at !== null; at = at.parent) stack.unshift(at)
  const error = new CycleError(idsOf([...given, ...stack.map((at) => at.cell), cell]), [])
  for (const at of stack) at.cycle = error
  for (const at of given) family.doomed.set(at, error)
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
  for (const at of above) at.cycle ??= error
  for (const job of ring) {
    ;(job.frame as Evaluation).cycle ??= error
    job.inner?.promise.catch(ignore)
    job.inner?.reject(error)
  }
  frame.cycle ??= error
  return true
}
