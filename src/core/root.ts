/**
 * The frozen half: all inputs of one revision as maps that never change. A root is made only when somebody needs one (a
 * snapshot, `keys`, `entries`, an evaluation that a write is about to overtake), by folding in what was written since the last
 * one. So a write pays at most a push to a list, and a root costs what changed, not what exists.
 *
 * The maps hold frozen records under the ids of slots, and share what is the same (see id-map.ts). `entries` is a second map, from keys to bare values, made when first asked for and carried along from then on.
 */
import { isCollection, isKeyed, List, Map as ImmutableMap, Stack } from 'immutable'
import { IdMap } from './id-map.js'
import { argsOf, nodesOf, Slot, type Table } from './node.js'
import { ABSENT, INITIAL, type Revision, type Stamp } from './revision.js'

/** What one slot showed. */
export class SlotRecord {
  /** The record of the head. */
  readonly slot: Slot
  readonly value: unknown
  readonly stamp: Stamp
  readonly changedAt: Revision

  constructor({ origin, value, stamp, changedAt }: Slot) {
    this.slot = origin
    this.value = value
    this.stamp = stamp
    this.changedAt = changedAt
  }
}

/** The slots of one definition that held a value of their own. */
export interface TableRoot {
  readonly records: IdMap<SlotRecord>
  readonly keysStamp: Stamp
  readonly entriesStamp: Stamp
  /** Made on demand, the same content for ever. */
  keys: readonly unknown[] | null
  entries: ImmutableMap<unknown, unknown> | null
}

/** All inputs at one revision, by the name of their definition. */
export type Root = ImmutableMap<string, TableRoot>

const noRecords = new IdMap<SlotRecord>()

/** A table nothing was ever written to. */
export function emptyTableRoot(): TableRoot {
  return { records: noRecords, keysStamp: ABSENT, entriesStamp: ABSENT, keys: null, entries: null }
}

export const emptyRoot: Root = ImmutableMap()

const isStored = (slot: Slot): boolean => slot.stamp !== ABSENT && slot.stamp !== INITIAL

/** The root after the given slots of the given tables have changed to what they show now. */
export function foldRoot(before: Root, written: readonly Slot[]): Root {
  const byTable = new Map<Table, Slot[]>()
  for (const slot of written) {
    const slots = byTable.get(slot.table)
    if (slots === undefined) byTable.set(slot.table, [slot])
    else slots.push(slot)
  }
  let root = before
  for (const [table, slots] of byTable) {
    const { name } = table.definition
    root = root.set(name, foldTable(root.get(name) ?? emptyTableRoot(), table, slots))
  }
  return root
}

function foldTable(before: TableRoot, table: Table, slots: readonly Slot[]): TableRoot {
  const records = before.records.with(slots.map((slot) => [slot.id, isStored(slot) ? new SlotRecord(slot) : undefined]))
  const { keysStamp, entriesStamp } = table
  const keys = keysStamp === before.keysStamp ? before.keys : null
  return { records, keysStamp, entriesStamp, keys, entries: before.entries === null ? null : foldEntries(before.entries, slots) }
}

function foldEntries(before: ImmutableMap<unknown, unknown>, slots: readonly Slot[]): ImmutableMap<unknown, unknown> {
  let map = before
  for (const slot of slots) {
    const key = entryKey(slot)
    if (!isStored(slot)) map = map.delete(key)
    else {
      // Immutable keeps 0 where −0 is set over it.
      if (slot.value === 0 && !Object.is(map.get(key), slot.value)) map = map.delete(key)
      map = map.set(key, slot.value)
    }
  }
  return map
}

/**
 * How a key appears in `entries`: one primitive as it is, otherwise an Immutable list. Immutable takes a date for its number, and a
 * stack for a list, so where there are such it is an array, which is equal to nothing but itself.
 */
function entryKey(slot: Slot): unknown {
  const { args: stored, origin } = slot
  if (stored !== undefined && !Array.isArray(stored)) return stored
  const { entryKeys } = origin.table
  const known = entryKeys.get(origin)
  if (known !== undefined) return known
  const args = argsOf(slot)
  const key = args.some(isMistaken) ? args : List(args)
  entryKeys.set(origin, key)
  return key
}

/** Immutable takes it for something else, however deep in its collections it is; what is plain it compares by reference. */
function isMistaken(value: unknown): boolean {
  if (value instanceof Date || Stack.isStack(value)) return true
  if (!isCollection(value)) return false
  return value.some((part, key) => isMistaken(part) || (isKeyed(value) && isMistaken(key)))
}

/** One key: a primitive as it is, otherwise the list of arguments. */
export function keyOf(slot: Slot): unknown {
  return slot.args === undefined || Array.isArray(slot.args) ? argsOf(slot) : slot.args
}

/** The keys that hold a value, in the order in which they were first used: arguments as callers give them. */
export function keysOf(table: TableRoot): readonly unknown[] {
  if (table.keys !== null) return table.keys
  const slots = Array.from(table.records.values(), ({ slot }) => slot)
  const keys = Object.freeze(slots.map(keyOf))
  if (slots[0]?.table.copiesArgs !== true) table.keys = keys
  return keys
}

/** All values by key. */
export function entriesOf(table: TableRoot): ImmutableMap<unknown, unknown> {
  table.entries ??= ImmutableMap(Array.from(table.records.values(), ({ slot, value }): [unknown, unknown] => [entryKey(slot), value]))
  return table.entries
}

/** The slots of a table, to build a first root from. */
export function* slotsOf(table: Table): Generator<Slot> {
  for (const node of nodesOf(table)) if (node instanceof Slot) yield node
}
