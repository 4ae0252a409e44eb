/**
 * Edges and marks. No user code runs in here, so nothing can change under a walk.
 *
 * A run reads its dependencies through a cursor into the edges of the run before. As long as it reads the same records
 * in the same order, the edges are used again and nothing is allocated or looked up:
 *
 *     deps ─> a ─> b ─> c          cursor after b: a and b were read by this run, c is left over
 *                  ^cursor         a read of d puts a new edge behind b; what is left over at the end is cut
 *
 * A commit walks the dependents of what it wrote once. Direct ones become DIRTY, the others MAYBE; below a cell that is
 * marked already everything is marked, so the walk ends there. The same holds for a cell whose job is on its way and
 * was `touched`.
 */
import { type Cell, CLEAN, DIRTY, Edge, MAYBE, type Mark, markCell, type Node, RUNNING, SOFT, type Work } from './node.js'

/** Puts an edge behind the cursor; the run that reads is the cursor's. */
export function insertEdge(reader: Cell, cursor: Edge | null, dep: Node, run: number): Edge {
  const edge = new Edge(dep, reader, run)
  if (cursor === null) {
    edge.nextDep = reader.deps
    reader.deps = edge
  } else {
    edge.nextDep = cursor.nextDep
    cursor.nextDep = edge
  }
  const last = dep.lastDependent
  edge.previousDependent = last
  if (last === null) dep.dependents = edge
  else last.nextDependent = edge
  dep.lastDependent = edge
  return edge
}

/** Cuts the edges behind the cursor; all of them when there is none. */
export function cutEdges(reader: Cell, cursor: Edge | null): void {
  let edge = cursor === null ? reader.deps : cursor.nextDep
  if (edge === null) return
  reader.table.branch.family.cuts++
  if (cursor === null) reader.deps = null
  else cursor.nextDep = null
  while (edge !== null) {
    unlink(edge)
    edge = edge.nextDep
  }
}

/** Takes an edge out of the list of dependents. */
function unlink(edge: Edge): void {
  const { dep, previousDependent, nextDependent }: Edge = edge
  if (previousDependent === null) dep.dependents = nextDependent
  else previousDependent.nextDependent = nextDependent
  if (nextDependent === null) dep.lastDependent = previousDependent
  else nextDependent.previousDependent = previousDependent
  edge.previousDependent = null
  edge.nextDependent = null
}

/** Cuts the edges to some records. */
export function cutEdgesTo(reader: Cell, isCut: (dep: Node) => boolean): void {
  let kept: Edge | null = null
  for (let edge = reader.deps; edge !== null; edge = edge.nextDep) {
    if (isCut(edge.dep)) {
      unlink(edge)
      if (kept === null) reader.deps = edge.nextDep
      else kept.nextDep = edge.nextDep
    } else kept = edge
  }
}

/**
 * Marks all that may depend on the record and collects the live queries among them.
 * `settling`: the change was found by a run, not made by a commit; whoever reads at this revision has seen it already.
 */
export function propagate(source: Node, first: Mark, settling: boolean): void {
  for (let edge = source.dependents; edge !== null; edge = edge.nextDependent) {
    const below = markReader(edge, first, settling)
    if (below !== null) propagateMaybe(below, settling)
  }
}

/** What has settled above a cell that is still on its way, with its promise or on a cycle that had an answer, may be old once a commit overtakes the job. */
export function markSettledAbove(source: Cell): void {
  for (let edge = source.dependents; edge !== null; edge = edge.nextDependent) {
    const below = edge.reader.owner === null ? markReader(edge, MAYBE, false) : null
    if (below !== null) propagateMaybe(below, false)
  }
}

function propagateMaybe(start: Edge, settling: boolean): void {
  let rest: Edge[] | null = null
  let edge: Edge | null | undefined = start
  while (edge != null) {
    const next: Edge | null = edge.nextDependent
    const below = markReader(edge, MAYBE, settling)
    if (below !== null) {
      if (next !== null) (rest ??= []).push(next)
      edge = below
    } else edge = next ?? rest?.pop()
  }
}

/** Marks the reader of one edge; returns its own dependents where the walk has to go on. */
function markReader(edge: Edge, mark: Mark, settling: boolean): Edge | null {
  const reader = edge.reader
  if (reader.owner !== null) return touch(reader, reader.owner, edge, mark, settling)
  if ((reader.flags & RUNNING) !== 0) return null
  const known = isClosed(reader) || (settling && reader.mark >= MAYBE)
  if (reader.mark < mark) markCell(reader, mark)
  if (known) return null
  if (settling) reader.flags |= SOFT
  else reader.flags &= ~SOFT
  collect(reader)
  return reader.dependents
}

/** Marked, and so is everything above it. */
export const isClosed = (cell: Cell): boolean => cell.mark >= MAYBE && (cell.flags & SOFT) === 0

/** A cell is about to be marked outside a commit: so is all that may depend on it, and whoever watches it is woken. */
export function wake(cell: Cell): void {
  collect(cell)
  propagate(cell, MAYBE, true)
}

function touch(reader: Cell, owner: Work, edge: Edge, mark: Mark, settling: boolean): Edge | null {
  const leftOver = owner.run !== 0 && owner.run !== edge.run
  if (leftOver || owner.touched >= mark) return null
  if (settling && owner.branch === reader.table.branch) {
    owner.isLate = true
    return null
  }
  const before = owner.touched
  owner.touched = mark
  if (before !== CLEAN) return null
  collect(reader)
  return reader.dependents
}

/** Queues the live query of a cell. */
export function collect(reader: Cell): void {
  const watcher = reader.watcher
  if (watcher === null || watcher.queued) return
  watcher.queued = true
  reader.table.branch.family.reached.push(watcher)
}

/** Marks a cell itself, and all that may depend on it. */
export function markInvalid(cell: Cell): void {
  const owner = cell.owner
  const reached = owner === null ? !isClosed(cell) : owner.touched === CLEAN
  if (owner !== null) owner.touched = DIRTY
  markCell(cell, DIRTY)
  if (!reached) return
  collect(cell)
  propagate(cell, MAYBE, false)
}

/** Every cell that depends on the record, each once, whatever its mark. None of those in `seen`, which come with all above them; whoever is given out comes to be in there. */
export function* dependentsOf(source: Node, seen: Set<Cell> = new Set()): Generator<Cell> {
  const queue: Node[] = [source]
  for (const node of queue) {
    for (let edge = node.dependents; edge !== null; edge = edge.nextDependent) {
      if (seen.has(edge.reader)) continue
      seen.add(edge.reader)
      queue.push(edge.reader)
      yield edge.reader
    }
  }
}
