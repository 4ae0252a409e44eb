/**
 * Finding records, and making them on first use. Keys are looked up in the head, whose records identify a key for the
 * whole family; a branch that was written to has its own record for each of those it has used.
 */
import { withAttempts } from './attempts.js'
import { type Branch, DURABLE, emptyPlaces, type Evaluation, type Family } from './branch.js'
import type { AnyAccumulator, AnyInput, AnyInterned, Definition } from './define.js'
import { DuplicateDefinitionError, InvalidDefinitionError } from './errors.js'
import { copyArgs, encodeArgs, isPrimitive } from './key.js'
import { fillOf, isFeed } from './feed.js'
import { setBound } from './memory.js'
import { argsOf, assignSlot, BOUNDED, Cell, idOf, isCell, type Node, Slot, Table } from './node.js'
import { ABSENT, FIRST_STAMP, INITIAL, type Stamp } from './revision.js'
import { deepFreeze } from './equality.js'
import { openShelf } from './share.js'
import { emptyRoot, emptyTableRoot, foldRoot, type Root, type SlotRecord, slotsOf, type TableRoot } from './root.js'
import { Tally } from './tally.js'

/** The table of a definition in the head. @throws DuplicateDefinitionError, InvalidDefinitionError */
export function tableOf(head: Branch, definition: Definition): Table {
  return knownTable(head, definition) ?? register(head, definition)
}

/** The table of a definition that was used before. */
function knownTable(head: Branch, definition: Definition): Table | undefined {
  const { places } = head.family
  const last = places.length - 1
  let at = definition?.hash & last
  let table = places[at]
  while (table !== undefined && table.definition !== definition) {
    at = (at + 1) & last
    table = places[at]
  }
  return table
}

/** The record of the head for no argument or one primitive, if there is one. */
export function quickOrigin(head: Branch, definition: Definition, only: unknown, count: number): Node | null {
  const table = knownTable(head, definition)
  if (table === undefined) return null
  if (count === 0) return table.only
  return count === 1 ? (table.byPrimitive.get(only) ?? null) : null
}

/** Places a table by the hash of its definition, or in the next free place. At most half of the places are taken. */
function place({ family, tables }: Branch, table: Table): void {
  if (tables.size * 2 > family.places.length) {
    family.places = emptyPlaces(family.places.length * 4)
    for (const known of tables.values()) if (known !== table) putAt(family.places, known)
  }
  putAt(family.places, table)
}

function putAt(places: (Table | undefined)[], table: Table): void {
  let at = table.definition.hash & (places.length - 1)
  while (places[at] !== undefined) at = (at + 1) & (places.length - 1)
  places[at] = table
}

/** @throws DuplicateDefinitionError, InvalidDefinitionError for a name that cannot be noted */
export function checkName(names: Family['names'], definition: Definition | AnyInterned | AnyAccumulator): void {
  if (typeof definition.name !== 'string') throw new InvalidDefinitionError('A definition needs a name: make it by input, source, derived, interned or accumulator.')
  const known = names.get(definition.name)
  if (known !== undefined && known !== definition) throw new DuplicateDefinitionError(definition.name)
}

/** Notes the name of a definition. @throws DuplicateDefinitionError, InvalidDefinitionError */
export function checkUnique(names: Family['names'], definition: Definition | AnyInterned | AnyAccumulator): void {
  checkName(names, definition)
  names.set(definition.name, definition)
}

const kinds: ReadonlySet<unknown> = new Set(['input', 'source', 'derived'])

/** @throws InvalidDefinitionError for what has no records */
export function checkDefinition(definition: Definition): void {
  if (typeof definition !== 'object' || definition === null || !kinds.has(definition.kind) || typeof definition.options !== 'object' || (definition.kind === 'derived' && typeof definition.body !== 'function')) {
    throw new InvalidDefinitionError('The first argument must be a definition, made by input, source or derived.')
  }
}

function register(head: Branch, definition: Definition): Table {
  checkDefinition(definition)
  checkUnique(head.family.names, definition)
  const table = makeTable(definition, head)
  if (table.level > 0) head.family.note(DURABLE, true)
  head.tables.set(definition, table)
  place(head, table)
  if (definition.kind === 'derived' && definition.options.lru !== undefined) setBound(head, table, definition.options.lru)
  if (definition.kind === 'source') {
    const feed = new Table(definition.feed, head)
    head.tables.set(definition.feed, feed)
    place(head, feed)
  }
  return table
}

function makeTable(definition: Definition, branch: Branch, tally: Tally = new Tally()): Table {
  const { family } = branch
  if (definition.kind === 'source') return new Table(definition, branch, tally, () => family.feeds.read(family.active as Evaluation))
  if (definition.kind === 'input') return new Table(definition, branch, tally)
  const { name, body, options } = definition
  const isPlain = options.retry === undefined && options.timeout === undefined
  return new Table(definition, branch, tally, isPlain ? body : (withAttempts(name, body, options, family.settings.clock) as typeof body))
}

/**
 * The record of the head for a definition and the arguments from `list[first]` on, up to `list[end - 1]`.
 * @throws InvalidKeyError
 */
export function originOf(head: Branch, definition: Definition, list: ArrayLike<unknown>, first: number, end: number): Node {
  const table = tableOf(head, definition)
  let last = end
  while (last > first && list[last - 1] === undefined) last--
  if (last === first) return (table.only ??= makeNode(head, table, undefined))
  const only = list[first]
  if (last === first + 1 && isPrimitive(only)) {
    return table.byPrimitive.get(only) ?? addPrimitive(head, table, only)
  }
  const args: unknown[] = []
  for (let i = first; i < last; i++) args.push(list[i])
  const text = encodeArgs(definition.name, args)
  const found = table.byText.get(text)
  if (found !== undefined) return found
  const copy = copyArgs(args)
  table.copiesArgs ||= holdsMutable(copy)
  const node = makeNode(head, table, copy)
  table.byText.set(text, node)
  return node
}

/** The record of the head for the key of one that may have been let go since. */
export function recordAgain(head: Branch, node: Node): Node {
  const { definition, keys, entries } = node.table
  if (node === keys || node === entries) return node
  const args = argsOf(node)
  return originOf(head, definition, args, 0, args.length)
}

/** Whether arguments hold what cannot be frozen. */
export function holdsMutable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Date || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true
  return Object.values(value).some(holdsMutable)
}

function addPrimitive(head: Branch, table: Table, key: unknown): Node {
  const node = makeNode(head, table, key === 0 ? 0 : key)
  table.byPrimitive.set(key, node)
  return node
}

function makeNode(head: Branch, table: Table, args: unknown): Node {
  const { frozen, settings } = head.family
  if (settings.freeze && table.definition.kind === 'input') deepFreeze(table.definition.options.initial, frozen)
  if (table.definition.kind === 'input') return new Slot(++head.family.slots, table, args, null)
  const cell = openShelf(new Cell(table, args, null))
  if (table.byPrimitive.size + table.byText.size >= table.noticeAt) notice(head, table)
  if (table.bound !== null || head.family.bound !== null) cell.flags |= BOUNDED
  return cell
}

/** Says once that a query without a limit has very many cells that nobody observes. */
function notice({ family, lives }: Branch, table: Table): void {
  if (table.byPrimitive.size + table.byText.size - lives.size < table.noticeAt) return
  const { noticeAt } = table
  table.noticeAt = Infinity
  if (table.bound !== null || family.bound !== null) return
  const text = `${table.definition.name} has ${noticeAt} cells that nobody observes, and no limit: all their values are kept. Give it an lru, set limits.cells, or call collect.`
  family.delivery.announce('onNotice', () => family.settings.onNotice?.(text))
}

/** The branch's own record for a record of the head. */
export function localOf(branch: Branch, origin: Node): Node {
  if (branch.records === null) return origin
  const found = branch.records.get(origin)
  if (found !== undefined) return found
  if (origin === origin.table.keys) return hiddenSlot(branch, origin.table.definition, 'keys')
  if (origin === origin.table.entries) return hiddenSlot(branch, origin.table.definition, 'entries')
  const table = localTable(branch, origin.table.definition)
  let node: Node
  if (isCell(origin)) node = openShelf(new Cell(table, origin.args, origin))
  else {
    node = new Slot(origin.id, table, origin.args, origin)
    const record = recordIn(branch, origin)
    if (record !== undefined) assignSlot(node, record.value, record.stamp, record.changedAt)
  }
  branch.records.set(origin, node)
  return node
}

/** The table of a definition in a branch that is written to. */
export function localTable(branch: Branch, definition: Definition): Table {
  if (branch.records === null) return tableOf(branch, definition)
  let table = branch.tables.get(definition)
  if (table === undefined) {
    table = makeTable(definition, branch, branch.family.head.tables.get(definition)?.tally ?? branch.family.unnamed)
    const root = tableRootOf(branch, definition)
    table.keysStamp = root.keysStamp
    table.entriesStamp = root.entriesStamp
    branch.tables.set(definition, table)
  }
  return table
}

/** The inputs of a definition as of the branch's root. */
export function tableRootOf(branch: Branch, definition: Definition): TableRoot {
  return branch.root?.get(definition.name) ?? emptyTableRoot()
}

/** What a slot of the head showed as of the branch's root; undefined: nothing of its own. */
export function recordIn(branch: Branch, origin: Slot): SlotRecord | undefined {
  return tableRootOf(branch, origin.table.definition).records.get(origin.id)
}

/** The stamp a slot of the head shows as of the branch's root. */
export function stampIn(branch: Branch, origin: Slot): Stamp {
  const { table } = origin
  if (origin === table.keys) return tableRootOf(branch, table.definition).keysStamp
  if (origin === table.entries) return tableRootOf(branch, table.definition).entriesStamp
  const record = recordIn(branch, origin)
  const fill = isFeed(origin) ? fillOf(origin, record?.value, record !== undefined) : null
  if (fill !== null) return 'stamp' in fill ? fill.stamp : ABSENT
  return record?.stamp ?? restingStamp(origin)
}

/** The stamp of a slot that holds nothing of its own. */
export function restingStamp(slot: Slot): Stamp {
  return 'initial' in (slot.table.definition as AnyInput).options ? INITIAL : ABSENT
}

/** The arguments of hidden slots: nobody can ask for a record that has them. */
const hiddenArgs = { keys: Object.freeze(['*keys']), entries: Object.freeze(['*entries']) }

/** The hidden slot that shows the set of keys of an input, or all its values. */
export function hiddenSlot(branch: Branch, definition: Definition, which: 'keys' | 'entries'): Slot {
  const table = tableOf(branch.family.head, definition)
  let origin = table[which]
  if (origin === null) {
    origin = new Slot(++branch.family.slots, table, hiddenArgs[which], null)
    assignSlot(origin, undefined, which === 'keys' ? table.keysStamp : table.entriesStamp, 0)
    table[which] = origin
  }
  if (branch.records === null) return origin
  const own = localTable(branch, definition)
  let slot = own[which]
  if (slot === null) {
    slot = new Slot(origin.id, own, hiddenArgs[which], origin)
    assignSlot(slot, undefined, which === 'keys' ? own.keysStamp : own.entriesStamp, 0)
    own[which] = slot
    branch.records.set(origin, slot)
  }
  return slot
}

/** The branch's inputs in frozen form, as of now. Costs what was written since the last time. */
export function rootOf(branch: Branch): Root {
  if (branch.frozen) return branch.root as Root
  if (branch.root === null) {
    const slots: Slot[] = []
    for (const table of branch.tables.values()) for (const slot of slotsOf(table)) if (slot.stamp >= FIRST_STAMP) slots.push(slot)
    branch.root = foldRoot(emptyRoot, slots)
    for (const table of branch.tables.values()) branch.root = keepStamps(branch.root, table)
  } else if (branch.written.length > 0) branch.root = foldRoot(branch.root, branch.written)
  branch.written = []
  branch.rootRevision = branch.revision
  return branch.root
}

/** A table that was written to and is empty again still shows when. */
function keepStamps(root: Root, table: Table): Root {
  if (table.entriesStamp === ABSENT || root.has(table.definition.name)) return root
  return root.set(table.definition.name, { ...emptyTableRoot(), keysStamp: table.keysStamp, entriesStamp: table.entriesStamp })
}

/** Has the one name no definition of a caller can have. */
export const invalidations: AnyInput = Object.freeze({ kind: 'input', name: '', hash: 0, options: Object.freeze({ equals: false }) })

/** The hidden slot that `invalidate` changes, for a cell of the head. */
export function invalidationSlot(head: Branch, cell: Cell): Slot {
  const table = tableOf(head, invalidations)
  const found = table.byPrimitive.get(cell)
  if (found instanceof Slot) return found
  const slot = new Slot(++head.family.slots, table, idOf(cell), null)
  table.byPrimitive.set(cell, slot)
  return slot
}

/** That slot, if the cell was ever invalidated. */
export function invalidationOf(cell: Cell): Slot | null {
  const { head } = (cell.table.branch as Branch).family
  const found = head.tables.get(invalidations)?.byPrimitive.get(cell.origin)
  return found instanceof Slot ? found : null
}
