/**
 * The frozen half: all inputs of one revision as Immutable maps. A root is made only when somebody needs one (a
 * snapshot, `keys`, `entries`, an evaluation that a write is about to overtake), by folding in what was written since the last
 * one. So a write pays at most a push to a list, and a root costs what changed, not what exists.
 *
 * The maps hold frozen record objects under integer ids, never bare values: Immutable takes 0 and −0, or a date and a
 * number, for the same value, and its transient maps have a fault with colliding keys that small integers cannot hit.
 * `entries` is a second map, from keys to bare values, made when first asked for and carried along from then on.
 */
import { List, Map as ImmutableMap } from 'immutable'
import { argsOf, type Node, Slot, type Table } from './node.js'
import { ABSENT, INITIAL, type Revision, type Stamp } from './revision.js'

/** What one slot showed. */
export interface SlotRecord {
  /** The record of the head. */
  readonly slot: Slot
  readonly value: unknown
  readonly stamp: Stamp
  readonly changedAt: Revision
}

/** The slots of one definition that held a value of their own. */
export interface TableRoot {
  readonly records: ImmutableMap<number, SlotRecord>
  readonly keysStamp: Stamp
  readonly entriesStamp: Stamp
  /** Made on demand, the same content for ever. */
  keys: readonly unknown[] | null
  entries: ImmutableMap<unknown, unknown> | null
}

/** All inputs at one revision, by the name of their definition. */
export type Root = ImmutableMap<string, TableRoot>

const noRecords: ImmutableMap<number, SlotRecord> = ImmutableMap()

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
  const records = before.records.withMutations((map) => {
    for (const slot of slots) {
      const { id } = slot.origin
      if (isStored(slot)) map.set(id, Object.freeze({ slot: slot.origin, value: slot.value, stamp: slot.stamp, changedAt: slot.changedAt }))
      else map.delete(id)
    }
  })
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
 * How a key appears in `entries`: one primitive as it is, otherwise an Immutable list. Immutable takes a date for its number,
 * so where there are dates it is an array, which is equal to nothing but itself.
 */
function entryKey(slot: Slot): unknown {
  const { args: stored, origin } = slot
  if (stored !== undefined && !Array.isArray(stored)) return stored
  const { entryKeys } = origin.table
  const known = entryKeys.get(origin)
  if (known !== undefined) return known
  const args = argsOf(slot)
  const key = args.some((arg) => arg instanceof Date) ? args : List(args)
  entryKeys.set(origin, key)
  return key
}

/** The keys that hold a value, in the order in which they were first used: arguments as callers give them. */
export function keysOf(table: TableRoot): readonly unknown[] {
  if (table.keys !== null) return table.keys
  const slots = sorted(table).map(({ slot }) => slot)
  const keys = Object.freeze(slots.map((slot) => (slot.args === undefined || Array.isArray(slot.args) ? argsOf(slot) : slot.args)))
  if (slots[0]?.table.copiesArgs !== true) table.keys = keys
  return keys
}

/** All values by key. */
export function entriesOf(table: TableRoot): ImmutableMap<unknown, unknown> {
  table.entries ??= ImmutableMap(sorted(table).map(({ slot, value }): [unknown, unknown] => [entryKey(slot), value]))
  return table.entries
}

function sorted(table: TableRoot): SlotRecord[] {
  return table.records.toList().sortBy(({ slot }) => slot.id).toArray()
}

/** The slots of a table, to build a first root from. */
export function* slotsOf(table: Table): Generator<Slot> {
  const nodes = function* (): Generator<Node | null> {
    yield table.only
    yield* table.byPrimitive.values()
    yield* table.byText.values()
  }
  for (const node of nodes()) if (node instanceof Slot) yield node
}
