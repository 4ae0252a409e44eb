/**
 * Longer than 300 lines: every public method of a view stands here, with its documentation.
 *
 * The public face of a branch. What its methods share: nothing works after `close` or disposal, writing is refused from inside
 * a body, and the world is told when the outermost call ends.
 */
import type { Map as ImmutableMap } from 'immutable'
import type { ObservableInput, Subscription } from 'rxjs'
import { accumulatedOutside } from './accumulated.js'
import { Audience } from './audience.js'
import { type Batch, cellOf, checkCallback, checkInput, Collector, slotOf } from './batch.js'
import { bindInput } from './bind.js'
import { Branch, CLOSED, type Family, HEARD } from './branch.js'
import { anObjectWith, checkOptions, type Rule } from './check.js'
import { checkWritable, commitOne, commitPlain } from './commit.js'
import type { Accumulator, AnyAccumulator, Args, Computed, Definition, Derived, EntryKey, Input, Interned, InternedId, KeyOf, Query, Reader, Result, Then, TotalInput } from './define.js'
import { Outlet } from './delivery.js'
import { type Cleanup, type Effect, type EffectOptions, startEffect } from './effect.js'
import { Hub } from './hub.js'
import { demandOutside, readOnce, touchOutside, valueWithSignal } from './outside.js'
import type { Engine } from './engine.js'
import { showCell } from './engine.js'
import { BatchError, DisposedError, endedError, ForeignViewError, InvalidDefinitionError } from './errors.js'
import { checkCategories, defaultCategories, type EventCategory, type RuntimeEvent } from './events.js'
import { valueIn, valueOf } from './frame.js'
import { InputNode } from './input-node.js'
import { intern, lookup } from './intern.js'
import { cancelJob, ignore } from './job.js'
import type { QueryState } from './live-state.js'
import { streamOf, streamOfCell } from './live-stream.js'
import { type LiveOptions, makerOf } from './policies.js'
import { ABSENT, type Revision } from './revision.js'
import { argsOf, ASYNC, BOUNDED, type Cell, CLEAN, EVICTED, FAILED, idOf, isCell, isFresh, Slot, SPECIAL } from './node.js'
import { localOf, originOf, quickOrigin, recordIn, restingStamp, rootOf, tableRootOf } from './records.js'
import { forgetFork, forgetState } from './release.js'
import { entriesOf, keysOf, type TableRoot } from './root.js'
import { isThenable } from './run.js'
import { addFork, addTwin } from './share.js'
import type { Stream } from './stream.js'
import { hear } from './tell.js'
import { type Difference, differenceOf, type PromoteOptions, takeAll, takeChanges } from './transfer.js'

/** The arguments of a query. */
export type ArgsOf<Q> = [Q] extends [never] ? Args : Q extends Computed<infer A, unknown> ? A : never

/** Items of a channel; a promise of them where the query gives one. */
export type Gathered<T, Q> = Q extends Computed<Args, infer R> ? (R extends PromiseLike<unknown> ? Promise<readonly T[]> : readonly T[]) : never

/** Reads that a caller may leave. */
export interface LeavingReader {
  readonly get: Reader['get']
}

/** Live queries of one's own, with a policy. */
export type LiveReader = Pick<View, 'watch' | 'observe'>

/** Also one of another realm, or a stand-in. */
const aSignal: Rule = [anObjectWith('addEventListener', 'removeEventListener')[0], 'an AbortSignal']

/** Something you read and write: the database, or a snapshot of it. */
export class View implements Reader {
  /** @internal */
  protected readonly branch: Branch
  /** @internal */
  protected readonly engine: Engine
  /** The view a snapshot was taken of. */
  protected source: View | WeakRef<View> | null = null
  private collecting: Collector | null = null

  /** @internal */
  constructor(branch: Branch, engine: Engine) {
    this.branch = branch
    this.engine = engine
  }

  /** How many commits have changed the inputs of this view. */
  get revision(): Revision {
    return this.branch.revision
  }

  /** The current revision, then every later one, once each and in order. */
  get revision$(): Stream<Revision> {
    const { branch } = this
    const audience = (branch.revisions ??= new Audience())
    return new Outlet(branch.hub, (subscriber) => {
      let told = branch.revision
      const leave = audience.add(subscriber, (revision) => {
        const isNews = revision > told
        told = revision
        return isNews
      })
      subscriber.next(told)
      return leave
    })
  }

  /** What happens to inputs and runs. Nothing is made while nobody listens. */
  get events$(): Stream<RuntimeEvent> {
    return this.events(...defaultCategories)
  }

  /** Events of the given categories only; this is how those come that `events$` leaves out. */
  events(...categories: readonly EventCategory[]): Stream<RuntimeEvent> {
    const { branch } = this
    checkCategories(categories)
    return branch.hub.stream(categories, (isHeard) => hear(branch, isHeard))
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────

  get<A extends Args, V>(definition: TotalInput<A, V>, ...args: NoInfer<A>): V
  get<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): V | undefined
  get<A extends Args, R>(definition: Computed<A, R>, ...args: NoInfer<A>): Result<R>
  get(given: unknown, first?: unknown): unknown {
    const { branch } = this
    const definition = given as Definition
    const { head } = branch.family
    const found = quickOrigin(head, definition, first, arguments.length - 1)
    if (branch === head && found !== null && found.mark === CLEAN && found.stamp !== ABSENT && (head.family.rare & (CLOSED | HEARD)) === 0) {
      if ((found.flags & SPECIAL) === 0) return found.value
      if ((found.flags & SPECIAL) === ASYNC && (found as Cell).promise !== null) return (found as Cell).promise
    }
    if (branch.disposed || branch.family.closed) this.refuse()
    const origin = found ?? originOf(head, definition, arguments, 1, arguments.length)
    if (!isCell(origin)) return branch.frozen ? valueIn(branch, origin) : valueOf(localOf(branch, origin) as Slot)
    if (!branch.frozen) {
      const cell = localOf(branch, origin) as Cell
      if (isFresh(cell) && (cell.flags & (EVICTED | BOUNDED | FAILED)) === 0 && !branch.hub.active) return showCell(cell)
    }
    return demandOutside(this.engine, branch, origin)
  }

  has<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): boolean {
    return currentPresence(this.branch, this.slot(definition, args))
  }

  keys<A extends Args, V>(definition: Input<A, V>): readonly KeyOf<A>[] {
    return keysOf(this.inputs(definition)) as readonly KeyOf<A>[]
  }

  entries<A extends Args, V>(definition: Input<A, V>): ImmutableMap<EntryKey<A>, V> {
    return entriesOf(this.inputs(definition)) as ImmutableMap<EntryKey<A>, V>
  }

  intern<T>(definition: Interned<T>, value: NoInfer<T>): InternedId<T> {
    if (this.branch.disposed || this.branch.family.closed) this.refuse()
    return intern(this.branch.family, definition, value) as InternedId<T>
  }

  lookup<T>(definition: Interned<T>, id: InternedId<NoInfer<T>>): T {
    if (this.branch.disposed || this.branch.family.closed) this.refuse()
    return lookup(this.branch.family, definition, id) as T
  }

  /**
   * Evaluates a function over one revision. It is not kept; the queries it reads are.
   * @throws what the function throws, as the same object
   */
  read<R>(body: (q: Query) => R): Result<R> {
    if (this.branch.disposed || this.branch.family.closed) this.refuse()
    return readOnce(this.engine, this.branch, body) as Result<R>
  }

  /**
   * All items that a query and the queries below it have emitted on a channel: those of dependencies before those of their dependents, in the order
   * read, a query's own in the order emitted, and those of each query once, however often it is read. A promise where the query is asynchronous.
   * The query is made valid first; what need not run again still counts. What has failed has no items, but what it had read has. Takes time in
   * proportion to the queries below and their reads.
   * @throws what the query throws, as the same object; `InvalidDefinitionError`
   */
  accumulated<T, Q extends Computed<Args, unknown>>(channel: Accumulator<T>, query: Q, ...args: ArgsOf<Q>): Gathered<T, Q>
  accumulated(channel: AnyAccumulator, query: unknown, ...args: readonly unknown[]): unknown {
    return accumulatedOutside(this.engine, this.branch, channel, this.cell(query, args))
  }

  /** Reads that end for this caller when the signal fires. The query goes on while somebody else waits for it. */
  with(options: { readonly signal: AbortSignal }): LeavingReader
  /** Live queries that treat commits which overtake an evaluation in another way. Each subscriber has a live query of its own; what it reads is shared. */
  with(options: LiveOptions & Required<Pick<LiveOptions, 'policy'>>): LiveReader
  with(options: LiveOptions & { readonly signal?: AbortSignal }): LeavingReader | LiveReader {
    checkOptions('with: ', options, { signal: aSignal })
    const { signal, policy } = options
    if (signal !== undefined && policy !== undefined) throw new InvalidDefinitionError('with: takes a signal, for gets, or a policy, for live queries, and not both.')
    return signal === undefined ? this.withPolicy(options) : this.withSignal(signal)
  }

  private withSignal(signal: AbortSignal): LeavingReader {
    const get = (definition: Definition, ...args: unknown[]): unknown => {
      if (this.branch.disposed || this.branch.family.closed) this.refuse()
      const origin = originOf(this.branch.family.head, definition, args, 0, args.length)
      if (!isCell(origin)) return this.get(definition as Input<Args, unknown>, ...args)
      return valueWithSignal(this.engine, this.branch, origin, signal)
    }
    return { get: get as Reader['get'] }
  }

  private withPolicy(options: LiveOptions): LiveReader {
    const make = makerOf(options)
    const stream = (shows: 'states' | 'values', definition: unknown, args: readonly unknown[]): Stream<unknown> => {
      const own = argsOf(this.cell(definition, args))
      const query = definition as Derived<Args, unknown>
      return streamOf(this.engine, this.branch, (q) => q.get(query, ...own), { make, equals: query.options.equals }, shows)
    }
    return {
      watch: ((definition: unknown, ...args: unknown[]) => stream('states', definition, args)) as View['watch'],
      observe: ((definition: unknown, ...args: unknown[]) => stream('values', definition, args)) as View['observe'],
    }
  }

  /** Makes a query valid and gives the revision at which its outcome last changed; a promise where the query is asynchronous. */
  touch<A extends Args, R>(query: Computed<A, R>, ...args: NoInfer<A>): R extends PromiseLike<unknown> ? Promise<Revision> : Revision {
    return touchOutside(this.engine, this.branch, this.cell(query, args)) as R extends PromiseLike<unknown> ? Promise<Revision> : Revision
  }

  /** Starts a query, so that it is there when it is needed. Nothing is recorded; a failure shows when the query is read. */
  prefetch<A extends Args, R>(query: Computed<A, R>, ...args: NoInfer<A>): void {
    const done: unknown = touchOutside(this.engine, this.branch, this.cell(query, args))
    if (done instanceof Promise) done.catch(ignore)
  }

  // ── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sets an input: its arguments, then the value. An equal value is no change. Returns the revision at which it holds. */
  set<A extends Args, V>(definition: Input<A, V>, ...argsAndValue: Then<A, V>): Revision
  set(definition: Definition, first?: unknown, second?: unknown, ..._rest: unknown[]): Revision {
    const { branch } = this
    const end = arguments.length - 1
    if (this.collecting === null && branch.family.isCalm && branch.parent === null) {
      const known = quickOrigin(branch, definition, first, end - 1)
      const slot = known ?? (definition?.kind === 'input' ? slotOf(branch, definition, arguments, end, 1) : null)
      // A definition that is used for the first time may be a durable one.
      if (slot instanceof Slot && (known !== null || branch.family.isCalm)) return commitPlain(branch, slot, end === 1 ? first : end === 2 ? second : arguments[end])
    }
    if (this.collecting !== null) return this.write('set', (tx) => tx.set(definition as Input<Args, unknown>, ...(Array.prototype.slice.call(arguments, 1) as [unknown])))
    if (branch.disposed || branch.family.closed) this.refuse()
    checkWritable(branch, 'set')
    return commitOne(branch, { slot: slotOf(branch, definition, arguments, end, 1), value: arguments[end], present: true, removed: false })
  }

  /** Removes an input; one that has an initial value shows it again. Removing what is not there is no change. */
  remove<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): Revision {
    return this.write('remove', (tx) => tx.remove(definition, ...args))
  }

  /**
   * Sets an input to what the function makes of its value. The function is called once.
   * @throws what the function throws, as the same object; `MissingInputError` for a required input that is absent
   */
  update<A extends Args, V>(definition: TotalInput<A, V>, ...argsAndChange: Then<A, (value: V) => V>): Revision
  update<A extends Args, V>(definition: Input<A, V>, ...argsAndChange: Then<A, (value: V | undefined) => V>): Revision
  update<A extends Args, V>(definition: Input<A, V>, ...argsAndChange: Then<A, (value: V | undefined) => V>): Revision {
    return this.write('update', (tx) => tx.update(definition, ...argsAndChange))
  }

  /** Makes the input hold exactly these entries, in one commit. Entries that are equal stay as they are. */
  replaceAll<A extends Args, V>(definition: Input<A, V>, entries: Iterable<readonly [KeyOf<A> | EntryKey<A>, V]>): Revision {
    return this.write('replaceAll', (tx) => tx.replaceAll(definition, entries))
  }

  /**
   * Makes several writes one revision. A throw discards them all; a batch inside a batch joins it.
   * @throws `BatchError` where the callback is no function, or returns a promise
   */
  batch(callback: (tx: Batch) => void): Revision {
    checkCallback(callback)
    return this.write('batch', callback)
  }

  /** @internal A batch, and the revision at which it holds: for one inside another, once that has been committed. Rejects with what discards it. */
  protected batchOutcome(callback: (tx: Batch) => void): Revision | Promise<Revision> {
    const revision = this.batch(callback)
    return this.collecting === null ? revision : this.collecting.outcome()
  }

  private write(what: string, callback: (tx: Batch) => void): Revision {
    const { branch } = this
    if (branch.disposed || branch.family.closed) this.refuse()
    checkWritable(branch, what)
    const { family } = branch
    const outer = this.collecting
    const collector = new Collector(branch, outer)
    this.collecting = collector
    family.collecting++
    try {
      const result: unknown = callback(collector as unknown as Batch)
      if (isThenable(result)) {
        Promise.resolve(result).catch(ignore)
        throw new BatchError('A batch is synchronous, and its callback returned a promise. Await first, then write in one batch.')
      }
      // The callback may have disposed of the view.
      if (branch.disposed) this.refuse()
    } catch (thrown) {
      collector.discard(thrown)
      throw thrown
    } finally {
      collector.end()
      this.collecting = outer
      if (--family.collecting === 0) this.engine.idle()
    }
    return outer === null ? collector.commit() : branch.revision
  }

  /** Makes a query run again at its next use, whatever it read: for queries that depend on something the database does not know. */
  invalidate<A extends Args, R>(query: Derived<A, R>, ...args: NoInfer<A>): Revision {
    return this.write('invalidate', (tx) => tx.invalidate(query, ...args))
  }

  /**
   * Writes every value of an Observable (or anything RxJS can follow) to an input, until the subscription ends. A completion leaves the value; an error
   * does too, and goes to `onUnhandledError`, as does what `set` throws. For inputs that are fed only while somebody needs them, declare a `source`.
   *
   * ```ts
   * const subscription = db.bind(width, fromEvent(window, 'resize').pipe(map(() => innerWidth)))
   * ```
   * @throws `WriteInQueryError` from inside a query
   */
  bind<A extends Args, V>(definition: Input<A, V>, ...argsAndSource: Then<A, ObservableInput<V>>): Subscription
  bind(definition: Definition, ...list: unknown[]): Subscription {
    const slot = this.slot(definition, list.slice(0, -1))
    const args = argsOf(slot)
    return bindInput(this.branch, `bind ${idOf(slot)}`, list.at(-1) as ObservableInput<unknown>, (value) => this.set(definition as Input<Args, unknown>, ...args, value))
  }

  // ── Watching ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** The states of a query, for as long as somebody subscribes. It never errors: failing is a state. */
  watch<A extends Args, R>(query: Computed<A, R>, ...args: NoInfer<A>): Stream<QueryState<Awaited<R>>> {
    return streamOfCell(this.engine, this.branch, this.cell(query, args), 'states') as Stream<QueryState<Awaited<R>>>
  }

  /** The values of a query. A failure ends the subscription with the error. */
  observe<A extends Args, R>(query: Computed<A, R>, ...args: NoInfer<A>): Stream<Awaited<R>> {
    return streamOfCell(this.engine, this.branch, this.cell(query, args), 'values') as Stream<Awaited<R>>
  }

  /** The values of a function of inputs and queries, each from one revision. A failure ends the subscription with the error. */
  live<R>(body: (q: Query) => R, options: LiveOptions = {}): Stream<Awaited<R>> {
    if (this.branch.disposed || this.branch.family.closed) this.refuse()
    return streamOf(this.engine, this.branch, body, { make: makerOf(options) }, 'values') as Stream<Awaited<R>>
  }

  /**
   * Runs a function now, and again after each commit that changed something it read. A function that it returns, or resolves with, runs before
   * the next time and at the end. It may write and subscribe, as a subscriber may. What it throws goes to `onUnhandledError`, and it runs again
   * when something it read changes.
   *
   * ```ts
   * const effect = db.effect((q) => { document.title = q.get(title) })
   * effect.dispose()
   * ```
   * @throws `WriteInQueryError` from inside a query
   */
  effect(body: (q: Query) => Cleanup | void | PromiseLike<Cleanup | void>, options: EffectOptions = {}): Effect {
    if (this.branch.disposed || this.branch.family.closed) this.refuse()
    return startEffect(this.engine, this.branch, body, options)
  }

  /** One input as an Observable and an Observer. */
  node<A extends Args, V>(definition: TotalInput<A, V>, ...args: NoInfer<A>): InputNode<V>
  node<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): InputNode<V | undefined>
  node(definition: Definition, ...args: unknown[]): InputNode<unknown> {
    const slot = this.slot(definition, args)
    const known = this.branch.nodes.get(slot)
    if (known !== undefined) return known as InputNode<unknown>
    const own = argsOf(slot)
    const node = new InputNode<unknown>(this.branch, slot, (value) => this.set(definition as Input<Args, unknown>, ...own, value))
    this.branch.nodes.set(slot, node)
    return node
  }

  // ── Snapshots ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A view of this state that later writes do not touch, and that may be written to without touching this one. Costs what changed since the last. */
  snapshot(): Snapshot {
    const { branch } = this
    if (branch.disposed || branch.family.closed) this.refuse()
    const { family } = branch
    const hub = new Hub(family.delivery, null)
    // The snapshot of a snapshot nobody wrote to is one more of the same state.
    const parent = branch.frozen ? (branch.parent as Branch) : branch
    const fork: Branch = new Branch(family, parent, hub, rootOf(branch))
    fork.base = branch.frozen ? branch.base : branch.revision
    fork.revision = branch.revision
    if (branch.frozen) addTwin(parent, branch, fork)
    else addFork(parent, fork)
    family.hubs.add(hub)
    if (branch.hub.wants('snapshot')) branch.hub.emit(branch.revision, { type: 'snapshotCreated' })
    this.engine.idle()
    // What stands for the same state as its parent holds on to nobody but the parent of both.
    return new Snapshot(fork, this.engine, branch.frozen ? new WeakRef(this) : this)
  }

  /**
   * Makes this view hold the inputs of another, in one commit: undo. What was computed with those inputs, here or there, and is still known
   * holds without a run. Invalidations are not undone. Costs what is different.
   *
   * ```ts
   * const before = db.snapshot()
   * db.set(title, 'other')
   * db.restore(before)
   * ```
   * @throws `ForeignViewError` for a view of another database; `LimitExceededError`
   */
  restore(view: View): Revision {
    this.checkFamily(view)
    return this.write('restore', (tx) => takeAll(tx as unknown as Collector, this.branch, view.branch))
  }

  /**
   * Writes what a snapshot has changed since it was taken, or last promoted, to the view it was taken from, in one commit. What the snapshot
   * computed holds there without a run. Costs what it changed. An input that has a new value on both sides is a conflict: `onConflict` decides,
   * once for each, or nothing is written. Returns the revision of the view that was written to.
   * @throws `ConflictError`, which lists the conflicts; `ForeignViewError` for a snapshot that was taken of another view; what `onConflict` throws
   */
  promote(view: Snapshot, options: PromoteOptions = {}): Revision {
    this.checkFamily(view)
    const parent = view.source instanceof WeakRef ? view.source.deref() : view.source
    if (parent == null || (parent !== this && this.branch.parent !== null)) throw new ForeignViewError('promote takes a snapshot that was taken of this view.')
    if (parent !== this) return parent.promote(view, options)
    return this.write('promote', (tx) => takeChanges(tx as unknown as Collector, this.branch, view.branch, options))
  }

  /** @internal What `diff` gives. */
  static compare(a: View, b: View, definition: Input<Args, unknown>): Difference<Args, unknown> {
    a.checkFamily(b)
    checkInput(a.branch, definition)
    return differenceOf(a.branch, b.branch, definition)
  }

  private checkFamily(view: View): void {
    if (this.branch.disposed || this.branch.family.closed) this.refuse()
    if (!(view instanceof View) || view.branch.family !== this.branch.family) throw new ForeignViewError('This needs a view of the same database.')
    if (view.branch.disposed) view.refuse()
  }

  /** @internal */
  protected refuse(): never {
    throw endedError(this.branch.family.closed)
  }

  private slot(definition: unknown, args: readonly unknown[]): Slot {
    if (this.branch.disposed || this.branch.family.closed) this.refuse()
    return slotOf(this.branch, definition as Definition, args, args.length)
  }

  private inputs(definition: Definition): TableRoot {
    if (this.branch.disposed || this.branch.family.closed) this.refuse()
    checkInput(this.branch, definition)
    rootOf(this.branch)
    return tableRootOf(this.branch, definition)
  }

  /** @internal */
  protected cell(definition: unknown, args: readonly unknown[]): Cell {
    if (this.branch.disposed || this.branch.family.closed) this.refuse()
    return cellOf(this.branch, definition as Definition, args)
  }
}

function currentPresence(branch: Branch, slot: Slot): boolean {
  if (!branch.frozen) return (localOf(branch, slot) as Slot).stamp !== ABSENT
  return recordIn(branch, slot) !== undefined || restingStamp(slot) !== ABSENT
}

/** Frees what only a snapshot held, when it is collected. One for each database, which goes with it: what it knows leads to everything else. */
function registryOf(family: Family): NonNullable<Family['dropped']> {
  family.dropped ??= new FinalizationRegistry(({ parent, token, hub }) => {
    forgetFork(parent, token)
    parent.family.hubs.delete(hub)
  })
  return family.dropped
}

/**
 * What is different in an input between two views of one database: `b` compared with `a`. Costs what is different, where one stems from
 * the other. Values that are equal to the input's equality are no difference.
 * @throws `ForeignViewError` for views of two databases; `EqualityError`
 */
export function diff<A extends Args, V>(a: View, b: View, definition: Input<A, V>): Difference<A, V> {
  if (!(a instanceof View)) throw new ForeignViewError('diff compares two views of one database.')
  return View.compare(a, b, definition as Input<Args, unknown>) as unknown as Difference<A, V>
}

/** A view of one state of another view. */
export class Snapshot extends View {
  /** @internal */
  constructor(branch: Branch, engine: Engine, source: View | WeakRef<View>) {
    super(branch, engine)
    this.source = source
    registryOf(branch.family).register(branch, { parent: branch.parent as Branch, token: branch.token, hub: branch.hub }, branch)
  }

  /** Ends the snapshot: pending reads reject, streams complete, later calls throw `DisposedError`. */
  dispose(): void {
    const { branch } = this
    if (branch.disposed) return
    branch.disposed = true
    // Also those that were asked for before it was written to.
    for (const at of Array.from(branch.family.busy)) {
      if (at.hub === branch.hub) for (let { jobs } = at; jobs !== null; { jobs } = at) cancelJob(jobs, new DisposedError())
    }
    branch.hub.close()
    branch.family.hubs.delete(branch.hub)
    branch.family.dropped?.unregister(branch)
    forgetFork(branch.parent as Branch, branch.token)
    forgetState(branch)
    // It can be promoted no more.
    this.source = null
    this.engine.idle()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}
