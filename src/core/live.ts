/**
 * Live queries: cells that somebody watches. Each watched cell has one `LiveCell`, however many subscribers; marks wake it, and it
 * demands its cell when its turn to be told has come.
 *
 *   commit ─> reached ─> [ demand, emit what is new ] for each subscriber, in the order in which they came
 *
 * An asynchronous evaluation that a commit overtakes is finished and emitted; then the newest is demanded. So a query under
 * constant writes keeps emitting, and only states that existed.
 */
import { type Branch, type Family, Job, type Wait } from './branch.js'
import type { Delivery } from './delivery.js'
import type { Engine } from './engine.js'
import { failureEquals } from './equality.js'
import { cutEdges } from './graph.js'
import { isEqual } from './judge.js'
import { addWait, leave } from './job.js'
import { BOUNDED, type Cell, FAILED, type Failure, idOf, type Outcome, TAINTED, VOLATILE, type Watcher } from './node.js'
import { admit } from './memory.js'
import { localOf } from './records.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'

/** What a live query shows. Values are never wrapped, and keep their reference as long as they are equal. */
export type QueryState<V> =
  | { readonly status: 'pending' }
  | { readonly status: 'ready'; readonly value: V }
  | { readonly status: 'stale'; readonly value: V }
  | { readonly status: 'failed'; readonly error: unknown; readonly value?: V }

const PENDING: QueryState<unknown> = Object.freeze({ status: 'pending' })

/** One subscriber of a live query. */
export class LiveSubscriber {
  /** Its place in the order of subscriptions of the whole database. */
  readonly order: number
  readonly live: LiveCell
  readonly next: (state: QueryState<unknown>, stamp: Stamp) => void
  /** The revision at which it came: it is told nothing older. */
  readonly since: Revision
  /** The state it was told last. */
  told: QueryState<unknown> | null = null
  left = false

  constructor(order: number, live: LiveCell, since: Revision, next: (state: QueryState<unknown>, stamp: Stamp) => void) {
    this.order = order
    this.live = live
    this.since = since
    this.next = next
  }
}

/** The live side of one cell. */
export class LiveCell implements Watcher {
  readonly branch: Branch
  readonly engine: Engine
  readonly origin: Cell
  queued = false
  /** It is among those being told, and has not yet looked at its cell. */
  isDue = false
  readonly subscribers: Set<LiveSubscriber> = new Set()
  state: QueryState<unknown> = PENDING
  readonly label = (): string => `watch ${idOf(this.origin)}`
  /** Its turn, where it is the only one that marks have reached. */
  readonly deliver = (): void => {
    this.queued = false
    this.update()
    this.tellAll()
  }
  /** The record is new, and its stamps are too: the first outcome is compared with the state by what it holds. */
  private hasMoved = false
  protected cell: Cell
  protected stamp: Stamp = ABSENT
  /** The revision the state is of, and that of the evaluation waited for. */
  protected stateAt: Revision = 0
  protected waitAt: Revision = 0
  protected wait: Wait | null = null

  constructor(branch: Branch, engine: Engine, origin: Cell) {
    this.branch = branch
    this.engine = engine
    this.origin = origin
    this.cell = this.attach()
    branch.lives.set(origin, this)
    branch.family.lives++
  }

  /** Finds the record to watch, and stands at it where there are marks to be woken by. */
  private attach(): Cell {
    const cell = localOf(this.branch.home, this.origin) as Cell
    if (!this.branch.frozen) cell.watcher = this
    return cell
  }

  move(): void {
    this.cell = this.attach()
    this.hasMoved = true
  }

  add(subscriber: LiveSubscriber): void {
    this.subscribers.add(subscriber)
    if (this.wait === null) this.update()
    this.tell(subscriber)
  }

  remove(subscriber: LiveSubscriber): void {
    if (subscriber.left) return
    subscriber.left = true
    this.subscribers.delete(subscriber)
    if (this.subscribers.size > 0) return
    this.branch.lives.delete(this.origin)
    this.branch.family.lives--
    this.branch.passing.delete(this)
    if (this.cell.watcher === this) {
      this.cell.watcher = null
      this.branch.family.feeds.unwatched(this.cell)
    }
    if ((this.cell.flags & BOUNDED) !== 0) admit(this.branch.family, this.cell)
    this.leaveWaits()
  }

  protected leaveWaits(): void {
    const { wait } = this
    this.wait = null
    if (wait !== null) leave(wait, abandoned(this.branch.family))
  }

  /** Demands the cell and takes over what it shows. An evaluation that is waited for is let finish first. */
  update(): void {
    if (this.wait !== null || this.subscribers.size === 0 || this.branch.disposed) return
    const found = this.engine.demand(this.branch, this.cell, null)
    if (!(found instanceof Job)) {
      this.stateAt = this.branch.revision
      this.take(found)
      return
    }
    this.waitAt = this.branch.revision
    this.wait = addWait(found, null, null, null, (outcome) => this.settled(outcome))
    this.growStale()
  }

  /** A newer result is on its way. */
  protected growStale(): void {
    if (this.state.status === 'ready') this.state = { status: 'stale', value: this.state.value }
    else if (this.state.status === 'failed') this.state = 'value' in this.state ? { status: 'stale', value: this.state.value } : PENDING
  }

  /** What was waited for has ended; told in its turn. */
  protected settled(outcome: Outcome | null): void {
    if (this.wait === null) return
    this.wait = null
    if (outcome === null) return
    const { value, flags, stamp, changedAt } = outcome
    const { delivery } = this.branch.family
    delivery.announce(this.label, () => {
      this.stateAt = this.waitAt
      this.take({ value, flags, stamp, changedAt })
      this.tellAll()
      // A newer evaluation may have ended before this one.
      if (this.wait === null) {
        this.update()
        this.tellAll()
      }
    })
  }

  protected take(outcome: Outcome): void {
    const { passing } = this.branch
    if ((outcome.flags & (VOLATILE | TAINTED)) !== 0) passing.add(this)
    else if (passing.size > 0) passing.delete(this)
    const { status } = this.state
    if (outcome.stamp === this.stamp && (status === 'ready' || status === 'failed')) return
    this.stamp = outcome.stamp
    if (this.hasMoved) {
      this.hasMoved = false
      if (this.shows(outcome)) return
    }
    // The stamp tells of another durability, and the value is the one told.
    if (this.branch.family.isDurable && this.state.status === 'ready' && Object.is(this.state.value, outcome.value) && this.shows(outcome)) return
    if ((outcome.flags & FAILED) === 0) {
      this.state = { status: 'ready', value: outcome.value }
      return
    }
    const { error, lastStamp, lastValue } = outcome.value as Failure
    this.state = lastStamp === ABSENT ? { status: 'failed', error } : { status: 'failed', error, value: lastValue }
  }

  /** Whether an outcome is what the state says already. */
  private shows({ flags, value }: Outcome): boolean {
    const { state } = this
    if ((flags & FAILED) !== 0) return state.status === 'failed' && failureEquals(state.error, (value as Failure).error)
    return state.status === 'ready' && isEqual(this.cell, state.value, value)
  }

  tellAll(): void {
    for (const subscriber of this.subscribers) this.tell(subscriber)
  }

  tell(subscriber: LiveSubscriber): void {
    const state = subscriber.since > this.stateAt ? PENDING : this.state
    if (subscriber.left || subscriber.told === state) return
    subscriber.told = state
    subscriber.next(state, this.stamp)
  }
}

/** Why an evaluation is given up that nobody watches any more. Making one takes longer than all the rest of leaving. */
export function abandoned(family: Family): DOMException {
  return (family.abandoned ??= new DOMException('Nobody watches the query any more.', 'AbortError'))
}

/** Tells the live queries that marks have reached, each subscriber in the order in which they came. */
export function tellReached(reached: readonly Watcher[], delivery: Delivery): void {
  const turns: LiveSubscriber[] = []
  let last = 0
  let isOrdered = true
  for (const live of reached as readonly LiveCell[]) {
    live.queued = false
    live.isDue = true
    for (const subscriber of live.subscribers) {
      if (subscriber.order < last) isOrdered = false
      last = subscriber.order
      turns.push(subscriber)
    }
  }
  if (!isOrdered) turns.sort((a, b) => a.order - b.order)
  for (const subscriber of turns) {
    if (subscriber.left) continue
    const { live } = subscriber
    delivery.name(live.label)
    if (live.isDue) {
      live.isDue = false
      live.update()
    }
    live.tell(subscriber)
  }
}

/** Makes the live side of a cell that has none. */
export type MakeLive = (branch: Branch, engine: Engine, origin: Cell) => LiveCell

const makeLive: MakeLive = (branch, engine, origin) => new LiveCell(branch, engine, origin)

/** Follows the states of a cell; the result leaves it. */
export function follow(engine: Engine, branch: Branch, origin: Cell, next: LiveSubscriber['next'], make: MakeLive = makeLive): () => void {
  const { family } = branch
  const live = (branch.lives.get(origin) as LiveCell | undefined) ?? make(branch, engine, origin)
  const subscriber = new LiveSubscriber(++family.subscriptions, live, branch.revision, next)
  // Inside an effect: its stack is not to be freed.
  const { floor } = family
  family.floor = family.depth
  try {
    live.add(subscriber)
  } finally {
    family.floor = floor
  }
  engine.idle()
  return () => {
    live.remove(subscriber)
    engine.idle()
  }
}

/** Lets go of a query of no name. */
export function forget(branch: Branch, cell: Cell): void {
  cutEdges(cell, null)
  branch.memos.delete(cell)
}
