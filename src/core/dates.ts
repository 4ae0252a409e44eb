/**
 * Since when outcomes stand: what `touch` tells. It is counted in the revisions of the branch, and depends on nothing that happens elsewhere: a memo that
 * another view has made is dated anew where it stands, and what the head has come to after a snapshot was taken says nothing in that.
 */
import { type Branch, type Evaluation, Job } from './branch.js'
import { type Cell, isCell, type Memo, type Outcome } from './node.js'
import { recordIn } from './records.js'
import type { Revision, Stamp } from './revision.js'
import { replacedIn, stoodIn } from './share.js'

/** The revision at which the outcome of a run came to stand. */
export function changedAt({ branch, cell, changedAt: newest }: Evaluation, stamp: Stamp): Revision {
  return dateOf(stoodIn(branch, cell, true), stamp, newest, branch.revision)
}

/** That at which what stood there before came, where it is the same; else that of the newest thing read, where that explains the change. */
function dateOf(before: Outcome | null, stamp: Stamp, newest: Revision, revision: Revision): Revision {
  if (before === null) return newest
  if (stamp === before.stamp) return before.changedAt
  return newest > before.changedAt ? newest : revision
}

/** A memo that was taken up in a live branch holds. */
export function dateAdopted(cell: Cell): void {
  const branch = cell.table.branch as Branch
  if (replacedIn(branch, cell) === null) return
  let newest = 0
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) newest = Math.max(newest, edge.dep.changedAt)
  cell.changedAt = dateOf(stoodIn(branch, cell, true), cell.stamp, newest, branch.revision)
}

/** A memo that holds in a frozen branch, as it stands there. */
export function dated(branch: Branch, cell: Cell, memo: Memo): Memo {
  const before = stoodIn(branch, cell, true)
  const date = before?.stamp === memo.stamp ? before.changedAt : dateOf(before, memo.stamp, newestOf(branch, memo), branch.revision)
  return date === memo.changedAt ? memo : { ...memo, changedAt: date }
}

function newestOf(branch: Branch, { deps }: Memo): Revision {
  let newest = 0
  for (const dep of deps) {
    const shown = isCell(dep) ? branch.memos.get(dep) : recordIn(branch, dep)
    if (shown != null && !(shown instanceof Job)) newest = Math.max(newest, shown.changedAt)
  }
  return newest
}
