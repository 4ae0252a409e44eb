/**
 * Bounds on how many values are kept. A value that goes leaves its cell's stamp and edges: whoever depends on it can still be proved
 * without a run, and only who asks for the value itself makes it run again.
 *
 *   new ──> used once ──(asked for again)──> used often ──┐
 *              │ evicted first                  ^          │ asked for again since it last came by: stays
 *              v                                └──────────┘ otherwise: evicted
 *
 * A scan over cold keys goes through the first queue only, so it cannot drive out what is used often. What costs a hit is one bit.
 */
import type { Branch, Family } from './branch.js'
import { BOUNDED, type Cell, CHECKING, type Counted, dropValue, EVICTED, FAILED, isCell, nodesOf, ON_RING, RUNNING, type Table, USED } from './node.js'
import { ABSENT } from './revision.js'
import { nameOf } from './tell.js'

/** The part of a bound that values used once may take. */
const PROBATION = 0.1

/** One limit, and the values it counts. */
export class Bound {
  limit: number
  private readonly once: Set<Cell> = new Set()
  private readonly often: Set<Cell> = new Set()
  /** Those that must not go now, and come back when they may. */
  private readonly held: Set<Cell> = new Set()

  constructor(limit: number) {
    this.limit = limit
  }

  /** A cell has a value. */
  admit(cell: Cell): void {
    this.held.delete(cell)
    if (!this.often.has(cell)) this.once.add(cell)
  }

  forget(cell: Cell): void {
    this.once.delete(cell)
    this.often.delete(cell)
    this.held.delete(cell)
  }

  /** Brings the number of values down to the limit, as far as they may go. */
  sweep(giveUp: (cell: Cell) => boolean): void {
    const { once, often, held, limit } = this
    // One iterator for all: each new one would first pass over all that has been deleted.
    const walks = new Map([once, often].map((queue) => [queue, queue.values()]))
    while (once.size + often.size + held.size > limit && once.size + often.size > 0) {
      const queue = often.size === 0 || (once.size > 0 && once.size > limit * PROBATION) ? once : often
      const next = walks.get(queue)?.next()
      if (next === undefined || next.done === true) {
        walks.set(queue, queue.values())
        continue
      }
      const cell = next.value
      queue.delete(cell)
      if ((cell.flags & USED) !== 0) {
        cell.flags &= ~USED
        often.add(cell)
      } else if (!giveUp(cell)) held.add(cell)
    }
  }
}

/** A cell of a bounded definition or database has an outcome, or need not be kept any more. Failures are not counted. */
export function admit(family: Family, cell: Cell): void {
  if ((cell.flags & (FAILED | EVICTED)) !== 0) return forget(family, cell)
  cell.table.bound?.admit(cell)
  family.bound?.admit(cell)
}

/** A cell is gone, or need not be counted any more. */
export function forget(family: Family, cell: Cell): void {
  cell.table.bound?.forget(cell)
  family.bound?.forget(cell)
}

/** After a commit: no more values are kept than the bounds allow. */
export function sweepAll(family: Family): void {
  for (const bound of family.bounds) bound.sweep((cell) => evict(family, cell))
}

function evict(family: Family, cell: Cell): boolean {
  if (cell.watcher !== null || cell.job !== null || cell.owner !== null || (cell.flags & (RUNNING | CHECKING)) !== 0 || family.isPinned(cell)) return false
  forget(family, cell)
  // It failed since, or is without a value already: nothing to be counted. A fallback is its definition's own, and no run of the cell alone would give it.
  if ((cell.flags & (FAILED | EVICTED | ON_RING)) !== 0) return true
  dropValue(cell)
  family.evictions++
  cell.table.tally.evictions++
  const { hub, revision } = family.head
  if (hub.wants('eviction')) {
    const { definition, args, id } = nameOf(cell)
    hub.emit(revision, { type: 'queryEvicted', definition, args, id })
  }
  return true
}

/** Sets, changes or lifts the bound of a definition, or of the whole database (`table` null). Counts from the next commit on. */
export function setBound(head: Branch, table: Table | null, limit: number): void {
  const { family } = head
  const place: { bound: Counted | null } = table ?? family
  if (place.bound !== null) {
    place.bound.limit = limit
    return
  }
  if (limit === Infinity) return
  const bound = new Bound(limit)
  place.bound = bound
  family.bounds.push(bound)
  for (const one of table === null ? head.tables.values() : [table]) {
    for (const node of nodesOf(one)) {
      if (!isCell(node)) continue
      node.flags |= BOUNDED
      if (node.stamp !== ABSENT) admit(family, node)
    }
  }
}
