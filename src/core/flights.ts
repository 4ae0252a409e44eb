/**
 * Jobs of other states that may do the work of a frozen branch: one is waited for as long as all it has read shows the same stamps there.
 * Whether its outcome holds is decided when it is there, by its stamps; a wrong guess costs time and nothing else.
 *
 * One that has read nothing yet is not waited for: nothing speaks for it.
 */
import type { Branch, Job } from './branch.js'
import { type Cell, type Edge, isCell, type Node, PENDING } from './node.js'
import { stampIn } from './records.js'
import type { Stamp } from './revision.js'
import { isAsync } from './run.js'
import { shelfOf } from './share.js'

/** A run in a frozen branch has become a job. */
export function addFlight(job: Job): void {
  const { cell, branch } = job
  const shelf = shelfOf(branch.family.head, cell.origin)
  shelf.flights = [...shelf.flights.filter((flight) => (flight as Job).phase !== 'done'), job]
}

/** The job to wait for in place of a run. */
export function flightFor(branch: Branch, cell: Cell, own: Job | null): Job | null {
  if (!isAsync(cell) || branch.solving !== null) return null
  const others = cell.origin.shelf?.flights ?? []
  for (const job of [cell.job, cell.owner, ...others] as (Job | null)[]) {
    if (job === null || job === own || job.branch === branch || job.phase === 'running' || job.phase === 'done') continue
    // Whoever has waited for another state in vain does not do so again.
    if (isOfSameState(job, branch) || (own === null && mayHoldIn(job, branch))) return job
  }
  return null
}

/** It works at the very state the branch stands for, in the branch it was taken from or in a sibling. */
function isOfSameState(job: Job, branch: Branch): boolean {
  const { frozen, parent, base, revision } = job.branch
  return frozen ? parent === branch.parent && base === branch.base : job.branch === branch.parent && revision === branch.base
}

/** Its body has begun, and so far has seen nothing else than the branch shows. */
function mayHoldIn({ cell, frame, reads }: Job, branch: Branch): boolean {
  if (frame === null) return false
  if (reads !== null) {
    for (const [dep, stamp] of reads) if (!mayShow(branch, dep, stamp)) return false
    return reads.size > 0
  }
  const { tail } = frame
  for (let edge: Edge | null = tail === null ? null : cell.deps; edge !== null; edge = edge === tail ? null : edge.nextDep) {
    if (!mayShow(branch, edge.dep, edge.stamp)) return false
  }
  return tail !== null
}

/** Nothing is known against it. */
function mayShow(branch: Branch, { origin }: Node, stamp: Stamp): boolean {
  if (stamp === PENDING) return true
  if (!isCell(origin)) return stampIn(branch, origin) === stamp
  const known = branch.memos.get(origin)
  return known == null || !('stamps' in known) || known.stamp === stamp
}
