/**
 * What a commit does to slots: they get values and stamps, and so do the hidden slots that show the keys and entries of a definition.
 *
 * A value that is taken over from another view keeps the stamp it has there: one value, one stamp. So whatever was computed with it
 * holds again, here or there, and its readers are marked to be looked at, not to run. Where even the value stands here already, under
 * another stamp, the slot takes over the stamp alone, and nobody notices.
 */
import type { Branch, Change, Recalled } from './branch.js'
import { NEVER } from './define.js'
import { defaultEquals } from './equality.js'
import { isFeed } from './feed.js'
import { propagate } from './graph.js'
import { assignSlot, BROKEN, DIRTY, markCell, MAYBE, type Slot, type Table } from './node.js'
import { invalidationOf, invalidations, restingStamp, rootOf, tableRootOf } from './records.js'
import { ABSENT, FIRST_STAMP, type Revision, type Stamp } from './revision.js'
import type { TableRoot } from './root.js'
import { retain } from './share.js'

/** What storing has changed besides the slots. */
export interface Effects {
  /** Hidden slots. */
  hidden: Set<Slot> | null
  /** Which of the slots changed the set of keys. */
  keyed: Set<Slot> | null
  /** Slots, hidden ones too, that got a stamp of another view. */
  taken: Set<Slot> | null
}

/** Gives a slot its new value and stamp, and the hidden slots of its definition theirs. */
export function store(branch: Branch, slot: Slot, value: unknown, isRemoved: boolean, revision: Revision, effects: Effects | null): Slot {
  const { family } = branch
  if (branch.root !== null && slot.changedAt <= branch.rootRevision) branch.written.push(slot)
  const wasStored = slot.stamp >= FIRST_STAMP
  const stamp = family.stamps++
  assignSlot(slot, value, isRemoved ? restingStamp(slot) : stamp, revision)
  const { table } = slot
  table.entriesStamp = stamp
  if (table.entries !== null) changeHidden(table.entries, stamp, revision, effects)
  if (wasStored === isRemoved) {
    table.keysStamp = stamp
    if (effects !== null) (effects.keyed ??= new Set()).add(slot)
    if (table.keys !== null) changeHidden(table.keys, stamp, revision, effects)
  }
  return slot
}

function changeHidden(slot: Slot, stamp: Stamp, revision: Revision, effects: Effects | null): void {
  assignSlot(slot, undefined, stamp, revision)
  if (effects !== null) (effects.hidden ??= new Set()).add(slot)
}

/** The same for a value with a stamp of its own. */
export function storeTaken(branch: Branch, slot: Slot, { value, removed, whole }: Change, stamp: Stamp, revision: Revision, effects: Effects): Slot {
  store(branch, slot, value, removed, revision, effects)
  assignSlot(slot, value, stamp, revision)
  const taken = (effects.taken ??= new Set())
  taken.add(slot)
  const { table } = slot
  if (whole === undefined) return slot
  table.entriesStamp = whole.entriesStamp
  if (table.entries !== null) takeHidden(table.entries, whole.entriesStamp, taken)
  if (effects.keyed?.has(slot) !== true) return slot
  table.keysStamp = whole.keysStamp
  if (table.keys !== null) takeHidden(table.keys, whole.keysStamp, taken)
  return slot
}

/** How many values of a slot are remembered. */
const RECALLED = 4

/**
 * A slot is given a value that it showed before, and snapshots know: it is to have the stamp it had. Remembers what is overwritten, where
 * snapshots hold it. Comparing may not run anybody's code here: objects are compared where that is the input's equality.
 */
export function recall(branch: Branch, slot: Slot, value: unknown): Stamp | undefined {
  // What stands in the place of a source is not compared.
  if (isFeed(slot.origin)) return undefined
  const { recalled, start, forks } = branch
  if (start === null && recalled.size === 0 && (slot.changedAt > branch.rootRevision || slot.stamp < FIRST_STAMP)) return undefined
  const record = start?.get(slot.table.definition.name)?.records.get(slot.id)
  const list = recalled.get(slot.origin)
  const isSame = (one: Recalled): boolean => Object.is(one.value, value) || (slot.table.isStructural && defaultEquals(one.value, value))
  const known = slot.table.definition.options.equals === false ? undefined : record !== undefined && isSame(record) ? record : list?.find(isSame)
  if (forks.size > 0 && slot.changedAt <= branch.rootRevision && slot.stamp >= FIRST_STAMP) {
    const kept = list ?? []
    if (list === undefined) recalled.set(slot.origin, kept)
    if (!kept.some(({ stamp }) => stamp === slot.stamp)) kept.push({ value: slot.value, stamp: slot.stamp })
    if (kept.length > RECALLED) kept.shift()
  }
  return known?.stamp
}

function takeHidden(slot: Slot, stamp: Stamp, taken: Set<Slot>): void {
  assignSlot(slot, undefined, stamp, slot.changedAt)
  taken.add(slot)
}

/** Marks what depends on a slot that may show again what its readers saw. */
export function propagateTaken(slot: Slot): void {
  reconsider(slot)
  propagate(slot, MAYBE, false)
}

/** Readers that were to run are only looked at, where they saw what the slot shows now. */
function reconsider(slot: Slot): void {
  for (let edge = slot.dependents; edge !== null; edge = edge.nextDependent) {
    const { reader, stamp } = edge
    const isOpen = reader.mark === DIRTY && reader.owner === null && reader.stamp !== ABSENT && (reader.flags & BROKEN) === 0
    if (isOpen && stamp === slot.stamp && invalidationOf(reader) === null) markCell(reader, MAYBE)
  }
}

/** Gives a slot another stamp for the value it shows. Its readers have seen that value, whatever its stamp. */
export function restamp(branch: Branch, slot: Slot, value: unknown, stamp: Stamp): void {
  if (slot.stamp === stamp) return
  if (branch.root !== null) branch.written.push(slot)
  restampHidden(branch, slot, value, stamp)
}

function restampHidden(branch: Branch, slot: Slot, value: unknown, stamp: Stamp): void {
  const before = slot.stamp
  for (let edge = slot.dependents; edge !== null; edge = edge.nextDependent) {
    if (edge.stamp !== before) continue
    // The snapshots alive know the value by its old stamp.
    retain(branch, edge.reader)
    edge.stamp = stamp
    edge.reader.memo = null
  }
  assignSlot(slot, value, stamp, slot.changedAt)
  reconsider(slot)
}

/** Does so for the keys and entries of a definition that is now what it is elsewhere. */
export function restampTable(branch: Branch, table: Table, { entriesStamp, keysStamp }: TableRoot): void {
  if (table.entriesStamp === entriesStamp && table.keysStamp === keysStamp) return
  if (table.entries !== null) restampHidden(branch, table.entries, undefined, entriesStamp)
  if (table.keys !== null) restampHidden(branch, table.keys, undefined, keysStamp)
  table.entriesStamp = entriesStamp
  table.keysStamp = keysStamp
  const { name } = table.definition
  branch.root = rootOf(branch).set(name, { ...tableRootOf(branch, table.definition), entriesStamp, keysStamp })
}

/** Notes that inputs of some durability changed. */
export function noteLevels(branch: Branch, slots: readonly Slot[], revision: Revision): void {
  for (const { table } of slots) {
    const level = table.definition === invalidations ? NEVER : table.level
    for (let below = 0; below <= level; below++) branch.changedLevels[below] = revision
  }
}
