/** What a commit tells the world: its events, the nodes of what it wrote, `revision$`. Live queries have their own way. */
import type { Branch, Change, Job } from './branch.js'
import type { RecordName } from './events.js'
import { dependentsOf } from './graph.js'
import { Waiting } from './feed.js'
import { type Cell, idOf, isCell, isSource, type Memo, type Node, type Slot } from './node.js'
import { localOf } from './records.js'
import { memoOf } from './share.js'
import { cloneable, nameOf } from './tell.js'

/** Tells nodes and `revision$` of a commit, in their turn. */
export function announceValues(branch: Branch, slots: readonly Slot[]): void {
  const { revision, revisions } = branch
  const { delivery } = branch.family
  for (const slot of slots) {
    const { outlet } = slot
    if (outlet !== null) delivery.announce(`node ${idOf(slot)}`, () => outlet(slot))
  }
  if (revisions !== null && revisions.size > 0) delivery.announce('revision$', () => revisions.next(revision))
}

/** Makes the events of a commit. `before`: what a snapshot knew before its first write. */
export function announceEvents(
  branch: Branch, slots: readonly Slot[], changes: readonly Change[], invalidated: readonly Cell[], keyed: ReadonlySet<Slot> | null, before: ReadonlyMap<Cell, Memo | Job | null> | null,
): void {
  const { hub, revision } = branch
  if (hub.wants('revision')) hub.emit(revision, { type: 'revisionBumped' })
  const wanted = hub.wants('invalidation')
  const seen = new Set<Cell>()
  // A snapshot that is written to for the first time has memos, and no edges yet.
  const readers = before === null || !wanted ? null : readersIn(before)
  const tell = (cell: Cell, by: RecordName): void => {
    if (isSource(cell)) return
    const { definition, args, id } = nameOf(cell)
    hub.emit(revision, { type: 'queryInvalidated', definition, args, id, by })
  }
  // All that changed shares one walk: above what was told everything was told.
  const tellInvalidated = (source: Slot | Cell | null, by: RecordName): void => {
    if (source === null || !wanted) return
    if (isCell(source)) {
      if (seen.has(source)) return
      seen.add(source)
      tell(source, by)
    }
    for (const cell of readers === null ? dependentsOf(source, seen) : memosAbove(readers, source, seen)) tell(cell, by)
  }
  for (const [i, slot] of slots.slice(0, slots.length - invalidated.length).entries()) {
    if (hub.wants('input')) {
      const { removed, value } = changes[i] as Change
      const { definition, args, id } = nameOf(slot)
      hub.emit(revision, removed || value instanceof Waiting ? { type: 'inputRemoved', definition, args, id } : { type: 'inputSet', definition, args, id, value: cloneable(value) })
    }
    const by = nameOf(slot)
    const { keys, entries } = slot.table
    tellInvalidated(slot, by)
    tellInvalidated(entries, by)
    if (keyed?.has(slot) === true) tellInvalidated(keys, by)
  }
  for (const cell of invalidated) tellInvalidated(localOf(branch, cell), nameOf(cell))
}

/** By record, the cells of a snapshot whose memos have read it. */
function readersIn(memos: ReadonlyMap<Cell, Memo | Job | null>): Map<Node, Cell[]> {
  const readers = new Map<Node, Cell[]>()
  const known = new Set(memos.keys())
  for (const cell of known) {
    // What the snapshot took over whole stands on cells it has not looked at itself.
    const own = memos.get(cell)
    const memo = own != null && 'deps' in own ? own : memoOf(cell)
    for (const dep of memo?.deps ?? []) {
      const list = readers.get(dep)
      if (list === undefined) readers.set(dep, [cell])
      else list.push(cell)
      if (isCell(dep)) known.add(dep)
    }
  }
  return readers
}

/** The cells that lead down to a record, nearest first, as `dependentsOf` gives them. */
function* memosAbove(readers: ReadonlyMap<Node, readonly Cell[]>, source: Slot | Cell, seen: Set<Cell>): Generator<Cell> {
  const queue: Node[] = [source.origin]
  for (const node of queue) {
    for (const cell of readers.get(node) ?? []) {
      if (seen.has(cell)) continue
      seen.add(cell)
      queue.push(cell)
      yield cell
    }
  }
}
