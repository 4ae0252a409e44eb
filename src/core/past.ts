/**
 * The history of a cell: earlier outcomes, with the values that were read. One holds again where the records show equal values, whatever
 * their stamps; so a change that is taken back costs no run. Only cells whose definition asks for it have one.
 */
import { isEqual } from './judge.js'
import { type Cell, CLEAN, type Edge, EVICTED, FAILED, isCell, type Memo, type Node, PENDING, UNSEEN } from './node.js'
import { invalidations } from './records.js'
import { ABSENT } from './revision.js'

/** A run has given the cell an outcome: notes what it has seen. */
export function notePast(cell: Cell): void {
  const { shelf } = cell
  if (shelf === null || shelf.past === null) return
  shelf.seen = null
  if (cell.mark !== CLEAN) return
  const seen: unknown[] = []
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) {
    if (edge.stamp === PENDING || edge.stamp !== edge.dep.stamp) return
    seen.push(shownBy(edge.dep))
  }
  shelf.seen = seen
}

/** What a record shows, as far as it can be compared. */
function shownBy(node: Node): unknown {
  if (isCell(node)) return (node.flags & (FAILED | EVICTED)) !== 0 ? UNSEEN : node.value
  const { definition } = node.table
  const { keys, entries } = node.origin.table
  return node.stamp === ABSENT || definition === invalidations || node.origin === keys || node.origin === entries ? UNSEEN : node.value
}

/** Whether a record shows what a memo has seen of its `index`th. */
export function showsAgain(node: Node, { seen }: Memo, index: number): boolean {
  return seen !== null && isShown(node, seen[index])
}

function isShown(node: Node, before: unknown): boolean {
  const now = shownBy(node)
  return before !== UNSEEN && now !== UNSEEN && isEqual(node, before, now)
}

/** Whether what was read through an edge of a cell shows again what the cell has seen there. */
export function isSeenAgain(cell: Cell, edge: Edge): boolean {
  const seen = cell.shelf === null ? null : cell.shelf.seen
  if (seen === null) return false
  let index = 0
  for (let at = cell.deps; at !== edge && at !== null; at = at.nextDep) index++
  return isShown(edge.dep, seen[index])
}

/** A memo is about to stand in the cell: it is no past any more. */
export function withdraw({ shelf }: Cell, memo: Memo): void {
  if (shelf !== null && shelf.past !== null) shelf.past = shelf.past.filter((one) => one !== memo)
}

/** It stands there, and so does what it has seen. */
export function takeUp({ shelf }: Cell, memo: Memo): void {
  if (shelf !== null && shelf.past !== null) shelf.seen = memo.seen
}
