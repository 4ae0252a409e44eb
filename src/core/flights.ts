/**
 * Jobs of other states that may do the work of a branch: one is waited for as long as all it has read shows the same stamps there.
 * Whether its outcome holds is decided when it is there, by its stamps; a wrong guess costs time and nothing else.
 *
 * One that has read nothing yet is not waited for: nothing speaks for it.
 */
import type { Branch, Job } from './branch.js'
import { BY_ANSWER, type Cell, type Edge, isCell, type Node, PENDING, TAINTED, VOLATILE } from './node.js'
import { stampIn } from './records.js'
import type { Stamp } from './revision.js'
import { isAsync } from './run.js'
import { shelfOf } from './share.js'

/** A run in a snapshot has become a job. */
export function addFlight(job: Job): void {
  const { cell, branch } = job
  const shelf = shelfOf(branch.family.head, cell.origin)
  shelf.flights = [...shelf.flights, job]
}

/** The job for a frozen branch to wait for in place of a run. `leader`: one that was waited for before. */
export function flightFor(branch: Branch, cell: Cell, own: Job | null, leader: Job | null): Job | null {
  if (!isAsync(cell) || branch.solving !== null) return null
  // What it came to in this very state counts for no other view.
  if (leader !== null && leader.phase === 'done' && !leader.cancelled && isOfSameState(leader, branch)) return null
  for (const job of jobsOf(cell)) {
    if (job === own || job.branch === branch || !isOnItsWay(job)) continue
    // Whoever has waited for another state in vain does not do so again.
    if (isOfSameState(job, branch) || (own === null && mayHoldIn(job, branch))) return job
  }
  return null
}

const none: readonly Job[] = []

/** The jobs of other views that a live branch may wait for in place of a run. */
export function flightsTo(branch: Branch, cell: Cell): readonly Job[] {
  const { origin } = cell
  // Nobody has asked elsewhere.
  if (origin === cell && (cell.shelf === null || cell.shelf.flights.length === 0)) return none
  if (!isAsync(cell) || branch.solving !== null) return none
  return jobsOf(cell).filter((job) => job.branch !== branch && !(job.branch.hidden && job.branch.parent === branch) && isOnItsWay(job))
}

function jobsOf({ job, owner, origin }: Cell): Job[] {
  const all = new Set([job, owner, origin.job, origin.owner, ...(origin.shelf?.flights ?? [])])
  all.delete(null)
  return [...all] as Job[]
}

export function isOnItsWay({ phase }: Job): boolean {
  return phase !== 'running' && phase !== 'done'
}

/** What its body has read so far, in that order; null: it has not begun, has read nothing, or has read what counts for its own revision alone. */
export function readsOf({ cell, frame, reads }: Job): readonly (readonly [dep: Node, stamp: Stamp])[] | null {
  if (frame === null || (frame.flags & (VOLATILE | TAINTED)) !== 0) return null
  if (reads !== null) return reads.size > 0 ? [...reads] : null
  const { tail } = frame
  if (tail === null) return null
  const list: (readonly [Node, Stamp])[] = []
  for (let edge: Edge | null = cell.deps; edge !== null; edge = edge === tail ? null : edge.nextDep) list.push([edge.dep, edge.stamp])
  return list
}

/** It works at the very state the branch stands for, in the branch it was taken from or in a sibling. */
function isOfSameState(job: Job, branch: Branch): boolean {
  const { frozen, parent, base, revision } = job.branch
  return frozen ? parent === branch.parent && base === branch.base : job.branch === branch.parent && revision === branch.base
}

/** Its body has begun, and so far has seen nothing else than the branch shows. */
function mayHoldIn(job: Job, branch: Branch): boolean {
  return readsOf(job)?.every(([dep, stamp]) => mayShow(branch, dep, stamp)) === true
}

/** Nothing is known against it. */
function mayShow(branch: Branch, { origin }: Node, stamp: Stamp): boolean {
  if (stamp === PENDING || stamp === BY_ANSWER) return true
  if (!isCell(origin)) return stampIn(branch, origin) === stamp
  const known = branch.memos.get(origin)
  return known == null || !('stamps' in known) || known.stamp === stamp
}
