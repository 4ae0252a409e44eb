/** A database: the head of a family of views, and what they share. */
import { type Activity, ActivityMeter } from './activity.js'
import { cellOf, tableOfQuery } from './batch.js'
import { Branch, CLOSED, Family, type Settings } from './branch.js'
import { aCount, aFlag, aFunction, aListOf, anObject, anObjectWith, check, checkOptions, isList } from './check.js'
import { type Clock, systemClock } from './clock.js'
import { type Collected, collectRecords } from './collect.js'
import { checkWritable } from './commit.js'
import { Delivery } from './delivery.js'
import { Hub } from './hub.js'
import type { AnyAccumulator, AnyDerived, AnyInterned, Args, Computed, Definition, Derived } from './define.js'
import { Engine } from './engine.js'
import { checkAccumulator } from './emission.js'
import { entriesOf } from './intern.js'
import { isProduction } from './environment.js'
import { ClosedError } from './errors.js'
import { cancelJob } from './job.js'
import { type LiveCell, tellReached } from './live.js'
import { Looker } from './look.js'
import { admit, setBound } from './memory.js'
import { idOf, isEffect } from './node.js'
import { invalidations, tableOf } from './records.js'
import { ABSENT } from './revision.js'
import { Feeds } from './sources.js'
import type { Stream } from './stream.js'
import { hear } from './tell.js'
import { type DefinitionStats, definitionStats } from './statistics.js'
import { View } from './view.js'

export interface Limits {
  /** How many commits subscribers may make in answer to each other. Default 100. */
  readonly nestedCommits?: number
  /** How many bytes the values of all inputs may take, as estimated. Default: no limit. */
  readonly stateBytes?: number
  /** How many values of queries are kept. More are given up after the next commit, the ones used least first. Default: no limit. */
  readonly cells?: number
}

export interface DatabaseOptions {
  /** Definitions to register at once, so that a name used twice shows now and not at first use. */
  readonly definitions?: readonly (Definition | AnyInterned | AnyAccumulator)[]
  readonly limits?: Limits
  /** Freeze the values of inputs deeply, so that a later mutation throws where it happens. Default: unless `NODE_ENV` is `production`. */
  readonly freeze?: boolean
  /** Where retries, timeouts and the grace of sources take their time from. Default: timers of the platform that keep no process alive. */
  readonly clock?: Clock
  /** Told what subscribers throw, and the errors of nodes. Default: thrown from a microtask, as RxJS does. */
  readonly onUnhandledError?: (error: unknown) => void
  /** Told what a developer may want to know, such as memory that grows without a limit. Default: a warning on the console, in production nothing. */
  readonly onNotice?: (notice: string) => void
}

/** Counts of one database. */
export interface Stats {
  /** Records of inputs and of queries. */
  readonly inputs: number
  readonly queries: number
  /** Live queries: cells of any view that somebody watches, however many do. */
  readonly live: number
  /** Runs of bodies so far, and jobs on their way. */
  readonly runs: number
  readonly jobs: number
  /** Event objects made so far. */
  readonly events: number
  /** Values given up to keep within a limit. */
  readonly evictions: number
  /** Somebody counts: hits, joins, validations and time grow. */
  readonly counting: boolean
  /** The same by definition. What is counted here adds up to what is counted above. */
  readonly definitions: readonly DefinitionStats[]
}

/** Keeps what a query holds until it is disposed of. */
export interface Pin extends Disposable {
  /** Ends the pin; a second time it does nothing. */
  dispose(): void
}

export interface CollectOptions {
  /** Queries to keep, each with its arguments. */
  readonly roots?: readonly (readonly [query: AnyDerived, ...args: readonly unknown[]])[]
}

/** The head of a family of views. Made by `createDatabase`. */
export class Database extends View {
  private readonly meter: ActivityMeter = new ActivityMeter(this.branch.family)

  /** How many asynchronous evaluations run, wait and have ended: now, and at every change. For progress bars and spinners. */
  get activity$(): Stream<Activity> {
    return this.meter.stream()
  }

  /** Counts, by definition too. Takes time in proportion to what the database holds; changes nothing. */
  stats(): Stats {
    const { family, tables } = this.branch
    let inputs = 0
    let queries = 0
    for (const { definition, only, byPrimitive, byText } of tables.values()) {
      if (definition === invalidations) continue
      const count = (only === null ? 0 : 1) + byPrimitive.size + byText.size
      if (definition.kind === 'input') inputs += count
      else if (definition.kind === 'derived') queries += count
    }
    const definitions = definitionStats(new Looker(this.branch))
    const { delivery, runs, jobs, evictions } = family
    return { inputs, queries, live: family.lives, runs, jobs, events: delivery.events, evictions, counting: delivery.counting > 0, definitions }
  }

  /**
   * Sets how many values are kept: of one query (its `lru`), or of all (`limits.cells`). Counts from the next commit on; `Infinity` lifts a limit.
   * @throws `InvalidDefinitionError` for anything but a query and a number that is not negative
   */
  limit<A extends Args, R>(what: 'cells' | Derived<A, R>, count: number): void {
    const { branch } = this
    if (branch.disposed) this.refuse()
    check('A limit', count, aCount)
    setBound(branch, what === 'cells' ? null : tableOfQuery(branch, what), count)
  }

  /**
   * Keeps what a query holds: it is not evicted, nor collected, until the pin is disposed of (once for each pin). It is not computed by this. Sources
   * that it has read, or the source that is pinned, stay connected as for a live query.
   *
   * ```ts
   * using pin = db.pin(index)
   * ```
   */
  pin<A extends Args, R>(query: Computed<A, R>, ...args: NoInfer<A>): Pin {
    const { family } = this.branch
    const cell = this.cell(query, args)
    family.pins.set(cell, (family.pins.get(cell) ?? 0) + 1)
    let isPinned = true
    const dispose = (): void => {
      if (!isPinned) return
      isPinned = false
      const count = family.pins.get(cell) ?? 1
      if (count > 1) family.pins.set(cell, count - 1)
      else {
        family.pins.delete(cell)
        if (cell.stamp !== ABSENT) admit(family, cell)
        family.feeds.unwatched(cell)
      }
    }
    return { dispose, [Symbol.dispose]: dispose }
  }

  /**
   * Lets go of all queries that nobody observes, pins or depends on, save the `roots` and what they depend on, and of inputs that hold nothing and that
   * nobody has read, among them keys of sources that are disconnected. What goes is computed again when it is asked for. Costs what exists. While
   * snapshots are alive, and inside a batch, nothing goes.
   * @throws `WriteInQueryError` from inside a query; `InvalidDefinitionError` for roots that are none
   */
  collect(options: CollectOptions = {}): Collected {
    const { branch } = this
    if (branch.disposed) this.refuse()
    checkWritable(branch, 'collect')
    checkOptions('collect: ', options, { roots: aListOf((one) => isList(one) && one.length > 0, '[query, ...args]') })
    const { roots = [] } = options
    return collectRecords(branch, roots.map(([query, ...args]) => cellOf(branch, query, args)))
  }

  /** Ends everything: pending reads reject with `ClosedError`, signals fire, streams complete, later calls throw. */
  close(): void {
    const { family } = this.branch
    if (family.closed) return
    family.note(CLOSED, true)
    this.branch.disposed = true
    const reason = new ClosedError()
    for (const branch of Array.from(family.busy)) {
      for (let { jobs } = branch; jobs !== null; { jobs } = branch) cancelJob(jobs, reason)
    }
    family.feeds.close()
    family.delivery.clear()
    for (const hub of family.hubs) hub.close()
    family.hubs.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

const rules = {
  definitions: aListOf(() => true, 'definitions'),
  limits: anObject,
  freeze: aFlag,
  clock: anObjectWith('now', 'setTimeout', 'clearTimeout'),
  onUnhandledError: aFunction,
  onNotice: aFunction,
}

/**
 * A new, empty database at revision 0.
 * @throws `DuplicateDefinitionError` where two of the definitions have one name; `InvalidDefinitionError` for options that are none
 */
export function createDatabase(options: DatabaseOptions = {}): Database {
  checkOptions('', options, rules)
  const { limits = {}, onUnhandledError = throwLater } = options
  checkOptions('limits.', limits, { nestedCommits: aCount, stateBytes: aCount, cells: aCount })
  const { nestedCommits = 100, stateBytes = Infinity, cells = Infinity } = limits
  const onNotice = options.onNotice ?? (isProduction() ? null : warn)
  const settings: Settings = { clock: options.clock ?? systemClock, freeze: options.freeze ?? !isProduction(), onNotice, nestedCommits, stateBytes }
  const engine = new Engine()
  const delivery = new Delivery(nestedCommits, onUnhandledError, () => family.active !== null || family.collecting > 0, () => engine.idle())
  const family: Family = new Family(settings, delivery, engine)
  delivery.bodyOnTop = () => (family.active === null || isEffect(family.active.cell) ? null : idOf(family.active.cell))
  const hub = new Hub(delivery, (isHeard) => hear(family.head, isHeard))
  family.head = new Branch(family, null, hub, null)
  family.feeds = new Feeds(family)
  family.hubs.add(hub)
  engine.serve(family)
  family.deliverLive = () => {
    const reached = family.reached
    if (reached.length === 1) {
      const live = reached.pop() as LiveCell
      delivery.tellFirst(live)
      return
    }
    family.reached = []
    delivery.announce('live queries', () => tellReached(reached, delivery))
  }
  setBound(family.head, null, cells)
  for (const definition of options.definitions ?? []) {
    if (definition?.kind === 'interned') entriesOf(family, definition)
    else if (definition?.kind === 'accumulator') checkAccumulator(family, definition)
    else tableOf(family.head, definition)
  }
  return new Database(family.head, engine)
}

function warn(notice: string): void {
  // oxlint-disable-next-line no-console -- where a developer looks
  console.warn(`pebre: ${notice}`)
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
