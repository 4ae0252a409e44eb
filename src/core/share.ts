/**
 * Memos that outlive their place. A cell that is about to forget an outcome puts it on its shelf while a snapshot is
 * alive that may ask for it; what a snapshot computes goes on the shelf too. Whether a memo from the shelf holds
 * somewhere is decided there, by the stamps of its dependencies alone.
 */
import { type Branch, FORKED, type Job } from './branch.js'
import { bodyOf, BROKEN, type Cell, type Emitted, type Kept, type Memo, type Node, ON_RING, type Outcome, resultIn, type Shelf, UNPROVED } from './node.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'

/** The cell's outcome as a memo, or null while it has none, or is losing it to a run. */
export function memoOf(cell: Cell): Memo | null {
  if (cell.stamp === ABSENT || (cell.flags & BROKEN) !== 0) return null
  if (cell.memo !== null && cell.memo.verifiedAt === cell.verifiedAt) return cell.memo
  const { deps, stamps } = edgesOf(cell)
  cell.memo = makeMemo(cell, deps, stamps, (cell.flags & UNPROVED) === 0 ? cell.verifiedAt : -1, cell.shelf === null ? null : cell.shelf.seen, cell.emitted)
  cell.memo.promise = cell.promise
  const { fallbacks } = (cell.table.branch as Branch).family
  const answered = (cell.flags & ON_RING) === 0 ? undefined : fallbacks.get(cell)
  if (answered !== undefined) fallbacks.set(cell.memo, answered)
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

export function makeMemo({ value, flags, stamp, changedAt }: Outcome, deps: readonly Node[], stamps: readonly Stamp[], verifiedAt: Revision, seen: readonly unknown[] | null = null, emitted: Emitted | null = null): Memo {
  return { value, flags: resultIn(flags), stamp, changedAt, deps, stamps, verifiedAt, promise: null, seen, emitted }
}

/** Called before a run takes the cell's edges: keeps the outcome for the snapshots that were taken while it may have held. */
export function retain(branch: Branch, cell: Cell): void {
  if (cell.shelf !== null && cell.shelf.past !== null) remember(cell)
  if (branch.forks.size === 0 || branch.lastFork < cell.changedAt) return
  const { serial } = branch
  const known = cell.shelf
  // The first outcome after a snapshot may have been computed from what the snapshot holds too.
  const isSecond = known !== null && known.retained === serial
  if (isSecond && known.followed === serial) return
  const memo = memoOf(cell)
  if (memo === null) return
  const shelf = shelfOf(branch, cell)
  const last = shelf.kept.at(-1)
  if (last !== undefined && memo.stamp < last.memo.stamp) shelf.isSorted = false
  shelf.kept.push({ memo, from: isSecond ? serial - 1 : shelf.retained, to: serial })
  if (isSecond) shelf.followed = serial
  shelf.retained = serial
  if (shelf.kept.length > shelf.room) prune(branch, shelf)
}

/** Puts the outcome of a cell among those of its past. */
function remember(cell: Cell): void {
  const shelf = cell.shelf as Shelf
  const { past, seen } = shelf
  const memo = past === null || seen === null ? null : memoOf(cell)
  shelf.seen = null
  if (past === null || memo === null || past.includes(memo)) return
  past.push(memo)
  if (past.length > (bodyOf(cell).options.history ?? 0)) past.shift()
}

/** A cell whose definition has a history has a shelf from the start. */
export function openShelf(cell: Cell): Cell {
  const { history = 0 } = bodyOf(cell).options
  if (history > 0) cell.shelf = { ...emptyShelf(), past: [] }
  return cell
}

const emptyShelf = (): Shelf => ({ kept: [], isSorted: true, room: PRUNE_AT, retained: 0, followed: 0, offers: [], flights: [], isFresh: false, past: null, seen: null })

/** Up to here a shelf is not worth looking through. */
const PRUNE_AT = 4
/** How many memos a cell offers to other views. */
const OFFERS = 4

/** Lets go what no snapshot alive may ask for. Each of them wants two at most; the next time is when there are twice as many. */
function prune(branch: Branch, shelf: Shelf): void {
  shelf.kept = shelf.kept.filter(({ from, to }) => isAlive(branch, from, to))
  shelf.room = Math.max(PRUNE_AT, 2 * shelf.kept.length)
}

/** Whether a snapshot is alive, or was taken over, that was taken after number `from`, and not after number `to`. */
function isAlive({ alive, taken }: Branch, from: number, to: number): boolean {
  for (const serial of taken) if (serial > from && serial <= to) return true
  const next = alive[placeOf(alive, from + 1)]
  return next !== undefined && next <= to
}

/** Where the first number stands that is no less. */
function placeOf(sorted: readonly number[], serial: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) < serial) low = middle + 1
    else high = middle
  }
  return low
}

/** Offers what a snapshot computed to the views of the family, at the cell of the head. The newest few are kept. */
export function offer(branch: Branch, cell: Cell, memo: Memo): void {
  const shelf = shelfOf(branch.family.head, cell.origin)
  shelf.isFresh = true
  shelf.offers.push(memo)
  branch.family.offered.add(memo)
  if (shelf.offers.length > OFFERS) shelf.offers.shift()
}

/** A job has ended, which other views could have waited for. */
export function dropFlight(job: Job): void {
  const { shelf } = job.cell.origin
  if (shelf !== null && shelf.flights.length > 0) shelf.flights = shelf.flights.filter((flight) => flight !== job)
}

export function shelfOf(branch: Branch, cell: Cell): Shelf {
  branch.shelved.add(cell)
  cell.shelf ??= emptyShelf()
  return cell.shelf
}

/** How many shelves are looked through whenever a snapshot comes or goes. */
const SWEPT = 4

/** Looks through some shelves, so that in time all are: what is not wanted any more goes, and offers that are old. */
function sweep(branch: Branch): void {
  const { shelved } = branch
  for (let count = 0; count < SWEPT && shelved.size > 0; count++) {
    branch.sweep ??= shelved.values()
    const { done, value: cell } = branch.sweep.next()
    if (done === true) {
      branch.sweep = null
      return
    }
    const { shelf } = cell
    if (shelf === null) continue
    prune(branch, shelf)
    if (!shelf.isFresh) shelf.offers.length = 0
    shelf.isFresh = false
    if (shelf.kept.length + shelf.offers.length + shelf.flights.length === 0) dropShelf(branch, cell)
  }
}

/** Lets go what a cell keeps for other views. */
export function dropShelf(branch: Branch, cell: Cell): void {
  branch.shelved.delete(cell)
  const { shelf } = cell
  if (shelf === null || shelf.past === null) cell.shelf = null
  else {
    shelf.kept = []
    shelf.isSorted = true
    shelf.flights = []
    shelf.offers.length = 0
  }
}

/** The memos that may hold somewhere for the cell, the likeliest first. */
export function candidatesOf(cell: Cell): Memo[] {
  return candidatesFrom(cell, Infinity, [])
}

/** How many of the newest memos a live cell looks at. Older ones are for snapshots, which know theirs by number. */
const NEWEST = 8

/** The newest few of them, and what stood there when snapshots of those numbers were taken: however many snapshots are held, few. */
function candidatesFrom(cell: Cell, newest: number, serials: readonly number[]): Memo[] {
  const memo = memoOf(cell)
  const candidates = memo === null ? [] : [memo]
  const { shelf } = cell
  if (shelf === null) return candidates
  const { kept, offers } = shelf
  const oldest = Math.max(0, kept.length - newest)
  if (oldest > 0) {
    for (const serial of serials) {
      const known = keptAt(shelf, serial)
      if (known !== null) candidates.push(known)
    }
  }
  for (let i = kept.length - 1; i >= oldest; i--) candidates.push((kept[i] as Kept).memo)
  return candidates.concat(offers)
}

/** What stood in the cell when the snapshot of that number was taken, where it was kept. */
function keptAt({ kept }: Shelf, serial: number): Memo | null {
  let low = 0
  let high = kept.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((kept[middle] as Kept).to < serial) low = middle + 1
    else high = middle
  }
  const found = kept[low]
  return found !== undefined && found.from < serial ? found.memo : null
}

/** What stood in a cell when a branch was taken, where it was kept. */
export function keptFor({ parent, token }: Branch, { shelf }: Cell): Memo | null {
  const serial = shelf === null ? undefined : parent?.forks.get(token)?.serial
  return serial === undefined ? null : keptAt(shelf as Shelf, serial)
}

/** A memo on the shelf with that stamp. There may be as many as there are snapshots: they are seldom looked through. */
export function keptWith({ kept, isSorted, offers }: Shelf, stamp: Stamp): Memo | undefined {
  if (!isSorted) return kept.findLast(({ memo }) => memo.stamp === stamp)?.memo ?? offers.find((memo) => memo.stamp === stamp)
  let low = 0
  let high = kept.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((kept[middle] as Kept).memo.stamp <= stamp) low = middle + 1
    else high = middle
  }
  const memo = low === 0 ? undefined : (kept[low - 1] as Kept).memo
  return memo?.stamp === stamp ? memo : offers.find((one) => one.stamp === stamp)
}

/** The memos that may hold in a live cell: also those of its history, which are decided by what they have seen. */
export function choicesOf(branch: Branch, cell: Cell): Memo[] {
  const past = cell.shelf === null ? null : cell.shelf.past
  const candidates = candidatesFrom(cell, NEWEST, branch.taken)
  return past === null ? candidates : [...candidates, ...past.toReversed()]
}

/** A snapshot was taken. */
export function addFork(parent: Branch, fork: Branch): void {
  addAlive(parent, fork, ++parent.serial)
  parent.lastFork = Math.max(parent.lastFork, fork.base)
  sweep(parent)
}

/** Another branch stands for the same state as a snapshot. */
export function addTwin(parent: Branch, fork: Branch, twin: Branch): void {
  addAlive(parent, twin, parent.forks.get(fork.token)?.serial ?? 0)
}

function addAlive(parent: Branch, { token, base }: Branch, serial: number): void {
  parent.forks.set(token, { base, serial })
  parent.alive.splice(placeOf(parent.alive, serial), 0, serial)
  if (parent.parent === null) parent.family.note(FORKED, true)
}

/** How many of the snapshots that were taken over last are remembered. */
const TAKEN = 4

/** The inputs of another view are about to be taken over: what was computed with them is wanted, even if the snapshot goes. */
export function noteTaken(branch: Branch, source: Branch): void {
  const { forks, taken } = branch
  let fork: Branch | null = source
  while (fork !== null && fork.parent !== branch) fork = fork.parent
  const serial = fork === null ? undefined : forks.get(fork.token)?.serial
  if (serial === undefined || taken[0] === serial) return
  taken.unshift(serial)
  if (taken.length > TAKEN) taken.pop()
}

/** A snapshot is gone: with the last one, so are the memos kept for them, unless its inputs have just been taken over. */
export function releaseFork(parent: Branch, token: object): void {
  const fork = parent.forks.get(token)
  if (fork === undefined) return
  parent.forks.delete(token)
  parent.alive.splice(placeOf(parent.alive, fork.serial), 1)
  if (parent.forks.size > 0) {
    sweep(parent)
    return
  }
  if (parent.parent === null) parent.family.note(FORKED, false)
  parent.lastFork = -1
  parent.recalled.clear()
  parent.taken.length = 0
  if (!parent.hasTaken) for (const cell of parent.shelved) dropShelf(parent, cell)
  parent.hasTaken = false
}
