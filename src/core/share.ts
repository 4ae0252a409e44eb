/**
 * Memos that outlive their place. A cell that is about to forget an outcome puts it on its shelf while a snapshot is
 * alive that may ask for it; what a snapshot computes goes on the shelf too. Whether a memo from the shelf holds
 * somewhere is decided there, by the stamps of its dependencies alone.
 */
import { type Branch, FORKED } from './branch.js'
import { BROKEN, type Cell, EVICTED, type Kept, type Memo, type Node, OUTCOME, type Outcome, type Shelf } from './node.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'

/** The cell's outcome as a memo, or null while it has none, or is losing it to a run. */
export function memoOf(cell: Cell): Memo | null {
  if (cell.stamp === ABSENT || (cell.flags & BROKEN) !== 0) return null
  if (cell.memo !== null && cell.memo.verifiedAt === cell.verifiedAt) return cell.memo
  const { deps, stamps } = edgesOf(cell)
  cell.memo = makeMemo(cell, deps, stamps, cell.verifiedAt)
  cell.memo.promise = cell.promise
  return cell.memo
}

/** What the cell read, as records of the head, and the stamps it saw. */
export function edgesOf(cell: Cell): { readonly deps: Node[]; readonly stamps: Stamp[] } {
  const deps: Node[] = []
  const stamps: Stamp[] = []
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) {
    deps.push(edge.dep.origin)
    stamps.push(edge.stamp)
  }
  return { deps, stamps }
}

export function makeMemo({ value, flags, stamp, changedAt }: Outcome, deps: readonly Node[], stamps: readonly Stamp[], verifiedAt: Revision): Memo {
  return { value, flags: flags & (OUTCOME | EVICTED), stamp, changedAt, deps, stamps, verifiedAt, promise: null }
}

/** Called before a run takes the cell's edges: keeps the outcome for the snapshots that were taken while it may have held. */
export function retain(branch: Branch, cell: Cell): void {
  if (branch.forks.size === 0 || branch.lastFork < cell.changedAt) return
  const { serial } = branch
  const known = cell.shelf
  // The first outcome after a snapshot may have been computed from what the snapshot holds too.
  const isSecond = known !== null && known.retained === serial
  if (isSecond && known.followed === serial) return
  const memo = memoOf(cell)
  if (memo === null) return
  const shelf = shelfOf(branch, cell)
  shelf.kept.push({ memo, from: isSecond ? serial - 1 : shelf.retained, to: serial })
  if (isSecond) shelf.followed = serial
  shelf.retained = serial
  if (shelf.kept.length > PRUNE_AT) shelf.kept = shelf.kept.filter((kept) => isWanted(branch, kept))
}

/** Up to here a shelf is not worth looking through. */
const PRUNE_AT = 4

/** Whether a snapshot is alive that was taken while the memo stood in its cell. */
function isWanted(branch: Branch, { from, to }: Kept): boolean {
  for (const { serial } of branch.forks.values()) if (serial > from && serial <= to) return true
  return false
}

/** Offers what a snapshot computed to the views of the family. The newest few are kept. */
export function offer(branch: Branch, cell: Cell, memo: Memo): void {
  const { offers } = shelfOf(branch, cell)
  offers.push(memo)
  if (offers.length > PRUNE_AT) offers.shift()
}

function shelfOf(branch: Branch, cell: Cell): Shelf {
  branch.shelved.add(cell)
  cell.shelf ??= { kept: [], retained: 0, followed: 0, offers: [] }
  return cell.shelf
}

/** The memos that may hold somewhere for the cell, the likeliest first. */
export function candidatesOf(cell: Cell): Memo[] {
  const memo = memoOf(cell)
  const candidates = memo === null ? [] : [memo]
  if (cell.shelf === null) return candidates
  for (let i = cell.shelf.kept.length - 1; i >= 0; i--) candidates.push((cell.shelf.kept[i] as Kept).memo)
  return candidates.concat(cell.shelf.offers)
}

/** What a run of the cell is to be compared with: what stands there or, in a snapshot, what stood there when it was taken. */
export function standingIn(branch: Branch, cell: Cell): Outcome {
  if (!branch.frozen && cell.trying?.revision === branch.revision && cell.trying.replaced.stamp !== ABSENT) return cell.trying.replaced
  if (!branch.frozen && (cell.stamp !== ABSENT || branch.parent === null)) return cell
  const known = branch.frozen ? null : branch.memos.get(cell.origin)
  if (known != null && 'stamps' in known) return known
  const serial = branch.parent?.forks.get(branch.token)?.serial
  const from = branch.frozen ? cell : cell.origin
  const kept = serial === undefined ? undefined : from.shelf?.kept.find((one) => serial > one.from && serial <= one.to)
  return kept === undefined ? from : kept.memo
}

/** A snapshot was taken. */
export function addFork(parent: Branch, fork: Branch): void {
  parent.serial++
  parent.forks.set(fork.token, { base: fork.base, serial: parent.serial })
  if (parent.parent === null) parent.family.note(FORKED, true)
  parent.lastFork = Math.max(parent.lastFork, fork.base)
}

/** A snapshot is gone: with the last one, so are the memos kept for them. */
export function releaseFork(parent: Branch, token: object): void {
  if (!parent.forks.delete(token)) return
  if (parent.forks.size > 0) return
  if (parent.parent === null) parent.family.note(FORKED, false)
  parent.lastFork = -1
  for (const cell of parent.shelved) cell.shelf = null
  parent.shelved.clear()
}
