/**
 * The one door for debug tools. Everything is read where it stands: looking makes no record, runs nothing, proves nothing, and
 * changes no mark, stamp, counter or order.
 *
 *   lookInto(branch) ── records() / find() ──> LookedRecord ── deps ──> handles of other records
 *                    ── jobs()             ──> who is at work, and who waits for whom
 *
 * A branch that is written to shows its own records. A frozen one has none: what it shows of a cell is the memo it has used; or else
 * one that holds by the stamps it saw; or else what stood in the cell when the snapshot was taken, as something still to be checked.
 */
import { type DebugJob, jobsOf } from './at-work.js'
import { type Branch, Job } from './branch.js'
import type { AnyInput, Definition } from './define.js'
import { isFeed } from './feed.js'
import { encodeArgs, isPrimitive } from './key.js'
import {
  argsOf, ASYNC, BROKEN, BY_ANSWER, Cell, CLEAN, DIRTY, EVICTED, FAILED, type Failure, idOf, isAnswer, isCell, isFresh, type LastRun, lastRunOf, type Memo, type Node, type Outcome, PENDING, RUNNING, Slot, TAINTED, TRANSIENT, VOLATILE, isSource, unknownRun,
} from './node.js'
import { invalidationOf, recordIn, stampIn } from './records.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'
import { edgesOf } from './share.js'

/**
 * `input` and `derived`: records of definitions. `keys`, `entries`: what a query that reads the keys or all entries of an input depends on.
 * `invalidation`: what `invalidate` changes. `live`: the function of a live query.
 */
export type DebugKind = 'input' | 'derived' | 'source' | 'feed' | 'keys' | 'entries' | 'invalidation' | 'live'

/**
 * `ready`, `failed`: it holds. `dirty`: something it read has changed. `maybe`: something below has, or it counts for one revision only and
 * that has passed. `running`: it is being computed or checked. `new`: it never had an outcome. `absent`: an input that holds nothing.
 */
export type DebugState = 'ready' | 'failed' | 'dirty' | 'maybe' | 'running' | 'new' | 'absent'

/** One read: the record, and the stamp it showed; null while the answer is on its way. */
export interface DebugRead {
  readonly handle: object
  readonly seen: Stamp | null
}

/** One record of a view, as it was when somebody looked. */
export interface DebugRecord {
  /** The same object for the same record, in all views of a database. */
  readonly handle: object
  readonly kind: DebugKind
  readonly definition: string
  readonly source: Definition
  readonly args: readonly unknown[]
  /** `name(args)`, cut where it is long. */
  readonly id: string
  readonly state: DebugState
  readonly stamp: Stamp
  /** The revision at which it last changed: for a query, that of the newest change among what it read. */
  readonly changedAt: Revision
  /** The revision at which a query was last proved; -1: never. */
  readonly verifiedAt: Revision
  /** How a query last ran in this view; null: never. */
  readonly lastRun: LastRun | null
  readonly isAsync: boolean
  readonly isVolatile: boolean
  readonly isWatched: boolean
  /** null: there is none, or its value was given up to save memory. */
  readonly outcome: { readonly value: unknown } | { readonly error: unknown } | null
  /** What a query read, in the order first read. */
  readonly deps: readonly DebugRead[]
}

export class Looker {
  readonly branch: Branch
  private readonly proved = new Map<Cell, Proved | null>()
  private readonly seen = new Map<Node, DebugRecord | null>()

  constructor(branch: Branch) {
    this.branch = branch
  }

  get revision(): Revision {
    return this.branch.revision
  }

  /** All records, in the order in which their definitions, then they, were first used. */
  records(): DebugRecord[] {
    const { head } = this.branch.family
    const found: DebugRecord[] = []
    const wanted = new Set<Slot>()
    const slots: Slot[] = []
    for (const table of head.tables.values()) {
      for (const node of [table.only, ...table.byPrimitive.values(), ...table.byText.values(), table.keys, table.entries]) {
        if (node === null) continue
        if (isCell(node)) this.add(found, wanted, node)
        else slots.push(node)
      }
    }
    for (const cell of this.branch.lives.keys()) if (kindOf(cell) === 'live') this.add(found, wanted, cell)
    for (const slot of slots) if (wanted.has(slot) || (kindOf(slot) === 'input' && this.stampOf(slot) !== ABSENT)) found.push(this.slot(slot))
    return found
  }

  private add(found: DebugRecord[], wanted: Set<Slot>, cell: Cell): void {
    const record = this.cell(cell)
    if (record === null) return
    found.push(record)
    for (const { handle } of record.deps) if (!isCell(handle as Node)) wanted.add(handle as Slot)
  }

  /** The record of a definition and arguments; null where there is none. @throws InvalidKeyError */
  find(definition: Definition, args: readonly unknown[]): DebugRecord | null {
    const table = this.branch.family.head.tables.get(definition)
    if (table === undefined) return null
    let last = args.length
    while (last > 0 && args[last - 1] === undefined) last--
    const only = args[0]
    const found = last === 0 ? table.only : last === 1 && isPrimitive(only) ? table.byPrimitive.get(only) : table.byText.get(encodeArgs(definition.name, args.slice(0, last)))
    return found == null ? null : this.record(found)
  }

  /** The same by the definition's name, as events have it. */
  findNamed(definition: string, args: readonly unknown[]): DebugRecord | null {
    const known = this.branch.family.names.get(definition)
    return known === undefined || known.kind === 'interned' || known.kind === 'accumulator' ? null : this.find(known, args)
  }

  /** A record by its handle; null for what is none. */
  get(handle: object): DebugRecord | null {
    return handle instanceof Cell || handle instanceof Slot ? this.record(handle) : null
  }

  /** What `invalidate` has changed for a query, whether that has run since or not; null: it was never invalidated. */
  invalidation(handle: object): DebugRecord | null {
    const slot = isCell(handle as Node) ? invalidationOf(handle as Cell) : null
    return slot === null ? null : this.record(slot)
  }

  private record(node: Node): DebugRecord | null {
    const known = this.seen.get(node)
    if (known !== undefined) return known
    const record = isCell(node) ? this.cell(node) : this.slot(node)
    this.seen.set(node, record)
    return record
  }

  // ── Inputs ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private stampOf(slot: Slot): Stamp {
    const { branch } = this
    if (branch.frozen) return stampIn(branch, slot)
    return branch.records === null ? slot.stamp : (branch.records.get(slot)?.stamp ?? stampIn(branch, slot))
  }

  private slot(origin: Slot): DebugRecord {
    const { branch } = this
    const stamp = this.stampOf(origin)
    const own = branch.frozen ? undefined : branch.records === null ? origin : (branch.records.get(origin) as Slot | undefined)
    const shown = own ?? recordIn(branch, origin)
    const isHidden = kindOf(origin) !== 'input'
    const value = shown === undefined ? (origin.table.definition as AnyInput).options.initial : shown.value
    return {
      ...nameOf(origin), stamp, changedAt: shown?.changedAt ?? 0, verifiedAt: -1, lastRun: null, isAsync: false, isVolatile: false, isWatched: own?.outlet != null,
      state: stamp === ABSENT && !isHidden ? 'absent' : 'ready', outcome: stamp === ABSENT || isHidden ? null : { value }, deps: [],
    }
  }

  // ── Queries ────────────────────────────────────────────────────────────────────────────────────────────────────

  private cell(origin: Cell): DebugRecord | null {
    const { branch } = this
    const local = branch.frozen ? null : branch.records === null ? origin : (branch.records.get(origin) as Cell | undefined) ?? null
    if (local !== null && (branch.records === null || local.stamp !== ABSENT || local.job !== null)) return this.live(origin, local)
    const job = branch.memos.get(origin)
    if (job instanceof Job) return { ...this.outcome(origin, noOutcome, -1), state: 'running', deps: readsOf(job) }
    const proved = this.prove(origin)
    if (proved === null) return null
    const { memo, holds } = proved
    const deps = memo.deps.map((dep, i) => ({ handle: dep, seen: memo.stamps[i] ?? null })).filter(({ handle }) => !isAnswer(handle))
    return { ...this.outcome(origin, memo, memo.verifiedAt), state: !holds ? 'maybe' : isFailed(memo) ? 'failed' : 'ready', deps }
  }

  private live(origin: Cell, cell: Cell): DebugRecord {
    const deps: DebugRead[] = []
    // While a run is on its way, what is left over from the run before is no dependency yet.
    const run = cell.owner === null ? 0 : cell.owner.run
    for (let edge = cell.deps; edge !== null; edge = edge.nextDep) {
      if ((run === 0 || edge.run === run) && !isAnswer(edge.dep)) deps.push({ handle: edge.dep.origin, seen: edge.stamp === PENDING ? null : edge.stamp })
    }
    const state = (cell.flags & RUNNING) !== 0 || cell.job !== null ? 'running' : isFresh(cell) ? (isFailed(cell) ? 'failed' : 'ready') : cell.stamp === ABSENT ? 'new' : cell.mark === DIRTY ? 'dirty' : 'maybe'
    return { ...this.outcome(origin, cell, cell.verifiedAt), state, lastRun: lastRunOf(cell), isWatched: cell.watcher !== null, deps }
  }

  private outcome(origin: Cell, { value, flags, stamp, changedAt }: Outcome, verifiedAt: Revision): Omit<DebugRecord, 'state' | 'deps'> {
    return {
      ...nameOf(origin), stamp, changedAt: Math.min(changedAt, this.branch.revision), verifiedAt: Math.max(verifiedAt, -1), lastRun: unknownRun,
      isAsync: (flags & ASYNC) !== 0, isVolatile: (flags & (VOLATILE | TAINTED)) !== 0, isWatched: this.branch.lives.has(origin),
      outcome: stamp === ABSENT || (flags & EVICTED) !== 0 ? null : (flags & FAILED) === 0 ? { value } : { error: (value as Failure).error },
    }
  }

  // ── Snapshots ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** What a snapshot shows of a cell, found with a stack of its own: what it read is looked at first. */
  private prove(origin: Cell): Proved | null {
    const { proved } = this
    const stack = [origin]
    const open = new Set<Cell>()
    for (let cell = stack.at(-1); cell !== undefined; cell = stack.at(-1)) {
      const below = proved.has(cell) || open.has(cell) ? [] : this.candidates(cell).flatMap(({ memo }) => memo.deps.filter(isCell)).filter((dep) => !proved.has(dep) && !open.has(dep))
      open.add(cell)
      stack.push(...below)
      if (below.length > 0) continue
      stack.pop()
      if (!proved.has(cell)) proved.set(cell, this.choose(cell))
    }
    return proved.get(origin) ?? null
  }

  private choose(cell: Cell): Proved | null {
    const candidates = this.candidates(cell)
    for (const { memo, isKnown } of candidates) if (isKnown || this.holds(memo)) return { memo, holds: true }
    const stood = candidates.find(({ hasStood }) => hasStood)
    return stood === undefined ? null : { memo: stood.memo, holds: false }
  }

  private holds({ deps, stamps, flags }: Memo): boolean {
    if ((flags & (VOLATILE | TAINTED | FAILED)) !== 0) return false
    return deps.every((dep, i) => {
      const below = isCell(dep) ? this.proved.get(dep) : null
      return stamps[i] === BY_ANSWER || (isCell(dep) ? below?.holds === true && below.memo.stamp : this.stampOf(dep)) === stamps[i]
    })
  }

  /** `isKnown`: the snapshot has used it. `hasStood`: it stood in the cell when the snapshot was taken. */
  private candidates(origin: Cell): { readonly memo: Memo; readonly isKnown: boolean; readonly hasStood: boolean }[] {
    const { branch } = this
    const known = branch.memos.get(origin)
    if (known != null && !(known instanceof Job) && branch.frozen) return [{ memo: known, isKnown: true, hasStood: true }]
    const { parent, base } = branch
    const cell = parent === null || parent.records === null ? origin : (parent.records.get(origin) as Cell | undefined)
    const serial = parent?.forks.get(branch.token)?.serial ?? 0
    const found = known == null || known instanceof Job ? [] : [{ memo: known, isKnown: false, hasStood: true }]
    for (const { memo, from, to } of cell?.shelf?.kept ?? []) if (serial > from && serial <= to) found.push({ memo, isKnown: false, hasStood: true })
    if (cell !== undefined && cell.stamp !== ABSENT && (cell.flags & BROKEN) === 0) {
      const { deps, stamps } = edgesOf(cell)
      const memo: Memo = { ...outcomeOf(cell), deps, stamps, verifiedAt: cell.verifiedAt, seen: null, promise: null, emitted: cell.emitted }
      const hasStood = cell.verifiedAt <= base
      found.push({ memo, isKnown: branch.frozen && hasStood && (cell.mark === CLEAN || (cell.mark === TRANSIENT && cell.verifiedAt === base)), hasStood })
    }
    for (const memo of cell?.shelf?.offers ?? []) found.push({ memo, isKnown: false, hasStood: false })
    return found
  }

  /** Jobs of all views of the database, and the bodies on the stack. */
  jobs(): DebugJob[] {
    return jobsOf(this.branch.family)
  }
}

/** What a snapshot shows of a cell. `holds`: it is known to be valid there. */
interface Proved {
  readonly memo: Memo
  readonly holds: boolean
}

const noOutcome: Outcome = { value: undefined, flags: 0, stamp: ABSENT, changedAt: 0 }

const isFailed = ({ flags }: Outcome): boolean => (flags & FAILED) !== 0

function outcomeOf({ value, flags, stamp, changedAt }: Outcome): Outcome {
  return { value, flags, stamp, changedAt }
}

function kindOf(node: Node): DebugKind {
  const { table } = node
  if (isCell(node)) return isSource(node) ? 'source' : isNamed(node) ? 'derived' : 'live'
  if (node === table.keys) return 'keys'
  if (node === table.entries) return 'entries'
  if (isFeed(node)) return 'feed'
  return table.definition.name === '' ? 'invalidation' : 'input'
}

/** It can be asked for by its definition. */
function isNamed({ origin }: Cell): boolean {
  const { tables } = (origin.table.branch as Branch).family.head
  return tables.get(origin.table.definition) === origin.table
}

function nameOf(node: Node): Pick<DebugRecord, 'handle' | 'kind' | 'definition' | 'source' | 'args' | 'id'> {
  const kind = kindOf(node)
  const { definition: source } = node.table
  const { name } = source
  if (kind === 'input' || kind === 'derived' || kind === 'source' || kind === 'live') return { handle: node, kind, definition: name, source, args: argsOf(node), id: idOf(node) }
  const id = kind === 'invalidation' ? `invalidation of ${String(node.args)}` : `${kind} of ${name}`
  return { handle: node, kind, definition: name, source, args: [], id }
}

function readsOf({ reads, frame, cell, run }: Job): DebugRead[] {
  if (reads !== null) return Array.from(reads).filter(([dep]) => !isAnswer(dep)).map(([dep, stamp]) => ({ handle: dep.origin, seen: stamp === PENDING ? null : stamp }))
  const found: DebugRead[] = []
  if (frame === null) return found
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) if (edge.run === run && !isAnswer(edge.dep)) found.push({ handle: edge.dep.origin, seen: edge.stamp === PENDING ? null : edge.stamp })
  return found
}
