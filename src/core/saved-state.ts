/**
 * The door for persistence: what a view holds, record by record. Nothing here decides what is kept or trusted: records and
 * stamps are handed out as they are. `restored-state.ts` is the way back.
 */
import type { Branch, Job } from './branch.js'
import type { AnyDerived, AnyInput, AnyInterned, Definition } from './define.js'
import { encodeArgs } from './key.js'
import { argsOf, ASYNC, BROKEN, Cell, EVICTED, FAILED, idOf, isAnswer, isCell, isSource, type Memo, type Node, ON_RING, type Slot, type StoredArgs, TAINTED, VOLATILE } from './node.js'
import { restingStamp, stampIn, tableOf, tableRootOf } from './records.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'
import type { SlotRecord } from './root.js'
import type { Snapshot, View } from './view.js'

export type { AnyDerived, AnyInput, AnyInterned, Definition } from './define.js'
export type { Slot } from './node.js'
export type { Stamp } from './revision.js'
export type { SlotRecord } from './root.js'

/** A record of the head, opaque outside the core. */
export type Ref = Node

/** What stood in a cell: a value, and the stamps of what it was made from. */
export interface SavedMemo {
  /** The value was given up to save memory. */
  readonly isEvicted: boolean
  readonly value: unknown
  readonly isAsync: boolean
  readonly stamp: Stamp
  readonly deps: readonly Ref[]
  readonly stamps: readonly Stamp[]
}

/** One that is filled again and again. */
export interface MemoBuffer {
  isEvicted: boolean
  value: unknown
  isAsync: boolean
  stamp: Stamp
  readonly deps: Ref[]
  readonly stamps: Stamp[]
}

/** What a dependency is: a slot, a query, the set of keys of an input, all its values, or what `invalidate` changes. */
export type RefKind = 'slot' | 'cell' | 'keys' | 'entries' | 'invalidation'

/** The engine's side of a view. */
export const viewBranch = (view: View): Branch => (view as unknown as { readonly branch: Branch }).branch

/** An object that stands for the database of a view. */
export function familyOf(view: View): object {
  return viewBranch(view).family
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
    this.branch = viewBranch(this.snapshot)
    this.revision = this.branch.revision
    this.home = this.branch.home
    const source = viewBranch(view)
    this.serial = this.home.forks.get((source.frozen ? source : this.branch).token)?.serial ?? 0
    this.memos = source.memos
    this.frozen = source.frozen
  }

  /** The inputs and queries of the database, in the order of their first use. What sources show is the world's, and is not kept. */
  definitions(): (AnyInput | AnyDerived)[] {
    const { head, names } = this.branch.family
    return Array.from(head.tables.keys()).filter((definition): definition is AnyInput | AnyDerived => definition.kind !== 'source' && definition.name !== '' && names.get(definition.name) === definition)
  }

  /** The slots that held a value of their own, in lists of a few, with gaps. */
  slots(definition: Definition): Iterable<readonly (SlotRecord | undefined)[]> {
    return tableRootOf(this.branch, definition).records.lists()
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

  /** All interned values so far, by definition, in the order in which they were interned. */
  interned(): Map<AnyInterned, { readonly id: number; readonly value: unknown }[]> {
    const found = new Map<AnyInterned, { readonly id: number; readonly value: unknown }[]>()
    for (const [id, { definition, value }] of this.branch.family.interned.byId) {
      const list = found.get(definition)
      if (list === undefined) found.set(definition, [{ id, value }])
      else list.push({ id, value })
    }
    return found
  }

  /** The ids of all slots so far are below this. */
  get slotIds(): number {
    return this.branch.family.slots + 1
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
  isStored(slot: Slot): boolean {
    return isStoredBy(slot, this.stampOf(slot))
  }

  /** What stood in a cell, if it is good for more than one revision: its value, not yet proved. */
  memo(origin: Cell): SavedMemo | null {
    const memo: MemoBuffer = { isEvicted: false, value: undefined, isAsync: false, stamp: ABSENT, deps: [], stamps: [] }
    return this.readMemo(origin, memo) ? memo : null
  }

  /** The same into an object that is there already, its dependencies behind those in its lists. false: there is nothing. */
  readMemo(origin: Cell, into: MemoBuffer): boolean {
    // What a cycle comes to is what its rounds make of each other, and they are gone: nobody stands for its answer, and so for those on it.
    if (isSource(origin) || isAnswer(origin)) return false
    const found = this.find(origin)
    // What was emitted is not saved, so neither is what it belongs to, nor anything above.
    if (found === null || found.emitted !== null || (found.flags & (FAILED | VOLATILE | TAINTED | ON_RING)) !== 0) return false
    into.isEvicted = (found.flags & EVICTED) !== 0
    into.value = found.value
    into.isAsync = (found.flags & ASYNC) !== 0
    into.stamp = found.stamp
    if (found instanceof Cell) {
      for (let edge = found.deps; edge !== null; edge = edge.nextDep) {
        into.deps.push(edge.dep.origin)
        into.stamps.push(edge.stamp)
      }
    } else {
      for (const dep of found.deps) into.deps.push(dep)
      for (const stamp of found.stamps) into.stamps.push(stamp)
    }
    return true
  }

  private find(origin: Cell): Cell | Memo | null {
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
    return Math.max(cell.verifiedAt, -1)
  }

  close(): void {
    this.snapshot.dispose()
  }
}

/** What stood in a cell when the snapshot of that number was taken; otherwise what stands there now: the cell itself. */
function standing(cell: Cell, serial: number): Cell | Memo | null {
  const kept = cell.shelf?.kept.find(({ from, to }) => serial > from && serial <= to)
  if (kept !== undefined) return kept.memo
  return cell.stamp === ABSENT || (cell.flags & BROKEN) !== 0 ? null : cell
}

export const isQuery = (ref: Ref): ref is Cell => isCell(ref)

export function kindOf(ref: Ref): RefKind {
  if (isCell(ref)) return 'cell'
  const { table } = ref
  if (table.definition.name === '') return 'invalidation'
  return ref === table.keys ? 'keys' : ref === table.entries ? 'entries' : 'slot'
}

/** Whether a slot that showed that stamp held a value of its own. */
export const isStoredBy = (slot: Slot, stamp: Stamp): boolean => stamp !== restingStamp(slot)

/** A whole number that no other slot of the database has. They are given in the order in which slots are made. */
export const slotIdOf = (slot: Slot): number => slot.id

export const definitionOf = (ref: Ref): Definition => ref.table.definition

/** The arguments as records keep them: none, one primitive as it is, or a list. */
export const storedArgsOf = (ref: Ref): StoredArgs => (Array.isArray(ref.args) ? argsOf(ref) : ref.args)

/** `name(args)`. */
export const nameOf = (ref: Ref): string => idOf(ref)

/** The text that names a list of arguments, and no other. @throws InvalidKeyError */
export const textOf = (name: string, args: readonly unknown[]): string => encodeArgs(name, args)
