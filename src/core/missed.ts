/**
 * Who has gone on with the promise of a source has not seen the value that stands in its place once it is known; and that is no commit, by which he would
 * hear of it. In a live branch he is told by marks; in a frozen one what he came to is forgotten, with all that was made from it.
 */
import { type Branch, type Family, Job } from './branch.js'
import { wake } from './graph.js'
import { type Cell, isCell, isSource, PENDING } from './node.js'
import { localOf } from './records.js'

/** `reader` has ended, and the source that it had read has its first outcome only now. */
export function tellMissed({ branch, cell }: Job, source: Cell): void {
  if (branch.frozen) forgetAbove(branch, cell.origin)
  else wake(localOf(branch, source.origin) as Cell)
}

function forgetAbove(branch: Branch, root: Cell): void {
  const { memos, lives, family } = branch
  const readers = new Map<Cell, Cell[]>()
  for (const [cell, known] of memos) {
    if (known === null || known instanceof Job) continue
    for (const dep of known.deps) {
      if (!isCell(dep)) continue
      const list = readers.get(dep)
      if (list === undefined) readers.set(dep, [cell])
      else list.push(cell)
    }
  }
  const gone = new Set([root])
  for (const cell of gone) {
    if (memos.get(cell) instanceof Job) continue
    memos.delete(cell)
    for (const reader of readers.get(cell) ?? []) gone.add(reader)
    const watcher = lives.get(cell)
    if (watcher === undefined || watcher.queued) continue
    watcher.queued = true
    family.reached.push(watcher)
  }
}

/** Whether a live outcome was made from the promise of a source that waits: then it stands for no other view. */
export function isUnfed({ unfed }: Family, cell: Cell): boolean {
  if (unfed === 0) return false
  const met = new Set([cell])
  for (const { deps } of met) {
    for (let edge = deps; edge !== null; edge = edge.nextDep) {
      if (!isCell(edge.dep)) continue
      if (edge.stamp === PENDING && isSource(edge.dep)) return true
      met.add(edge.dep)
    }
  }
  return false
}
