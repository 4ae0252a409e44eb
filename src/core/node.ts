/**
 * Longer than 300 lines: the records and their transitions belong together.
 *
 * The records the engine works on. What a cell holds is assigned here and nowhere else.
 *
 *   Slot   one input record                    Cell   one derived record: a place
 *   Edge   "this cell read that record"        Memo   what once stood in a cell: frozen data
 *
 *        Slot/Cell <── record ── Edge ── reader ──> Cell
 *   dependents ─> Edge ─ nextDependent ─> Edge         the readers of a record
 *         deps ─> Edge ─ nextDep ───────> Edge         what a cell read, in the order first read
 *
 * Slots and cells belong to one branch that is being written (the head, or a snapshot that was written to). Snapshots
 * nobody wrote to have no records of their own: they keep memos under the records of the branch they stem from.
 *
 * Marks wake, stamps prove. A commit marks the cells it may reach; a cell that is not marked is valid, at no cost, at
 * every later revision. A marked one is proved or refuted by comparing the stamp each dependency shows now with the
 * stamp the cell saw. Two kinds of results are good for one revision only, whatever the marks say: failures, which are
 * tried again, and what depends on a volatile read. Their cells are TRANSIENT.
 */
import { type AnyAccumulator, type AnyDerived, type AnyInput, type Definition, levelOf, NEVER } from './define.js'
import { EqualityError } from './errors.js'
import { copyArgs, describeNode } from './key.js'
import { NodeMap } from './node-map.js'
import { ABSENT, FIRST_STAMP, INITIAL, type Revision, type Stamp } from './revision.js'
import { Tally } from './tally.js'

export const CLEAN = 0
export const TRANSIENT = 1
export const MAYBE = 2
export const DIRTY = 3
/** CLEAN: valid. TRANSIENT: valid at `verifiedAt`. MAYBE: something below changed. DIRTY: something read changed. */
export type Mark = 0 | 1 | 2 | 3

/** Facts about a cell, combined in `flags`. The first four describe its outcome. */
export const FAILED = 1
/** The outcome came through a promise. */
export const ASYNC = 2
/** The body itself asked to be volatile. */
export const VOLATILE = 4
/** Something it read is volatile. */
export const TAINTED = 8
/** It was found on a cycle, and is the fallback. */
export const ON_RING = 8192
export const OUTCOME: number = FAILED | ASYNC | VOLATILE | TAINTED | ON_RING
/** The synchronous part of the body is on the stack. */
export const RUNNING = 16
/** A validation walk stands on this cell. */
export const CHECKING = 32
/** A run began that has not settled: the edges are not those of the outcome any more. */
export const BROKEN = 64

/** Marked by a run and not by a commit: evaluations that were on their way may have settled above it since, unmarked. */
export const SOFT = 128

/** The cell does not belong to the head. */
export const APART = 256

/** It has a job, an owner, a shelf or memos to try. */
export const ENGAGED = 512
/** Its value was given up to save memory; its stamp and edges stand. Part of an outcome. */
export const EVICTED = 1024
/** A limit counts its value. */
export const BOUNDED = 2048
/** Its value was asked for since the limit last looked at it. */
export const USED = 4096
/** What a plain value, to be read as it stands, has none of. */
export const SPECIAL: number = OUTCOME | EVICTED | BOUNDED

/** Two bits: the least durability of what an outcome was made from, where any input is above low. */
export const LEVEL = 16384
const LEVELS: number = 3 * LEVEL
const RESULT: number = OUTCOME | EVICTED | LEVELS

/** Its outcome was computed for another state, and has not been proved for the present one. */
export const UNPROVED = 65536

/** Of runs, not of cells: it has emitted something. */
export const EMITTED = 131072

/** What a run has emitted, by accumulator, each in the order emitted. */
export type Emitted = ReadonlyMap<AnyAccumulator, readonly unknown[]>

export const levelIn = (flags: number): number => (flags & LEVELS) / LEVEL

/** The same with another durability. */
export const withLevel = (flags: number, level: number): number => (flags & ~LEVELS) | (level * LEVEL)

/** The part of flags that describes an outcome. */
export const resultIn = (flags: number): number => flags & RESULT

/** The last good value before a failure: an equal one later takes its stamp up again. */
export interface LastValue {
  readonly value: unknown
  readonly stamp: Stamp
  readonly flags: number
  /** The view it stood in, by its token, and the revision since when. */
  readonly view: object
  readonly since: Revision
}

/** What stands in the place of a value where a query failed. */
export class Failure {
  readonly error: unknown
  /** The cell that failed with it, and the failure it was handed, if it only passed one on. */
  readonly id: string
  readonly from: Failure | null
  readonly last: LastValue | null
  /** The lowest evaluation on the stack of the cycle it is part of: while that runs, whoever reads it is part of the cycle too. */
  readonly ring: { readonly state: number } | null
  /** The cell is part of the cycle itself. */
  readonly onCycle: boolean
  /** The error is one of a cycle, the cell's own or one it only passes on. */
  readonly isOfCycle: boolean

  constructor(error: unknown, id: string, from: Failure | null, last: LastValue | null, onCycle: boolean, isOfCycle: boolean, ring: { readonly state: number } | null) {
    this.onCycle = onCycle
    this.isOfCycle = isOfCycle
    this.ring = ring
    this.error = error
    this.id = id
    this.from = from
    this.last = last
  }
}

/** What a cell or a memo tells. EVICTED among the flags: all but the value. */
export interface Outcome {
  readonly value: unknown
  readonly flags: number
  readonly stamp: Stamp
  readonly changedAt: Revision
}

/** What stood in a cell: handed to other branches, whose inputs decide by stamps whether it holds there. */
export interface Memo extends Outcome {
  /** The records read, as those of the head, and the stamps they showed. */
  readonly deps: readonly Node[]
  readonly stamps: readonly Stamp[]
  /** The revision of its branch at which it was last proved: where it counts for one revision, that one. */
  readonly verifiedAt: Revision
  /** The promise handed out for it. */
  promise: Promise<unknown> | null
  /** Where results are kept for later: what the records read showed, or `UNSEEN`. */
  readonly seen: readonly unknown[] | null
  readonly emitted: Emitted | null
}

/** Stands for what cannot be compared later. */
export const UNSEEN: unique symbol = Symbol('unseen')

/** A memo kept for the snapshots taken after number `from` and not after number `to`. */
export interface Kept {
  readonly memo: Memo
  readonly from: number
  readonly to: number
}

export interface Shelf {
  kept: Kept[]
  /** The stamps of those never fall. */
  isSorted: boolean
  /** How many snapshots had been taken when a memo was last kept, and when the one after it was. */
  retained: number
  followed: number
  /** How many memos may be kept before they are looked through. */
  room: number
  /** Something was offered since the shelf was last looked through. */
  isFresh: boolean
  /** Where the definition has a history: earlier outcomes, the oldest first, and what the present one has seen. */
  past: Memo[] | null
  seen: readonly unknown[] | null
  readonly offers: Memo[]
  /** Jobs of frozen branches that were on their way. */
  flights: readonly Work[]
}

/** A live query, as far as marking needs to know it. */
export interface Watcher {
  /** It is among those to be delivered. */
  queued: boolean
  /** Its branch, a snapshot, has just been written to: it watches the record there from now on. */
  move(): void
}

/** What the engine needs to know of the jobs of a cell. */
export interface Work {
  /** The branch it reads: the cell's own until a commit overtakes it, then a snapshot of the revision left. */
  branch: BranchLike
  /** Something it has read has changed since in the cell's own branch: MAYBE or DIRTY. */
  touched: Mark
  /** Something it has read was marked by a run of this very revision. */
  isLate: boolean
  /** The run whose edges count; 0 while it validates, when all do. */
  run: number
}

/** What counts values. */
export interface Counted {
  limit: number
  admit(cell: Cell): void
  forget(cell: Cell): void
}

/** What records need to know of their branch. */
export interface BranchLike {
  readonly revision: Revision
  readonly parent: object | null
  readonly family: { readonly reached: Watcher[]; cuts: number }
}

/** The records of one definition in one branch. */
export class Table {
  readonly definition: Definition
  readonly branch: BranchLike
  /** Of a query: its body, and whether its results are compared by the default equality. */
  readonly body: AnyDerived['body'] | null
  readonly isStructural: boolean
  /** What happened to its queries, in all views. */
  readonly tally: Tally
  /** Of an input: its durability, from 0 to 3. */
  readonly level: number
  /** The record without arguments; those by one primitive; those by the encoding of anything else. */
  only: Node | null = null
  readonly byPrimitive: NodeMap<Node> = new NodeMap()
  readonly byText: Map<string, Node> = new Map()
  /** The last change of the set of keys, and of any value. */
  keysStamp: Stamp = ABSENT
  entriesStamp: Stamp = ABSENT
  /** Hidden slots that show those stamps, made when a query first reads keys or entries. */
  keys: Slot | null = null
  entries: Slot | null = null
  /** A run of this definition has returned a promise. */
  sawPromise = false
  /** Some arguments hold dates or bytes, which cannot be frozen: whoever gets arguments gets a copy. */
  copiesArgs = false
  /** So many cells that nobody observes are worth a notice, where there is no limit. */
  noticeAt = 100_000
  /** Where the number of its values is limited. */
  bound: Counted | null = null
  /** How keys that are no primitives appear in `entries`: one object for each, for ever. */
  readonly entryKeys: Map<Slot, unknown> = new Map()
  /** Those of them that hold dates or bytes: see `entry-key`. */
  looseKeys: object | null = null

  constructor(definition: Definition, branch: BranchLike, tally: Tally = new Tally(), body: AnyDerived['body'] | null = definition.kind === 'derived' ? definition.body : null) {
    this.definition = definition
    this.branch = branch
    this.body = body
    this.isStructural = definition.options.equals === undefined
    this.tally = tally
    this.level = definition.kind === 'input' ? levelOf(definition.options) : 0
  }
}

/** All records of a table. */
export function* nodesOf({ only, byPrimitive, byText }: Table): Generator<Node> {
  if (only !== null) yield only
  yield* byPrimitive.values()
  yield* byText.values()
}

/** Arguments as records keep them: none, one primitive as it is, or a frozen copy of all. */
export type StoredArgs = unknown

/** One input record. An absent one keeps the stamp `ABSENT`. */
export class Slot {
  declare readonly mark: 0
  declare readonly flags: 0
  /** Identifies the record in frozen roots. */
  readonly id: number
  readonly table: Table
  readonly args: StoredArgs
  /** The record of the head it stands for; itself in the head. */
  readonly origin: Slot
  value: unknown
  stamp: Stamp
  changedAt: Revision = 0
  dependents: Edge | null = null
  lastDependent: Edge | null = null
  /** The newest run that read it, to record each dependency once. */
  seenBy = 0
  /** Tells the subscribers of its node; made when somebody asks for the node. */
  outlet: ((slot: Slot) => void) | null = null

  constructor(id: number, table: Table, args: StoredArgs, origin: Slot | null) {
    this.id = id
    this.table = table
    this.args = args
    this.origin = origin ?? this
    const options = (table.definition as AnyInput).options
    const initial = 'initial' in options
    this.value = initial ? options.initial : undefined
    this.stamp = initial ? INITIAL : ABSENT
  }
}
// A slot is never marked, and always plain; on the prototype, so that walks can ask any record without a field in a million slots.
Object.defineProperty(Slot.prototype, 'mark', { value: CLEAN })
Object.defineProperty(Slot.prototype, 'flags', { value: 0 })

/** One derived record. */
export class Cell {
  readonly table: Table
  readonly args: StoredArgs
  readonly origin: Cell
  mark: Mark = DIRTY
  flags: number
  /** The outcome: a value, or a `Failure`. */
  value: unknown = undefined
  /** Changes with the outcome; ABSENT until the first. */
  stamp: Stamp = ABSENT
  changedAt: Revision = 0
  /** The last revision at which the outcome was proved; never falls. Below 0: never; what was loaded says when (`markLoaded`). */
  verifiedAt: Revision = -1
  /** What `verifiedAt` was when the last run began; -1: that run was the first. Whatever changed later is why it ran. Or NOT_RUN, NOT_OWN. */
  provedBefore: Revision = -1
  deps: Edge | null = null
  dependents: Edge | null = null
  lastDependent: Edge | null = null
  seenBy = 0
  /** The promise handed out for the outcome, made when first asked for. */
  promise: Promise<unknown> | null = null
  watcher: Watcher | null = null
  /** What most cells never have. */
  extra: Extra | null = null

  constructor(table: Table, args: StoredArgs, origin: Cell | null) {
    this.table = table
    this.args = args
    this.origin = origin ?? this
    this.flags = table.branch.parent === null ? 0 : APART
  }

  get job(): Work | null {
    return this.extra === null ? null : this.extra.job
  }

  set job(job: Work | null) {
    if (job === null && this.extra === null) return
    const extra = (this.extra ??= new Extra())
    extra.job = job
    this.engage(extra)
  }

  get owner(): Work | null {
    return this.extra === null ? null : this.extra.owner
  }

  set owner(owner: Work | null) {
    if (owner === null && this.extra === null) return
    const extra = (this.extra ??= new Extra())
    extra.owner = owner
    this.engage(extra)
  }

  get memo(): Memo | null {
    return this.extra === null ? null : this.extra.memo
  }

  set memo(memo: Memo | null) {
    if (memo !== null || this.extra !== null) (this.extra ??= new Extra()).memo = memo
  }

  /** What the run has emitted that gave the outcome. */
  get emitted(): Emitted | null {
    return this.extra === null ? null : this.extra.emitted
  }

  set emitted(emitted: Emitted | null) {
    if (emitted !== null || this.extra !== null) (this.extra ??= new Extra()).emitted = emitted
  }

  get shelf(): Shelf | null {
    return this.extra === null ? null : this.extra.shelf
  }

  set shelf(shelf: Shelf | null) {
    if (shelf === null && this.extra === null) return
    const extra = (this.extra ??= new Extra())
    extra.shelf = shelf
    this.engage(extra)
  }

  get trying(): Trying | null {
    return this.extra === null ? null : this.extra.trying
  }

  set trying(trying: Trying | null) {
    if (trying === null && this.extra === null) return
    const extra = (this.extra ??= new Extra())
    extra.trying = trying
    this.engage(extra)
  }

  /** Jobs, shelves and memos to try want the long way. */
  private engage({ job, owner, shelf, trying }: Extra): void {
    if (job !== null || owner !== null || shelf !== null || trying !== null) this.flags |= ENGAGED
    else this.flags &= ~ENGAGED
  }
}

/** The memos still to be tried at a revision, and what stood in the cell before the first of them was. */
interface Trying {
  readonly revision: Revision
  readonly memos: readonly Memo[]
  /** How many of them were tried. */
  tried: number
  readonly replaced: Outcome
}

/** What only cells have that are asynchronous, that emit, or that snapshots know. */
class Extra {
  /** The newest job on its way. */
  job: Work | null = null
  /** The job whose edges stand in `deps`: the newest, or an older one that it follows. */
  owner: Work | null = null
  /** The outcome as a memo, once somebody needed it so. */
  memo: Memo | null = null
  /** Memos of other times and branches that may hold somewhere. */
  shelf: Shelf | null = null
  trying: Trying | null = null
  emitted: Emitted | null = null
}

export type Node = Slot | Cell

/** "`reader` read `dep` and saw `stamp`". One record between two records, reused from run to run. */
export class Edge {
  readonly dep: Node
  readonly reader: Cell
  /** PENDING while the answer is on its way. */
  stamp: Stamp = PENDING
  /** The run that last read through it. */
  run: number
  nextDep: Edge | null = null
  nextDependent: Edge | null = null
  previousDependent: Edge | null = null

  constructor(dep: Node, reader: Cell, run: number) {
    this.dep = dep
    this.reader = reader
    this.run = run
  }
}

/** No record ever shows it. */
export const PENDING: Stamp = -1
/** Read on a cycle that had an answer before the record itself has settled. */
export const IN_RING: Stamp = -2
/** Read on a cycle that is answered in rounds: another dependency says whether what was read holds. */
export const BY_ANSWER: Stamp = -3

export const isCell = (node: Node): node is Cell => node instanceof Cell

/** An input that never changes and has its value; keys and entries do change. */
export function isSettled(node: Node): boolean {
  const { level, keys, entries } = node.table
  return level === NEVER && node.stamp >= FIRST_STAMP && node !== keys && node !== entries
}

/** Whether the cell's outcome holds at the present revision of its branch, without looking further. */
export function isFresh(cell: Cell): boolean {
  return cell.mark === CLEAN || (cell.mark === TRANSIENT && cell.verifiedAt === cell.table.branch.revision)
}

/** The arguments as the caller gave them. */
export function argsOf(node: Node): readonly unknown[] {
  const stored = node.args
  if (stored === undefined) return []
  if (!Array.isArray(stored)) return [stored]
  return node.origin.table.copiesArgs ? copyArgs(stored) : stored
}

/** `name(args)`, the way every message names a record. */
export function idOf(node: Node): string {
  return describeNode(node.table.definition.name, argsOf(node))
}

export function bodyOf(cell: Cell): AnyDerived {
  return cell.table.definition as AnyDerived
}

/** What the cell shows where it is on a cycle, if its definition says so. */
export function fallbackOf(cell: Cell): { readonly fallback: unknown } | null {
  const { cycle } = bodyOf(cell).options
  return cycle !== undefined && 'fallback' in cycle ? cycle : null
}

/** Whether the cell stands for a key of a source. */
export function isSource(cell: Cell): boolean {
  return cell.table.definition.kind === 'source'
}

/** Whether the cell stands for an effect, whose body may write and subscribe. */
export function isEffect(cell: Cell): boolean {
  return bodyOf(cell).isEffect === true
}

/** Whether the record says that the answer of a cycle holds: to nobody else it is a query. */
export function isAnswer(node: Node): boolean {
  return isCell(node) && bodyOf(node).isAnswer === true
}

// The transitions of a slot and a cell. Nothing else assigns their values, stamps and marks.

export function assignSlot(slot: Slot, value: unknown, stamp: Stamp, revision: Revision): void {
  slot.value = value
  slot.stamp = stamp
  slot.changedAt = revision
}

export function markCell(cell: Cell, mark: Mark): void {
  cell.mark = mark
}

/** A run begins: until it settles, the edges belong to it and no longer to the outcome. */
export function beginRun(cell: Cell): void {
  cell.mark = DIRTY
  cell.provedBefore = cell.verifiedAt
  cell.flags = (cell.flags & ~SOFT) | RUNNING | BROKEN
  cell.memo = null
  cell.emitted = null
}

/** The edges of a cell are gone. */
export function markBroken(cell: Cell): void {
  cell.mark = DIRTY
  cell.flags |= BROKEN
  cell.memo = null
}

/** A run or a memo has given the cell an outcome. */
export function placeOutcome(cell: Cell, value: unknown, flags: number, stamp: Stamp, changedAt: Revision): void {
  cell.value = value
  cell.flags = (cell.flags & ~(RESULT | BROKEN | UNPROVED)) | flags
  if (stamp !== cell.stamp) cell.stamp = stamp
  cell.changedAt = changedAt
  cell.promise = null
  cell.memo = null
}

/** What belongs to the outcome that was just placed. */
export function placeEmitted(cell: Cell, emitted: Emitted | null): void {
  cell.emitted = emitted
}

/** The value goes, and all that holds it. */
export function dropValue(cell: Cell): void {
  cell.value = undefined
  cell.promise = null
  cell.memo = null
  cell.flags |= EVICTED
}

/** The outcome is less durable here than where it was computed. */
export function lowerLevel(cell: Cell, level: number): void {
  if (level === levelIn(cell.flags)) return
  cell.flags = withLevel(cell.flags, level)
  cell.memo = null
}

/** An outcome of another state stands in the cell, and is to be looked at. */
export function markUnproved(cell: Cell): void {
  cell.mark = MAYBE
  cell.flags |= UNPROVED
}

/** `provedBefore` of a cell that has not run, and of one whose outcome is not that of its last run here. */
const NOT_RUN = -2
const NOT_OWN = -3

/** An outcome that another run or another view had made stands in the cell, and is to be looked at. */
export function markAdopted(cell: Cell): void {
  markUnproved(cell)
  cell.provedBefore = NOT_OWN
}

/** An outcome that was loaded stands in the cell. It was never proved, and `verifiedAt` tells at which revision it came. */
export function markLoaded(cell: Cell, mark: Mark, revision: Revision): void {
  cell.mark = mark
  cell.verifiedAt = NOT_OWN - 1 - revision
  cell.provedBefore = NOT_RUN
}

/** How a query last ran. `before`: what it held then, and `since`: the revision at which that was last proved, or loaded; -1: not known. */
export interface LastRun {
  readonly before: 'nothing' | 'proved' | 'loaded' | 'unknown'
  readonly since: Revision
}

/** What is known of the runs of an outcome that does not stand in a cell. */
export const unknownRun: LastRun = { before: 'unknown', since: -1 }

/** How a cell last ran; null: what it holds was loaded, and it never did. */
export function lastRunOf({ provedBefore: since }: Pick<Cell, 'provedBefore'>): LastRun | null {
  if (since >= 0) return { before: 'proved', since }
  if (since < NOT_OWN) return { before: 'loaded', since: NOT_OWN - 1 - since }
  if (since === NOT_RUN) return null
  return since === NOT_OWN ? unknownRun : { before: 'nothing', since: -1 }
}

/** Says whether anything the cell read is volatile, where that may have changed without a run of its own. */
export function markTainted(cell: Cell): void {
  let tainted = 0
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) if (isCell(edge.dep) && (edge.dep.flags & (VOLATILE | TAINTED)) !== 0) tainted = TAINTED
  cell.flags = (cell.flags & ~TAINTED) | tainted
}

/** Whether a failure counts for its revision only. Those of cycles always do: being on one is no function of what was read. */
export function isPassing(cell: Cell, value: unknown): boolean {
  const { error, isOfCycle } = value as Failure
  return bodyOf(cell).options.errors !== 'dependencies' || isOfCycle || error instanceof EqualityError
}

/** A run of a plain cell begins. */
export function beginPlain(cell: Cell): void {
  cell.mark = DIRTY
  cell.provedBefore = cell.verifiedAt
  cell.flags = RUNNING | BROKEN
  if (cell.extra !== null) {
    cell.extra.memo = null
    cell.extra.emitted = null
  }
}

/** A plain run has given a plain value. */
export function placePlain(cell: Cell, value: unknown, stamp: Stamp, changedAt: Revision): void {
  cell.value = value
  cell.stamp = stamp
  cell.changedAt = changedAt
  cell.promise = null
}

/** What stands in a plain cell holds at the revision. */
export function keepPlain(cell: Cell, revision: Revision): void {
  cell.mark = CLEAN
  cell.flags &= ENGAGED
  cell.verifiedAt = revision
}

/** A plain value that came through a promise holds at the revision. */
export function keepAsync(cell: Cell, revision: Revision): void {
  cell.mark = CLEAN
  cell.flags = (cell.flags & ENGAGED) | ASYNC
  cell.verifiedAt = revision
}

/** The outcome holds at the revision. */
export function markVerified(cell: Cell, revision: Revision): void {
  const passing = (cell.flags & (VOLATILE | TAINTED)) !== 0
  cell.mark = passing || ((cell.flags & FAILED) !== 0 && isPassing(cell, cell.value)) ? TRANSIENT : CLEAN
  cell.flags &= ~(SOFT | UNPROVED)
  if (revision > cell.verifiedAt) cell.verifiedAt = revision
}
