/** `tx`: what a batch callback writes to. It reads its own writes; nobody else does before the commit. */
import type { Branch, Change } from './branch.js'
import { isList } from './check.js'
import { checkWritable, commit, commitTaken, currentChange, removal } from './commit.js'
import type { Args, Definition, Derived, EntryKey, Input, KeyOf, Then, TotalInput } from './define.js'
import { describeValue } from './describe.js'
import { BatchError, endedError, InvalidDefinitionError } from './errors.js'
import { List } from 'immutable'
import { absent } from './frame.js'
import type { Cell, Slot, Table } from './node.js'
import { originOf, rootOf, tableOf, tableRootOf } from './records.js'
import type { Revision } from './revision.js'

/** Writes that become one revision. */
export interface Batch {
  /** The value as this batch leaves it. */
  get<A extends Args, V>(definition: TotalInput<A, V>, ...args: NoInfer<A>): V
  get<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): V | undefined
  has<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): boolean
  set<A extends Args, V>(definition: Input<A, V>, ...argsAndValue: Then<A, V>): void
  remove<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): void
  update<A extends Args, V>(definition: TotalInput<A, V>, ...argsAndChange: Then<A, (value: V) => V>): void
  update<A extends Args, V>(definition: Input<A, V>, ...argsAndChange: Then<A, (value: V | undefined) => V>): void
  replaceAll<A extends Args, V>(definition: Input<A, V>, entries: Iterable<readonly [KeyOf<A> | EntryKey<A>, V]>): void
  invalidate<A extends Args, R>(query: Derived<A, R>, ...args: NoInfer<A>): void
}

/** Takes something back, because of what was thrown. */
type Undo = (thrown: unknown) => void

/** What a batch writes, with all batches within it. */
interface Writes {
  readonly changes: Map<Slot, Change>
  readonly cells: Set<Cell>
  readonly done: ((revision: Revision) => void)[]
  /** How to take back what was done at once, before there was an inner batch. */
  readonly undos: Undo[]
  /** How to take back each write since the first inner batch began, the newest last. */
  journal: Undo[] | null
  /** Some changes were taken over from another view. */
  takes: boolean
}

/** The engine's side of `tx`, for one callback. */
export class Collector {
  private readonly branch: Branch
  private readonly writes: Writes
  /** How many writes could be taken back when it began. */
  private readonly saved: number
  private readonly isInner: boolean
  private open = true

  /** `outer`: the batch that it is within. */
  constructor(branch: Branch, outer: Collector | null) {
    this.branch = branch
    this.isInner = outer !== null
    this.writes = outer === null ? { changes: new Map(), cells: new Set(), done: [], undos: [], journal: null, takes: false } : outer.writes
    this.saved = outer === null ? 0 : (this.writes.journal ??= []).length
  }

  /** The callback has ended. */
  end(): void {
    this.open = false
  }

  /** Commits the last change of each slot, in the order of the first. */
  commit(): Revision {
    const { branch, writes } = this
    const { changes, cells, done, takes } = writes
    const { revision: before, queued } = branch
    try {
      const revision = takes ? commitTaken(branch, [...changes.values()], cells) : commit(branch, changes.values(), cells)
      for (const call of done) call(revision)
      return revision
    } catch (thrown) {
      if (branch.revision === before && branch.queued === queued) this.discard(thrown)
      throw thrown
    }
  }

  /** Called once what was written so far has been committed, with the revision at which it holds. */
  afterwards(call: (revision: Revision) => void): void {
    const { done, journal } = this.writes
    journal?.push(() => done.pop())
    done.push(call)
  }

  /** The slots that show something else than the view does: what was written here, and the writes that wait for their turn. */
  pending(): Set<Slot> {
    return new Set([...this.branch.overlay.keys(), ...this.writes.changes.keys()])
  }

  /** Something was done at once. */
  undoable(undo: Undo): void {
    const { journal, undos } = this.writes
    ;(journal ?? undos).push(undo)
  }

  /** The revision at which what was written so far holds, once there is one. Rejects with what discards it. */
  outcome(): Promise<Revision> {
    return new Promise((resolve, reject) => {
      this.afterwards(resolve)
      this.undoable(reject)
    })
  }

  /** Takes back what it wrote, because of what was thrown. */
  discard(thrown: unknown): void {
    const { journal, undos } = this.writes
    for (const undo of journal?.splice(this.saved).toReversed() ?? []) undo(thrown)
    if (!this.isInner) for (const undo of undos.toReversed()) undo(thrown)
  }

  get(definition: Definition, ...args: unknown[]): unknown {
    return this.shown(this.find(definition, args, args.length))
  }

  has(definition: Definition, ...args: unknown[]): boolean {
    return this.current(this.find(definition, args, args.length)).present
  }

  set(definition: Definition, ...list: unknown[]): void {
    const slot = this.find(definition, list, list.length - 1)
    this.put({ slot, value: list.at(-1), present: true, removed: false })
  }

  remove(definition: Definition, ...args: unknown[]): void {
    this.put(removal(this.find(definition, args, args.length)))
  }

  update(definition: Definition, ...list: unknown[]): void {
    const slot = this.find(definition, list, list.length - 1)
    const change = list.at(-1)
    if (typeof change !== 'function') throw new BatchError(`update of ${definition.name} needs a function from the old value to the new as its last argument.`)
    const value: unknown = change(this.shown(slot))
    this.put({ slot, value, present: true, removed: false })
  }

  replaceAll(definition: Definition, entries: Iterable<readonly [unknown, unknown]>): void {
    checkInput(this.branch, definition)
    if (!isIterable(entries)) throw new BatchError(`replaceAll of ${definition.name} needs its entries as a list, a Map or something else that gives [key, value], and got ${describeValue(entries)}.`)
    const wanted = new Map<Slot, unknown>()
    for (const entry of entries) {
      if (!isList(entry) || entry.length !== 2) throw new BatchError(`replaceAll of ${definition.name} needs [key, value] as each entry, and got ${describeValue(entry)}.`)
      const args = argsOfKey(entry[0])
      wanted.set(this.find(definition, args, args.length), entry[1])
    }
    rootOf(this.branch)
    const stored = [...tableRootOf(this.branch, definition).records.values()].map(({ slot }) => slot)
    for (const slot of [...stored, ...this.pending()]) {
      if (slot.table.definition === definition && !wanted.has(slot)) this.put(removal(slot))
    }
    for (const [slot, value] of wanted) this.put({ slot, value, present: true, removed: false })
  }

  put(change: Change): void {
    this.check()
    const { writes } = this
    const { changes, journal } = writes
    const { slot } = change
    writes.takes ||= change.stamp !== undefined
    if (journal !== null) {
      const before = changes.get(slot)
      journal.push(() => {
        if (before === undefined) changes.delete(slot)
        else changes.set(slot, before)
      })
    }
    changes.set(slot, change)
  }

  invalidate(definition: Definition, ...args: unknown[]): void {
    this.check()
    this.invalidateCell(cellOf(this.branch, definition, args))
  }

  invalidateCell(cell: Cell): void {
    const { cells, journal } = this.writes
    if (cells.has(cell)) return
    journal?.push(() => cells.delete(cell))
    cells.add(cell)
  }

  current(slot: Slot): Change {
    return this.writes.changes.get(slot) ?? currentChange(this.branch, slot)
  }

  private shown(slot: Slot): unknown {
    const { present, value } = this.current(slot)
    return present ? value : absent(slot)
  }

  private find(definition: Definition, list: readonly unknown[], end: number): Slot {
    this.check()
    return slotOf(this.branch, definition, list, end)
  }

  /** A body must not see what is not committed, nor write. */
  private check(): void {
    if (!this.open) throw new BatchError('The batch has ended: its tx can no longer be used.')
    if (this.branch.disposed) throw endedError(this.branch.family.closed)
    checkWritable(this.branch, 'use a batch')
  }
}

/** Of text, the letters would be entries. */
function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { readonly [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function'
}

/** Looking at a Proxy may throw; as a key it is refused with the reason. */
function argsOfKey(key: unknown): readonly unknown[] {
  try {
    return List.isList(key) ? key.toArray() : Array.isArray(key) ? key : [key]
  } catch {
    return [key]
  }
}

/** @throws BatchError for anything but a function */
export function checkCallback(callback: unknown): void {
  if (typeof callback !== 'function') throw new BatchError(`A batch needs a function that makes its writes, and got ${describeValue(callback)}. Pass (tx) => { … }.`)
}

/** The head's record of an input. @throws InvalidDefinitionError for anything else; BatchError where nothing stands behind the arguments */
export function slotOf(branch: Branch, definition: Definition, list: ArrayLike<unknown>, end: number, first = 0): Slot {
  if (definition?.kind !== 'input') checkInput(branch, definition)
  if (end < first) throw new BatchError(`A write to ${definition.name} needs a value as its last argument; undefined will do.`)
  return originOf(branch.family.head, definition, list, first, end) as Slot
}

/** The head's record of a query. @throws InvalidDefinitionError for anything else */
export function cellOf(branch: Branch, definition: Definition, list: ArrayLike<unknown>): Cell {
  tableOfQuery(branch, definition)
  return originOf(branch.family.head, definition, list, 0, list.length) as Cell
}

/** @throws InvalidDefinitionError for an input */
export function tableOfQuery(branch: Branch, definition: Definition): Table {
  const table = tableOf(branch.family.head, definition)
  if (table.definition.kind === 'input') throw new InvalidDefinitionError(`${definition.name} is an input: this needs a query.`)
  return table
}

/** @throws InvalidDefinitionError for anything but an input */
export function checkInput(branch: Branch, definition: Definition): void {
  const { kind, name } = tableOf(branch.family.head, definition).definition
  if (kind !== 'input') throw new InvalidDefinitionError(`${name} is a ${kind === 'source' ? 'source, which only its Observable writes' : 'query'}: this needs an input.`)
}
