/** The way back: what was loaded becomes the state of a database, in one step. What is believed of it is told, as everywhere, by stamps. */
import type { Branch, Change } from './branch.js'
import { announceValues } from './announce.js'
import { checkDurable, checkSize, checkWritable, isIdle as isIdleChange, isNewKey, leaveState, reachPassing, removal } from './commit.js'
import type { Database } from './database.js'
import type { AnyInput, AnyInterned, Definition } from './define.js'
import { deepFreeze } from './equality.js'
import { ClosedError } from './errors.js'
import { insertEdge, propagate } from './graph.js'
import { adopt, entriesOf, mayAdopt } from './intern.js'
import { isEqual } from './judge.js'
import { admit, sweepAll } from './memory.js'
import { ASYNC, BOUNDED, BROKEN, type Cell, CHECKING, CLEAN, DIRTY, type Edge, EVICTED, FAILED, isCell, markLoaded, MAYBE, type Node, placeOutcome, RUNNING, type Slot } from './node.js'
import { checkDefinition, checkName, hiddenSlot, invalidationOf, originOf, recordAgain, restingStamp, tableOf } from './records.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'
import { type Ref, viewBranch } from './saved-state.js'
import { makeMemo, offer } from './share.js'
import { type Effects, noteLevels, store } from './store.js'

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
  private changes = new Map<Slot, Change>()
  private readonly replaced = new Set<AnyInput>()
  private arrivals: Arrival[] = []
  private readonly expected = new Map<string, Definition | AnyInterned>()
  private readonly interned: { readonly definition: AnyInterned; readonly id: number; readonly value: unknown }[] = []

  /** How many times records had been let go when this began. */
  private readonly collections: number

  constructor(database: Database) {
    this.head = viewBranch(database)
    this.collections = this.head.family.collections
  }

  /** An object that stands for the database. */
  get family(): object {
    return this.head.family
  }

  /** Somebody follows the commits, and would not know what is loaded. */
  get isFollowed(): boolean {
    return this.head.family.journal !== null
  }

  /** The definition of a name, if the database has met it, or is to. */
  definition(name: string): Definition | AnyInterned | undefined {
    const known = this.expected.get(name) ?? this.head.family.names.get(name)
    return name === '' || known?.kind === 'accumulator' ? undefined : known
  }

  /** Definitions that are to be known from `register` on. @throws DuplicateDefinitionError, InvalidDefinitionError */
  expect(definitions: readonly (Definition | AnyInterned)[]): void {
    for (const definition of definitions) {
      if (definition?.kind !== 'interned') checkDefinition(definition)
      checkName(this.head.family.names, definition)
      checkName(this.expected, definition)
      this.expected.set(definition.name, definition)
    }
  }

  /** Makes them known. @throws DuplicateDefinitionError where another one has come by the name meanwhile: then none is */
  register(): void {
    for (const definition of this.expected.values()) checkName(this.head.family.names, definition)
    for (const definition of this.expected.values()) {
      if (definition.kind === 'interned') entriesOf(this.head.family, definition)
      else tableOf(this.head, definition)
    }
  }

  /** Lets an id stand for a value again. false: here the value has another one, or the id another value. @throws InvalidKeyError */
  intern(definition: AnyInterned, id: number, value: unknown): boolean {
    if (!mayAdopt(this.head.family, definition, id, value)) return false
    this.interned.push({ definition, id, value })
    return true
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
    if (this.head.family.collections !== this.collections) this.findAgain()
    for (const definition of this.replaced) {
      for (const slot of this.storedNow(definition)) if (!this.changes.has(slot)) this.changes.set(slot, removal(slot))
    }
    return commitLoaded(this.head, this.changes.values(), above, (revision) => {
      for (const { definition, id, value } of this.interned) adopt(this.head.family, definition, id, value)
      this.settle(revision)
    })
  }

  /** Records may have been let go while this was gathered: others stand for their keys. */
  private findAgain(): void {
    const again = <N extends Node>(node: N): N => recordAgain(this.head, node) as N
    this.changes = new Map(Array.from(this.changes.values(), (change) => [again(change.slot), { ...change, slot: again(change.slot) }]))
    this.arrivals = this.arrivals.map((arrival) => ({ ...arrival, cell: again(arrival.cell), deps: arrival.deps.map(again) }))
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
        if ((cell.flags & BOUNDED) !== 0) admit(family, cell)
        empty.add(cell)
        stamps.set(cell, cell.stamp)
      } else if (isIdle(cell)) stamps.set(cell, (cell.flags & (FAILED | EVICTED)) === 0 && isEqual(cell, cell.value, value) ? cell.stamp : family.stamps++)
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
        markLoaded(cell, isStale ? DIRTY : MAYBE, revision)
      } else if (cell.mark !== CLEAN && stamps.has(cell) && !isStale) {
        const memo = { value: arrival.value, flags: arrival.isAsync ? ASYNC : 0, stamp: stamps.get(cell) as Stamp, changedAt: revision }
        offer(this.head, cell, makeMemo(memo, deps, seen, revision))
      }
    }
  }
}

/**
 * Commits what was loaded: one revision, above the present one and `above`. `settle` puts memos into cells while nobody can look.
 * Throws before anything has changed, or not at all.
 */
function commitLoaded(branch: Branch, changes: Iterable<Change>, above: Revision, settle: (revision: Revision) => void): Revision {
  const { family, hub } = branch
  if (family.closed) throw new ClosedError()
  checkWritable(branch, 'load')
  const effective: Change[] = []
  for (const change of changes) if (isNewKey(branch, change) || !isIdleChange(branch, change)) effective.push(change)
  if (family.isDurable) for (const { slot } of effective) checkDurable(branch, slot, 'Load into a database in which it is not set')
  const bytes = checkSize(branch, effective)
  if (family.settings.freeze) for (const { value } of effective) if (typeof value === 'object' && value !== null) deepFreeze(value, family.frozen)
  if (branch.jobs !== null) leaveState(branch)
  branch.bytes = bytes
  branch.fixpoints = null
  branch.revision = Math.max(branch.revision, above) + 1
  const { revision } = branch
  const effects: Effects = { hidden: null, keyed: null, taken: null }
  const slots: Slot[] = []
  for (const { slot, value, removed } of effective) slots.push(store(branch, slot, value, removed, revision, effects))
  if (family.isDurable) noteLevels(branch, slots, revision)
  for (const slot of slots) propagate(slot, DIRTY, false)
  if (effects.hidden !== null) for (const slot of effects.hidden) propagate(slot, DIRTY, false)
  settle(revision)
  if (branch.passing.size > 0) reachPassing(branch)
  if (hub.wants('revision')) hub.emit(revision, { type: 'revisionSet' })
  announceValues(branch, slots)
  if (family.bounds.length > 0) sweepAll(family)
  family.host.idle()
  return revision
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
