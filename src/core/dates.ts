/**
 * What stood in a branch before, with which a run is compared; and since when outcomes stand: what `touch` tells. That is counted in the revisions of the branch, and depends on nothing that happens elsewhere: a memo that
 * another view has made is dated anew where it stands, and what the head has come to after a snapshot was taken says nothing in that.
 */
import { type Branch, type Evaluation, Job } from './branch.js'
import { type Cell, isCell, type Memo, type Outcome, UNPROVED } from './node.js'
import { recordIn } from './records.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'
import { keptFor } from './share.js'

/** What a run of the cell is to be compared with: what stands there or, in a snapshot, what stood there when it was taken. */
export function standingIn(branch: Branch, cell: Cell): Outcome {
  return stoodIn(branch, cell, false) ?? cell
}

/** What stood in a branch before, by `until`; null: nothing. `isDated`: its revision must be one of the branch, so that nothing counts that is later than a snapshot. */
function stoodIn(branch: Branch, cell: Cell, isDated: boolean, until: Revision = Infinity): Outcome | null {
  const parent = branch.parent as Branch
  if (!branch.frozen) {
    const replaced = replacedIn(branch, cell)
    const own = replaced !== null && (isDated || replaced.stamp !== ABSENT) ? replaced : cell
    if (own.stamp !== ABSENT && own.changedAt <= until) return own
    if (branch.parent === null) return null
    const known = branch.memos.get(cell.origin)
    if (known != null && 'stamps' in known && known.changedAt <= until) return known
  }
  const from = branch.frozen ? cell : ((parent.records?.get(cell.origin) ?? cell.origin) as Cell)
  const isTried = isDated && (from.flags & UNPROVED) !== 0
  const found = keptFor(branch, from) ?? (isTried ? replacedIn(from.table.branch as Branch, from) : null) ?? from
  const taken = isDated ? branch.base : Infinity
  if (found.stamp !== ABSENT && found.changedAt <= taken) return found
  return from.origin === from ? null : stoodIn(parent, from, isDated, taken)
}

/** What stood in a live cell before the memos that are being tried at this revision. */
function replacedIn({ revision }: Branch, { trying }: Cell): Outcome | null {
  return trying?.revision === revision ? trying.replaced : null
}

/** The revision at which the outcome of a run came to stand. */
export function changedAt({ branch, cell, changedAt: newest }: Evaluation, stamp: Stamp): Revision {
  const isAlone = branch.parent === null && cell.extra === null
  const before = isAlone ? (cell.stamp === ABSENT ? null : cell) : stoodIn(branch, cell, true)
  return dateOf(before, stamp, newest, branch.revision)
}

/** That at which what stood there before came, where it is the same; else that of the newest thing read, where that explains the change. */
function dateOf(before: Outcome | null, stamp: Stamp, newest: Revision, revision: Revision): Revision {
  if (before !== null && stamp === before.stamp) return before.changedAt
  // What says whether the answer of a cycle holds may be dated by another view.
  if (newest > revision) return revision
  return before === null || newest > before.changedAt ? newest : revision
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
