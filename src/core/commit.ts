/**
 * The funnel of writes: set, remove, update, batch, replaceAll and invalidate all end in `commit`.
 *
 *   drop what changes nothing ─> leave the old state to those who still work on it ─> store, stamp, raise the revision
 *   ─> mark what depends on it ─> announce: events, nodes, revision$, live queries
 *
 * No user code runs between the first store and the last mark.
 */
import { announceEvents, announceValues } from './announce.js'
import { Branch, type Change, INVALIDATED } from './branch.js'
import { type AnyInput, type Definition, NEVER } from './define.js'
import { ClosedError, DurabilityError, endedError, EqualityError, LimitExceededError, WriteInQueryError } from './errors.js'
import { deepFreeze, defaultEquals } from './equality.js'
import { markInvalid, markSettledAbove, propagate } from './graph.js'
import { moveJobs } from './job.js'
import { isPrimitive } from './key.js'
import { sweepAll } from './memory.js'
import { type Cell, DIRTY, idOf, isEffect, type Slot } from './node.js'
import { invalidationSlot, localOf, localTable, recordIn, restingStamp, rootOf } from './records.js'
import { ABSENT, FIRST_STAMP, type Revision } from './revision.js'
import type { SlotRecord, TableRoot } from './root.js'
import { addFork, addTwin } from './share.js'
import { storedBytes } from './size.js'
import { type Effects, noteLevels, propagateTaken, recall, restamp, restampTable, store, storeTaken } from './store.js'

/** What a slot shows to a batch: a queued write of a subscriber, or the present state. */
export function currentChange(branch: Branch, slot: Slot): Change {
  const queued = branch.overlay.get(slot)
  if (queued !== undefined) return queued
  return branch.frozen ? frozenChange(branch, slot) : liveChange(slot, localOf(branch, slot) as Slot)
}

function liveChange(slot: Slot, local: Slot): Change {
  return { slot, value: local.value, present: local.stamp !== ABSENT, removed: local.stamp < FIRST_STAMP }
}

function frozenChange(branch: Branch, slot: Slot): Change {
  return recordChange(slot, recordIn(branch, slot))
}

/** What a slot shows of which a root holds that record, or none. */
export function recordChange(slot: Slot, record: SlotRecord | undefined): Change {
  if (record !== undefined) return { slot, value: record.value, present: true, removed: false }
  return resting(slot)
}

/** What a slot shows that holds nothing of its own. */
function resting(slot: Slot): Change {
  return { slot, value: (slot.table.definition as AnyInput).options.initial, present: restingStamp(slot) !== ABSENT, removed: true }
}

/** A removal gives an input its initial value back. */
export function removal(slot: Slot): Change {
  return resting(slot)
}

/** Whether two states of a slot are the same to every reader. @throws EqualityError */
export function isSame(branch: Branch, before: Change, after: Change): boolean {
  // Removing what holds nothing of its own is never a change, and removing what does always is.
  if (after.removed) return before.removed
  if (!before.present) return false
  const { equals } = (after.slot.table.definition as AnyInput).options as { equals?: ((a: unknown, b: unknown) => boolean) | false }
  if (equals === false) return false
  if (Object.is(before.value, after.value)) return true
  if (equals === undefined && (isPrimitive(before.value) || isPrimitive(after.value))) return false
  const { family } = branch
  const { comparing } = family
  family.comparing = true
  try {
    return (equals ?? defaultEquals)(before.value, after.value)
  } catch (thrown) {
    throw new EqualityError(after.slot.table.definition.name, thrown)
  } finally {
    family.comparing = comparing
  }
}

/** @throws WriteInQueryError from a body, an equality function, or a batch that has ended */
export function checkWritable(branch: Branch, what: string): void {
  const { active, comparing } = branch.family
  if (active !== null && !isEffect(active.cell)) throw new WriteInQueryError(what, idOf(active.cell))
  if (comparing) throw new WriteInQueryError(what, 'an equality function')
}

/** Whether a change would change nothing; the common case is answered without making anything. */
export function isIdle(branch: Branch, change: Change): boolean {
  if (!branch.frozen && branch.overlay.size === 0 && !change.removed) {
    const local = localOf(branch, change.slot) as Slot
    const options = change.slot.table.definition.options as AnyInput['options']
    if (options.equals === undefined && isPrimitive(change.value)) return local.stamp !== ABSENT && Object.is(local.value, change.value)
  }
  return isSame(branch, currentChange(branch, change.slot), change)
}

/** The slot holds a value of its own by this, if an equal one: where a state is taken over as it is, that is a change. */
export function isNewKey(branch: Branch, { slot, removed }: Change): boolean {
  return !removed && currentChange(branch, slot).removed
}

/** Commits one change: what `set` and `remove` come to. */
export function commitOne(branch: Branch, change: Change): Revision {
  if (isIdle(branch, change) && !branch.family.closed) return branch.revision + branch.queued
  return commitEffective(branch, [change], nothing)
}

/** What `commitOne` and `apply` do, for a slot of the head that is given a value while the family is calm. */
export function commitPlain(branch: Branch, slot: Slot, value: unknown): Revision {
  const { table } = slot
  const isNew = table.isStructural && isPrimitive(value) && (!Object.is(slot.value, value) || slot.stamp === ABSENT)
  const { family } = branch
  if (!isNew) {
    const isSameValue = isIdle(branch, { slot, value, present: true, removed: false })
    // By a caller's equality.
    if (family.closed) throw new ClosedError()
    if (isSameValue) return branch.revision
  }
  if (!isPrimitive(value) && family.settings.freeze) deepFreeze(value, family.frozen)
  const isHeld = branch.forks.size > 0 && (slot.changedAt <= branch.rootRevision || branch.start !== null || branch.recalled.size > 0)
  const known = isHeld ? recall(branch, slot, value) : undefined
  if (known !== undefined) return apply(branch, [{ slot, value, present: true, removed: false, stamp: known }], nothing, undefined)
  if (branch.jobs !== null) leaveState(branch)
  const revision = ++branch.revision
  store(branch, slot, value, false, revision, null)
  propagate(slot, DIRTY, false)
  const { entries, keys } = table
  if (entries !== null) propagate(entries, DIRTY, false)
  if (keys !== null && keys.changedAt === revision) propagate(keys, DIRTY, false)
  if (branch.passing.size > 0) reachPassing(branch)
  if (slot.outlet !== null || branch.revisions !== null) announceValues(branch, [slot])
  if (family.bounds.length > 0) sweepAll(family)
  family.host.idle()
  return revision
}

const nothing: readonly Cell[] = []

/**
 * Commits changes, the last of each slot only, and invalidates cells. A subscriber's write is queued until the commit it answers
 * has been told to everybody. Returns the revision at which it holds.
 */
export function commit(branch: Branch, changes: Iterable<Change>, cells: Iterable<Cell>): Revision {
  const effective: Change[] = []
  for (const change of changes) if (!isIdle(branch, change)) effective.push(change)
  return commitEffective(branch, effective, [...cells])
}

/** Commits changes of which some were taken over from another view, stamps and all. */
export function commitTaken(branch: Branch, changes: readonly Change[], cells: Iterable<Cell>): Revision {
  const wholes = wholesOf(changes)
  const effective: Change[] = []
  const idle: Change[] = []
  for (const change of changes) {
    if (isIdle(branch, change) && !(change.stamp !== undefined && isNewKey(branch, change))) idle.push(change)
    else effective.push(change.whole === undefined || wholes.has(change.whole) ? change : { ...change, whole: undefined })
  }
  const revision = commitEffective(branch, effective, [...cells])
  // What is equal takes the stamps over all the same, so that what was computed with them holds here; unless a subscriber has written in answer.
  if (isBusy(branch) || branch.revision !== revision) return revision
  for (const { slot, value, stamp } of idle) if (stamp !== undefined) restamp(branch, localOf(branch, slot) as Slot, value, stamp)
  for (const [whole, definition] of wholes) restampTable(branch, localTable(branch, definition), whole)
  return revision
}

/** Its slots and edges cannot be given other stamps: it has none, they are about to change, or somebody works with them. */
export function isBusy(branch: Branch): boolean {
  return branch.frozen || branch.queued > 0 || branch.family.jobs > 0
}

/** The states of whole definitions that all changes to the definition lead to. */
function wholesOf(changes: readonly Change[]): Map<TableRoot, Definition> {
  const byDefinition = new Map<Definition, TableRoot | null>()
  for (const { slot, whole } of changes) {
    const { definition } = slot.table
    const known = byDefinition.get(definition)
    byDefinition.set(definition, whole === undefined || (known !== undefined && known !== whole) ? null : whole)
  }
  const wholes = new Map<TableRoot, Definition>()
  for (const [definition, whole] of byDefinition) if (whole !== null) wholes.set(whole, definition)
  return wholes
}

function commitEffective(branch: Branch, effective: Change[], invalidated: readonly Cell[]): Revision {
  const { family } = branch
  const { delivery } = family
  if (branch.disposed || family.closed) throw endedError(family.closed)
  const next = branch.revision + branch.queued
  if (effective.length === 0 && invalidated.length === 0) return next
  if (family.isDurable) for (const { slot } of effective) checkDurable(branch, slot)
  const bytes = checkSize(branch, effective)
  const entry: unknown = branch === family.head ? family.journal?.prepare(effective, invalidated) : undefined
  if (family.settings.freeze) for (const { value } of effective) if (typeof value === 'object' && value !== null) deepFreeze(value, family.frozen)
  for (const cell of invalidated) {
    family.note(INVALIDATED, true)
    effective.push({ slot: invalidationSlot(family.head, cell), value: { cell }, present: true, removed: false })
  }
  // What an effect writes waits until it has left the stack.
  if (!delivery.delivering && family.active === null) {
    branch.bytes = bytes
    return apply(branch, effective, invalidated, entry)
  }
  delivery.defer(() => {
    if (--branch.queued === 0) branch.overlay.clear()
    if (!branch.disposed) apply(branch, effective, invalidated, entry)
  })
  for (const change of effective) branch.overlay.set(change.slot, change)
  branch.bytes = bytes
  branch.queued++
  return next + 1
}

/** `entry`: what the journal made of it. */
function apply(branch: Branch, changes: readonly Change[], invalidated: readonly Cell[], entry: unknown): Revision {
  const { family } = branch
  if (branch.jobs !== null) leaveState(branch)
  const before = branch.frozen ? branch.memos : null
  if (branch.frozen) thaw(branch)
  branch.fixpoints = null
  const revision = ++branch.revision
  const effects: Effects = { hidden: null, keyed: null, taken: null }
  const slots: Slot[] = []
  for (const change of changes) {
    const slot = localOf(branch, change.slot) as Slot
    const known = branch.forks.size > 0 || branch.start !== null ? recall(branch, slot, change.value) : undefined
    const stamp = change.stamp ?? (change.removed ? undefined : known)
    slots.push(stamp === undefined ? store(branch, slot, change.value, change.removed, revision, effects) : storeTaken(branch, slot, change, stamp, revision, effects))
  }
  if (entry !== undefined) family.journal?.commit(entry, revision)
  if (family.isDurable) noteLevels(branch, slots, revision)
  const { hidden, taken } = effects
  for (const slot of slots) if (taken === null || !taken.has(slot)) propagate(slot, DIRTY, false)
  if (hidden !== null) for (const slot of hidden) if (taken === null || !taken.has(slot)) propagate(slot, DIRTY, false)
  if (taken !== null) for (const slot of taken) propagateTaken(slot)
  for (const cell of invalidated) markInvalid(localOf(branch, cell) as Cell)
  if (branch.passing.size > 0) reachPassing(branch)
  if (branch.hub.active) announceEvents(branch, slots, changes, invalidated, effects.keyed, before)
  announceValues(branch, slots)
  if (family.bounds.length > 0) sweepAll(family)
  family.host.idle()
  return revision
}

/** Live queries over what is volatile look again at every revision. */
export function reachPassing(branch: Branch): void {
  for (const watcher of branch.passing) {
    if (!watcher.queued) branch.family.reached.push(watcher)
    watcher.queued = true
  }
}

/** @throws DurabilityError for a slot that has a value and never changes */
export function checkDurable(branch: Branch, slot: Slot, instead?: string): void {
  if (slot.table.level === NEVER && !currentChange(branch, slot).removed) throw new DurabilityError(slot.table.definition.name, idOf(slot), instead)
}

/** The estimated size of all inputs after the changes. @throws LimitExceededError */
export function checkSize(branch: Branch, changes: readonly Change[]): number {
  const { family } = branch
  const { stateBytes } = family.settings
  if (stateBytes === Infinity) return 0
  let bytes = branch.bytes
  for (const change of changes) {
    const before = currentChange(branch, change.slot)
    if (!before.removed) bytes -= storedBytes(before.value)
    if (!change.removed) bytes += storedBytes(change.value)
  }
  const total = bytes + family.interned.bytes
  if (total > stateBytes && bytes > branch.bytes) throw new LimitExceededError('stateBytes', stateBytes, total)
  return bytes
}

/** Jobs at work go on in a frozen branch of the state being left. */
export function leaveState(branch: Branch): void {
  const left = new Branch(branch.family, branch.frozen ? branch.parent : branch, branch.hub, rootOf(branch))
  left.hidden = true
  left.fixpoints = branch.fixpoints
  if (branch.frozen) {
    // A sibling: it stands for the snapshot as it was, and shares what was found for it.
    left.base = branch.base
    left.revision = branch.revision
    left.memos = branch.memos
    if (branch.parent !== null) addTwin(branch.parent, branch, left)
  } else addFork(branch, left)
  if (!branch.frozen) for (let job = branch.jobs; job !== null; job = job.next) markSettledAbove(job.cell)
  moveJobs(branch, left)
}

/** A snapshot is written to for the first time: from now on it has records and marks of its own. */
function thaw(branch: Branch): void {
  branch.frozen = false
  branch.records = new Map()
  for (const node of branch.nodes.values()) node.move()
  for (const watcher of branch.lives.values()) {
    watcher.move()
    if (!watcher.queued) branch.family.reached.push(watcher)
    watcher.queued = true
  }
}
