/**
 * What nobody needs goes: cells that nobody observes, pins or depends on, inputs that hold nothing and that nobody has read, and keys of
 * sources that are not connected and of which nothing is known. A cell that is asked for again is made again.
 */
import type { Branch } from './branch.js'
import { dropAnswers } from './answer.js'
import { isFeed } from './feed.js'
import { cutEdges } from './graph.js'
import { forget } from './memory.js'
import { assignSlot, type Cell, CHECKING, isAnswer, isCell, isSource, type Memo, type Node, nodesOf, RUNNING, type Slot, type Table } from './node.js'
import { invalidations, rootOf } from './records.js'
import { ABSENT, FIRST_STAMP } from './revision.js'

/** How many records were let go. */
export interface Collected {
  readonly cells: number
  readonly inputs: number
}

/** While snapshots are alive nothing goes: they name the records of the head. So do a batch that has not ended, and rounds. */
export function collectRecords(head: Branch, roots: Iterable<Cell>): Collected {
  const { collecting, hubs } = head.family
  // One that was taken of a snapshot lives on when that is gone.
  if (head.forks.size > 0 || hubs.size > 1 || collecting > 0 || head.fixpoints?.some(({ state }) => state === 'working') === true) return { cells: 0, inputs: 0 }
  const needed = neededFrom(head, roots)
  const gone = new Set<Node>()
  let cells = 0
  let inputs = 0
  for (const table of head.tables.values()) {
    if (table.body === null) continue
    const count = drop(table, (node) => isCell(node) && !needed.has(node), (node) => dropCell(head, node as Cell, gone))
    // The key of a source is an input: its slot counts.
    if (table.definition.kind !== 'source') cells += count
  }
  dropAnswers(head)
  for (const table of head.tables.values()) {
    if (table.definition === invalidations) drop(table, (_slot, cell) => !needed.has(cell as Node), (slot) => empty(head, slot as Slot))
    else if (table.body === null) inputs += drop(table, (slot, key) => (isFeed(slot) ? gone.has(key as Node) : isIdle(head, slot as Slot)), (slot) => {
      if (slot.stamp >= FIRST_STAMP) empty(head, slot as Slot)
      table.entryKeys.delete(slot as Slot)
      gone.add(slot)
    })
  }
  if (gone.size > 0) for (const table of head.tables.values()) if (table.body !== null) for (const node of nodesOf(table)) if (isCell(node)) forgetMemos(node, gone)
  if (head.root !== null) rootOf(head)
  head.family.collections++
  return { cells, inputs }
}

/** The cells that somebody needs, and all they have read. */
function neededFrom(head: Branch, roots: Iterable<Cell>): Set<Node> {
  const needed = new Set<Node>(roots)
  for (const table of head.tables.values()) for (const node of nodesOf(table)) if (isCell(node) && isRoot(head, node)) needed.add(node)
  for (const answer of head.answers ?? []) if (answer.job !== null || answer.owner !== null) needed.add(answer)
  for (const node of needed) if (isCell(node)) for (let edge = node.deps; edge !== null; edge = edge.nextDep) needed.add(edge.dep)
  return needed
}

function isRoot({ family, tables }: Branch, cell: Cell): boolean {
  if ((isSource(cell) && family.feeds.holds(cell)) || cell.watcher !== null || cell.job !== null || cell.owner !== null || (cell.flags & (RUNNING | CHECKING)) !== 0 || family.isPinned(cell)) return true
  // Functions that are evaluated or observed have cells of their own, in no table.
  for (let edge = cell.dependents; edge !== null; edge = edge.nextDependent) if (tables.get(edge.reader.table.definition) !== edge.reader.table && !isAnswer(edge.reader)) return true
  return false
}

/** It shows what one never used shows, and nobody would notice its absence. */
function isIdle({ nodes, overlay }: Branch, slot: Slot): boolean {
  return slot.stamp < FIRST_STAMP && slot.dependents === null && slot.outlet === null && !nodes.has(slot) && !overlay.has(slot)
}

/** A memo of another time that has read what is gone says nothing of the records that will take its place. */
function forgetMemos(cell: Cell, gone: ReadonlySet<Node>): void {
  const holds = ({ deps }: Memo): boolean => !deps.some((dep) => gone.has(dep))
  const { shelf, trying } = cell
  if (trying !== null) cell.trying = { ...trying, memos: trying.memos.slice(trying.tried).filter(holds), tried: 0 }
  if (shelf === null) return
  shelf.kept = shelf.kept.filter(({ memo }) => holds(memo))
  shelf.offers.splice(0, Infinity, ...shelf.offers.filter(holds))
  if (shelf.past !== null) shelf.past = shelf.past.filter(holds)
}

function dropCell(head: Branch, cell: Cell, gone: Set<Node>): void {
  gone.add(cell)
  cutEdges(cell, null)
  forget(head.family, cell)
  head.shelved.delete(cell)
  if (isSource(cell)) head.family.feeds.forget(cell)
}

/** The hidden slot of a cell goes with it: the one of a source's key, and the one that says when the cell was invalidated. */
function empty(head: Branch, slot: Slot): void {
  assignSlot(slot, undefined, ABSENT, head.revision)
  if (head.root !== null) head.written.push(slot)
}

/** Lets records of a table go, and counts them. */
function drop(table: Table, isDropped: (node: Node, key: unknown) => boolean, letGo: (node: Node) => void): number {
  let count = 0
  for (const map of [table.byPrimitive, table.byText] as Pick<Map<unknown, Node>, 'entries' | 'delete'>[]) {
    for (const [key, node] of map.entries()) {
      if (!isDropped(node, key)) continue
      map.delete(key)
      letGo(node)
      count++
    }
  }
  if (table.only !== null && isDropped(table.only, undefined)) {
    letGo(table.only)
    table.only = null
    count++
  }
  return count
}
