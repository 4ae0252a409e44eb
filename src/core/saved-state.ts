/**
 * The door for persistence: what a view holds, record by record, and back. Nothing here decides what is kept or trusted: records
 * and stamps are handed out as they are, and whether a memo holds is told, as everywhere, by the stamps of what it read.
 */
import type { Branch, Change, Job } from './branch.js'
import { commitLoaded, removal } from './commit.js'
import type { Database } from './database.js'
import type { AnyInput, AnyInterned, Definition } from './define.js'
import { insertEdge } from './graph.js'
import { isEqual } from './judge.js'
import { encodeArgs } from './key.js'
import {
  argsOf, ASYNC, BROKEN, Cell, CHECKING, CLEAN, DIRTY, type Edge, FAILED, idOf, isCell, markCell, MAYBE, type Memo, type Node, placeOutcome, RUNNING, type Slot, type StoredArgs, TAINTED, VOLATILE,
} from './node.js'
import { hiddenSlot, invalidationOf, originOf, restingStamp, stampIn, tableOf, tableRootOf } from './records.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'
import type { SlotRecord } from './root.js'
import { edgesOf, makeMemo, offer } from './share.js'
import type { Snapshot, View } from './view.js'

export type { AnyDerived, AnyInput, AnyInterned, Definition } from './define.js'
export type { SlotRecord } from './root.js'

/** A record of the head, opaque outside the core. */
export type Ref = Node

/** What stood in a cell: a value, and the stamps of what it was made from. */
export interface SavedMemo {
  readonly value: unknown
  readonly isAsync: boolean
  readonly stamp: Stamp
  readonly deps: readonly Ref[]
  readonly stamps: readonly Stamp[]
}

/** What a dependency is: a slot, a query, the set of keys of an input, all its values, or what `invalidate` changes. */
export type RefKind = 'slot' | 'cell' | 'keys' | 'entries' | 'invalidation'

const branchOf = (view: View): Branch => (view as unknown as { readonly branch: Branch }).branch

/** An object that stands for the database of a view. */
export function familyOf(view: View): object {
  return branchOf(view).family
}

/** Reads what a view held at one revision, while it is written to. Taken at once; `close` it at the end. */
export class StateReader {
  readonly revision: Revision
  private readonly snapshot: Snapshot
  private readonly branch: Branch
  /** The branch with records below the snapshot, the number of the snapshot there, and what the view knew itself. */
  private readonly home: Branch
  private readonly serial: number
  private readonly memos: ReadonlyMap<Cell, Memo | Job | null>
  /** Nobody had written to the view: what it knew is what holds. */
  private readonly frozen: boolean

  constructor(view: View) {
    this.snapshot = view.snapshot()
    this.branch = branchOf(this.snapshot)
    this.revision = this.branch.revision
    this.home = this.branch.home
    const source = branchOf(view)
    this.serial = this.home.forks.get((source.frozen ? source : this.branch).token)?.serial ?? 0
    this.memos = source.memos
    this.frozen = source.frozen
  }

  /** The definitions of the database, in the order of their first use. */
  definitions(): Definition[] {
    return [...this.branch.family.head.tables.keys()].filter(({ name }) => name !== '')
  }

  /** The slots that held a value of their own. */
  slots(definition: Definition): Iterable<SlotRecord> {
    return tableRootOf(this.branch, definition).records.values()
  }

  /** The records of a query. Those made while this is read do not come: there might be no end of them. */
  *cells(definition: Definition): Generator<Cell> {
    const { only, byPrimitive, byText } = tableOf(this.branch.family.head, definition)
    if (only instanceof Cell) yield only
    for (const records of [byPrimitive, byText]) {
      let rest = records.size
      for (const cell of records.values()) if (rest-- > 0) yield cell as Cell
      else break
    }
  }

  /** What a slot showed. */
  stampOf(ref: Ref): Stamp {
    const slot = ref as Slot
    const { keys, entries } = slot.table
    // What has not changed since still shows it; hidden slots may be younger than their stamps.
    const isSettled = this.home.records === null && slot.changedAt <= this.branch.base && slot !== keys && slot !== entries
    return isSettled ? slot.stamp : stampIn(this.branch, slot)
  }

  /** Whether a slot held a value of its own. */
  isStored(slot: Ref): boolean {
    return this.stampOf(slot) !== restingStamp(slot as Slot)
  }

  /** What stood in a cell, if it is good for more than one revision: its value, not yet proved. */
  memo(origin: Cell): SavedMemo | null {
    const found = this.find(origin)
    if (found === null || (found.flags & (FAILED | VOLATILE | TAINTED)) !== 0) return null
    return { value: found.value, isAsync: (found.flags & ASYNC) !== 0, stamp: found.stamp, deps: found.deps, stamps: found.stamps }
  }

  private find(origin: Cell): Pick<Memo, 'value' | 'flags' | 'stamp' | 'deps' | 'stamps'> | null {
    const before = this.memos.get(origin)
    const known = before != null && 'stamps' in before ? before : null
    if (known !== null && this.frozen) return known
    const local = this.home.records === null ? origin : this.home.records.get(origin)
    const found = local instanceof Cell ? standing(local, this.serial) : null
    if (found !== null || known !== null || local === origin) return found ?? known
    return standing(origin, this.home.parent?.forks.get(this.home.token)?.serial ?? 0)
  }

  /** The last revision at which the cell was proved: how recently it was used, as far as is known. */
  usedAt(cell: Cell): Revision {
    return cell.verifiedAt
  }

  close(): void {
    this.snapshot.dispose()
  }
}

/** What stood in a cell when the snapshot of that number was taken; otherwise what stands there now. */
function standing(cell: Cell, serial: number): Pick<Memo, 'value' | 'flags' | 'stamp' | 'deps' | 'stamps'> | null {
  const kept = cell.shelf?.kept.find(({ from, to }) => serial > from && serial <= to)
  if (kept !== undefined) return kept.memo
  if (cell.stamp === ABSENT || (cell.flags & BROKEN) !== 0) return null
  const { value, flags, stamp } = cell
  return { value, flags, stamp, ...edgesOf(cell) }
}

export const isQuery = (ref: Ref): ref is Cell => isCell(ref)

export function kindOf(ref: Ref): RefKind {
  if (isCell(ref)) return 'cell'
  const { table } = ref
  if (table.definition.name === '') return 'invalidation'
  return ref === table.keys ? 'keys' : ref === table.entries ? 'entries' : 'slot'
}

export const definitionOf = (ref: Ref): Definition => ref.table.definition

/** The arguments as records keep them: none, one primitive as it is, or a list. */
export const storedArgsOf = (ref: Ref): StoredArgs => (Array.isArray(ref.args) ? argsOf(ref) : ref.args)

/** `name(args)`. */
export const nameOf = (ref: Ref): string => idOf(ref)

/** The text that names a list of arguments, and no other. @throws InvalidKeyError */
export const textOf = (name: string, args: readonly unknown[]): string => encodeArgs(name, args)

/** A query to be put in its place. */
interface Arrival {
  readonly cell: Cell
  readonly value: unknown
  readonly isAsync: boolean
  readonly deps: readonly Ref[]
  /** Those that showed something else when it was made, by their place in `deps`. */
  readonly changed: readonly number[]
  /** It is known to be out of date: it serves only to be compared with. */
  readonly isStale: boolean
}

/** Gathers what was loaded, and then makes it the state of a database in one step. */
export class StateWriter {
  private readonly head: Branch
  private readonly changes = new Map<Slot, Change>()
  private readonly replaced = new Set<AnyInput>()
  private readonly arrivals: Arrival[] = []

  constructor(database: Database) {
    this.head = branchOf(database)
  }

  /** An object that stands for the database. */
  get family(): object {
    return this.head.family
  }

  /** Somebody follows the commits, and would not know what is loaded. */
  get isFollowed(): boolean {
    return this.head.family.journal !== null
  }

  /** The definition of a name, if the database has met it. */
  definition(name: string): Definition | AnyInterned | undefined {
    return name === '' ? undefined : this.head.family.names.get(name)
  }

  /** Makes definitions known. @throws DuplicateDefinitionError, InvalidDefinitionError */
  register(definitions: readonly Definition[]): void {
    for (const definition of definitions) tableOf(this.head, definition)
  }

  /** From now on the input holds what is set here, and nothing else. */
  replace(definition: AnyInput): void {
    this.replaced.add(definition)
  }

  /** The record of a definition and arguments. @throws InvalidKeyError */
  ref(definition: Definition, args: readonly unknown[]): Ref {
    return originOf(this.head, definition, args, 0, args.length)
  }

  /** The set of keys of an input, or all its values. */
  hidden(definition: AnyInput, which: 'keys' | 'entries'): Ref {
    return hiddenSlot(this.head, definition, which)
  }

  set(slot: Ref, value: unknown): void {
    this.changes.set(slot as Slot, { slot: slot as Slot, value, present: true, removed: false })
  }

  place(query: Ref, value: unknown, isAsync: boolean, deps: readonly Ref[], changed: readonly number[], isStale: boolean): void {
    this.arrivals.push({ cell: query as Cell, value, isAsync, deps, changed, isStale })
  }

  /** Makes it so: one revision, above the present one and `above`. Throws before anything has changed, or not at all. */
  commit(above: Revision): Revision {
    for (const definition of this.replaced) {
      for (const slot of this.storedNow(definition)) if (!this.changes.has(slot)) this.changes.set(slot, removal(slot))
    }
    return commitLoaded(this.head, this.changes.values(), above, (revision) => this.settle(revision))
  }

  private *storedNow(definition: AnyInput): Generator<Slot> {
    const { only, byPrimitive, byText } = tableOf(this.head, definition)
    for (const list of [only === null ? [] : [only], byPrimitive.values(), byText.values()] as Iterable<Slot>[]) {
      for (const slot of list) if (slot.stamp !== restingStamp(slot)) yield slot
    }
  }

  /** Puts the memos into cells that know nothing yet, and offers them to the others. They are proved when they are first needed. */
  private settle(revision: Revision): void {
    const { family } = this.head
    const stamps = new Map<Node, Stamp>()
    const empty = new Set<Cell>()
    for (const { cell, value, isAsync } of this.arrivals) {
      if (isEmpty(cell)) {
        placeOutcome(cell, value, isAsync ? ASYNC : 0, family.stamps++, revision)
        if (isAsync) cell.table.sawPromise = true
        empty.add(cell)
        stamps.set(cell, cell.stamp)
      } else if (isIdle(cell)) stamps.set(cell, (cell.flags & FAILED) === 0 && isEqual(cell, cell.value, value) ? cell.stamp : family.stamps++)
    }
    for (const arrival of this.arrivals) {
      const { cell, deps, changed, isStale } = arrival
      // A stamp nobody will ever show: the query runs again.
      const seen = deps.map((dep, i) => (changed.length > 0 && changed.includes(i) ? undefined : isCell(dep) ? stamps.get(dep) : dep.stamp) ?? family.stamps++)
      if (empty.has(cell)) {
        let tail: Edge | null = null
        for (const [i, dep] of deps.entries()) {
          tail = insertEdge(cell, tail, dep, 0)
          tail.stamp = seen[i] as Stamp
        }
        markCell(cell, isStale ? DIRTY : MAYBE)
      } else if (cell.mark !== CLEAN && stamps.has(cell) && !isStale) {
        const memo = { value: arrival.value, flags: arrival.isAsync ? ASYNC : 0, stamp: stamps.get(cell) as Stamp, changedAt: revision }
        offer(this.head, cell, makeMemo(memo, deps, seen, revision))
      }
    }
  }
}

/** Nothing has been computed there, either. */
function isEmpty(cell: Cell): boolean {
  return cell.stamp === ABSENT && cell.deps === null && isIdle(cell)
}

/** Nothing is being computed there, and nobody has asked for it to be computed again. */
function isIdle(cell: Cell): boolean {
  if (cell.job !== null || cell.owner !== null || (cell.flags & (RUNNING | CHECKING | BROKEN)) !== 0) return false
  const invalidation = invalidationOf(cell)
  return invalidation === null || invalidation.stamp === ABSENT
}
