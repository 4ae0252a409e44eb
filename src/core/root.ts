/**
 * The frozen half: all inputs of one revision as maps that never change. A root is made only when somebody needs one (a
 * snapshot, `keys`, `entries`, an evaluation that a write is about to overtake), by folding in what was written since the last
 * one. So a write pays at most a push to a list, and a root costs what changed, not what exists.
 *
 * The maps hold frozen records under the ids of slots, and share what is the same (see id-map.ts). `entries` is a second map, from keys to bare values, made when first asked for and carried along from then on.
 */
import { Map as ImmutableMap } from 'immutable'
import { entryKeyOf, type LooseKeys, looseKeysOf } from './entry-key.js'
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

  constructor({ origin, value, stamp, changedAt }: Pick<Slot, 'origin' | 'value' | 'stamp' | 'changedAt'>) {
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
  /** Those of its keys that others might change. */
  loose: LooseKeys | null
}

/** All inputs at one revision, by the name of their definition. */
export type Root = ImmutableMap<string, TableRoot>

const noRecords = new IdMap<SlotRecord>()

/** A table nothing was ever written to. */
export function emptyTableRoot(): TableRoot {
  return { records: noRecords, keysStamp: ABSENT, entriesStamp: ABSENT, keys: null, entries: null, loose: null }
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
  const entries = before.entries === null || before.loose?.isWhole === false ? null : foldEntries(before.entries, slots)
  return { records, keysStamp, entriesStamp, keys, entries, loose: entries === null ? null : looseIn(slots[0]?.origin) }
}

function looseIn(origin: Slot | undefined): LooseKeys | null {
  return origin === undefined ? null : looseKeysOf(origin.table)
}

function foldEntries(before: ImmutableMap<unknown, unknown>, slots: readonly Slot[]): ImmutableMap<unknown, unknown> {
  let map = before
  for (const slot of slots) {
    const key = entryKeyOf(slot)
    if (!isStored(slot)) map = map.delete(key)
    else {
      // Immutable keeps 0 where −0 is set over it.
      if (slot.value === 0 && !Object.is(map.get(key), slot.value)) map = map.delete(key)
      map = map.set(key, slot.value)
    }
  }
  return map
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
  if (table.entries !== null && (table.loose === null || table.loose.mend())) return table.entries
  const records = Array.from(table.records.values())
  table.entries = ImmutableMap(records.map(({ slot, value }): [unknown, unknown] => [entryKeyOf(slot), value]))
  table.loose = looseIn(records[0]?.slot)
  return table.entries
}

/** The slots of a table, to build a first root from. */
export function* slotsOf(table: Table): Generator<Slot> {
  for (const node of nodesOf(table)) if (node instanceof Slot) yield node
}
