/**
 * Queries that need themselves. On the stack a cycle shows when a cell is read whose body is running; between jobs, when a
 * wait would close a ring. Everybody on it fails with the same error, whatever their bodies catch, so that the answer
 * does not depend on where the cycle was entered. An old list of dependencies may run in a ring too: that is no cycle, and
 * the job that was only validating gives way.
 */
import type { Branch, Evaluation, Job } from './branch.js'
import { CycleError, shorten } from './errors.js'
import { ignore } from './job.js'
import { type Cell, fallbackOf, idOf, isCell, isFresh, TAINTED, VOLATILE } from './node.js'
import { callersUpTo, join, mark, stepsTo } from './ring.js'
import { candidatesOf } from './share.js'
import { ringOf } from './wait-graph.js'

/** Ids of a path that may be very long: only those that will be shown are made. */
function idsOf(cells: readonly Cell[]): string[] {
  const kept = shorten(cells.map((_, i) => String(i)))
  return kept.map((at) => (/^\d+$/.test(at) ? idOf(cells[Number(at)] as Cell) : at))
}

/** Who is on a cycle: cells, and their evaluations: those at work, and those that were given up. */
export interface Members {
  readonly cells: readonly Cell[]
  readonly frames: readonly Evaluation[]
}

function splitSteps(frame: Evaluation, branch: Branch, cell: Cell): { readonly ring: readonly Evaluation[]; readonly wayIn: readonly Evaluation[] } {
  const steps = stepsTo(frame)
  const own = steps.findLastIndex((at) => at.cell === cell && at.branch === branch)
  const from = own < 0 ? steps.findIndex((at) => at.cell === cell) : own
  return from < 0 ? { ring: [frame], wayIn: [] } : { ring: steps.slice(from), wayIn: steps.slice(0, from) }
}

/** The cycle by which a cell of a branch needs the frame that reads it. */
export function membersOnStack(frame: Evaluation, branch: Branch, cell: Cell): Members {
  const { ring } = splitSteps(frame, branch, cell)
  return { cells: ring.map((at) => at.cell), frames: ring }
}

/** The frame reads a cell that needs, through others, this very frame: its body is on the stack, or was given up to free it. */
export function reportCycle(frame: Evaluation, branch: Branch, cell: Cell): CycleError {
  const { ring, wayIn } = splitSteps(frame, branch, cell)
  const error = new CycleError(idsOf([...ring.map((at) => at.cell), cell]), idsOf(wayIn.map((at) => at.cell)))
  taint(ring)
  for (const at of ring) join(at, error, ring[0] as Evaluation)
  return error
}

/** Where one of them has read what is volatile, it is volatile that all are on a cycle. */
function taint(members: readonly Evaluation[]): void {
  if (!members.some(({ flags }) => (flags & (VOLATILE | TAINTED)) !== 0)) return
  for (const at of members) at.flags |= TAINTED
}

/** Those who wait for a member are told before it has ended, and may end before that. */
function taintWaiters({ frame, waiters }: Job): void {
  if (((frame as Evaluation).flags & (VOLATILE | TAINTED)) === 0) return
  for (let wait = waiters; wait !== null; wait = wait.nextWaiter) if (wait.waiter?.frame != null) wait.waiter.frame.flags |= TAINTED
}

/** The cycle by which a job waits for the frame. */
export function membersOfJobs(target: Job, frame: Evaluation): Members {
  const ring = ringOf(target, frame)
  const above = callersUpTo(frame, ring.at(-1) as Job)
  const frames = [...ring.flatMap(({ frame: at }) => (at === null ? [] : [at])), ...above]
  return { cells: [...ring.map((job) => job.cell), ...above.map((at) => at.cell)], frames }
}

/**
 * The cells between these bodies on the stack that are only being validated: one body asks for them, and the next one runs because they have
 * read it. What they had read before it is unchanged, so that they would read it again: they are on every cycle that both bodies are on.
 */
export function validatedBetween(frames: readonly Evaluation[]): Cell[] {
  return frames.flatMap((at, i) => {
    const above = i === 0 ? null : (frames[i - 1] as Evaluation)
    const calls = above !== null && (at.parent === above || above.branch.unwound?.get(above.cell) === above)
    return !calls || above.asks === null ? [] : (pathTo(at.cell, above.asks, at.branch, false) ?? pathTo(at.cell, above.asks, at.branch, true) ?? [])
  })
}

/** By which cells being validated one cell has asked for another, as the walks go: in the order of their reads. `hasSettled`: one of them has been computed since. */
function pathTo(cell: Cell, first: Cell, branch: Branch, hasSettled: boolean): Cell[] | null {
  const path: { readonly cell: Cell; readonly rest: Iterator<Cell> }[] = []
  const seen = new Set<Cell>()
  for (let at: Cell | undefined = first; at?.origin !== cell.origin; ) {
    if (at !== undefined && !seen.has(at)) {
      seen.add(at)
      path.push({ cell: at, rest: unprovedOf(at, branch, hasSettled) })
    }
    const top = path.at(-1)
    if (top === undefined) return null
    const next = top.rest.next()
    at = next.done === true ? undefined : next.value
    if (next.done === true) path.pop()
  }
  return path.map((step) => step.cell)
}

/** The cells that a cell being validated has read, and of which nobody knows yet whether they hold; all where they may have settled. */
function* unprovedOf(cell: Cell, branch: Branch, hasSettled: boolean): Generator<Cell> {
  if (!branch.frozen) {
    for (let edge = cell.deps; edge !== null; edge = edge.nextDep) if (isCell(edge.dep) && (hasSettled || !isFresh(edge.dep))) yield edge.dep
    return
  }
  const known = branch.memos.get(cell.origin)
  if (known !== null && (known === undefined || !hasSettled)) return
  const lists = known !== null && 'stamp' in known ? [known] : [...candidatesOf(cell), ...candidatesOf(cell.origin)]
  for (const { deps } of lists) for (const dep of deps) if (isCell(dep) && (hasSettled || isAsked(branch, dep))) yield dep
}

/** Being looked for, or a body on the stack. */
function isAsked(branch: Branch, cell: Cell): boolean {
  const known = branch.memos.get(cell.origin)
  return known === null || (known !== undefined && !('stamp' in known) && known.phase === 'running')
}

/**
 * Nobody on the cycle between a job and the frame waits any longer: all will end as such, whatever their bodies do. Where one of them has a fallback
 * they go on waiting, since the frame goes on: others that wait for them may turn out to be on the cycle too, and must not be told before.
 */
export function breakRing(target: Job, frame: Evaluation): CycleError {
  const ring = ringOf(target, frame)
  const { cells, frames } = membersOfJobs(target, frame)
  const error = new CycleError(idsOf([...cells, target.cell]), [])
  taint(frames)
  for (const at of callersUpTo(frame, ring.at(-1) as Job)) mark(at, error)
  const isAnswered = cells.some((cell) => fallbackOf(cell) !== null)
  for (const job of ring) {
    mark(job.frame as Evaluation, error)
    if (isAnswered) continue
    taintWaiters(job)
    job.inner?.promise.catch(ignore)
    job.inner?.reject(error)
  }
  mark(frame, error)
  return error
}
