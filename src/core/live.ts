/**
 * Live queries: cells that somebody watches. Each watched cell has one `LiveCell`, however many subscribers; marks wake it, and it
 * demands its cell when its turn to be told has come.
 *
 *   commit ─> reached ─> [ demand, emit what is new ] for each subscriber, in the order in which they came
 *
 * An asynchronous evaluation that a commit overtakes is finished and emitted; then the newest is demanded. So a query under
 * constant writes keeps emitting, and only states that existed.
 */
import { type Branch, type Family, Job, type Outsider, type Wait } from './branch.js'
import type { Delivery, Turn } from './delivery.js'
import type { Engine } from './engine.js'
import { failureEquals } from './equality.js'
import { cutEdges } from './graph.js'
import { hasStood, isEqual } from './judge.js'
import { addWait, leave } from './job.js'
import { BOUNDED, type Cell, CLEAN, FAILED, type Failure, idOf, type Outcome, TAINTED, VOLATILE, type Watcher } from './node.js'
import { LiveState, LiveSubscriber, type Recipient } from './live-state.js'
import { admit } from './memory.js'
import { localOf } from './records.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'

/** What was waited for, until its turn to be told has come. */
class Landing implements Turn, Outcome {
  private readonly live: LiveCell
  /** The revision it is of. */
  readonly at: Revision
  /** It ran while newer evaluations did. */
  readonly isOvertaken: boolean
  /** The stamp of what it was found to differ from. */
  readonly against: Stamp
  readonly value: unknown
  readonly flags: number
  readonly stamp: Stamp
  readonly changedAt: Revision

  constructor(live: LiveCell, at: Revision, { branch, against }: Job, { value, flags, stamp, changedAt }: Outcome) {
    this.live = live
    this.at = at
    this.isOvertaken = branch !== live.branch
    this.against = against
    this.value = value
    this.flags = flags
    this.stamp = stamp
    this.changedAt = changedAt
  }

  describe(): string {
    return this.live.describe()
  }

  tell(): void {
    this.live.land(this)
  }
}

/** The live side of one cell. */
export class LiveCell extends LiveState implements Watcher, Turn, Outsider {
  queued = false
  protected wait: Wait | null = null
  readonly branch: Branch
  readonly engine: Engine
  protected cell: Cell
  /** The next outcome was never compared with the state, nor are stamps: the record is new, or evaluations of several revisions ran at once. */
  protected isApart = false
  /** The revision of the evaluation waited for. */
  protected waitAt: Revision = 0
  readonly origin: Cell

  constructor(branch: Branch, engine: Engine, origin: Cell) {
    super()
    this.branch = branch
    this.engine = engine
    this.cell = this.attach(origin)
    this.origin = origin
    branch.lives.set(origin, this)
    branch.family.lives++
  }

  describe(): string {
    return `watch ${idOf(this.origin)}`
  }

  /** Its turn, where it is the only one that marks have reached. */
  tell(): void {
    this.queued = false
    this.update()
    this.tellAll()
  }

  /** Finds the record to watch, and stands at it where there are marks to be woken by. */
  private attach(origin: Cell): Cell {
    const cell = localOf(this.branch.home, origin) as Cell
    if (!this.branch.frozen) cell.watcher = this
    return cell
  }

  move(): void {
    this.cell = this.attach(this.origin)
    this.isApart = true
  }

  add(subscriber: LiveSubscriber): void {
    this.append(subscriber)
    if (this.wait === null) this.update()
    this.tellOne(subscriber)
  }

  remove(subscriber: LiveSubscriber): void {
    if (subscriber.left) return
    subscriber.left = true
    this.unlink(subscriber)
    if (this.first !== null) return
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
    if (this.wait !== null || this.first === null || this.branch.disposed) return
    const found = this.engine.demand(this.branch, this.cell, null)
    if (!(found instanceof Job)) {
      this.stateAt = this.branch.revision
      this.take(found)
      return
    }
    this.await(found)
    this.growStale()
  }

  protected await(job: Job): void {
    this.waitAt = this.branch.revision
    this.wait = addWait(job, null, null, null, this)
  }

  /** What was waited for has ended; told in its turn. */
  ended(outcome: Outcome | null): void {
    const { wait, branch } = this
    if (wait === null) return
    this.wait = null
    if (outcome !== null) branch.family.delivery.put(new Landing(this, this.waitAt, wait.target, outcome))
  }

  land(landing: Landing): void {
    this.stateAt = landing.at
    this.isApart ||= landing.isOvertaken
    this.take(landing, landing.against)
    this.isApart = landing.isOvertaken
    this.tellAll()
    if (this.wait !== null) return
    const { branch, cell } = this
    if (!branch.frozen && cell.mark === CLEAN && cell.stamp === this.stamp) {
      // It holds at this revision, for those too who have come since.
      if (this.stateAt === branch.revision) return
      this.stateAt = branch.revision
    } else this.update() // A newer evaluation may have ended before this one.
    this.tellAll()
  }

  /** `against`: the stamp of a value that the outcome is known to differ from. */
  protected take(outcome: Outcome, against: Stamp = ABSENT): void {
    const { passing } = this.branch
    if ((outcome.flags & (VOLATILE | TAINTED)) !== 0) passing.add(this)
    else if (passing.size > 0) passing.delete(this)
    const { isApart } = this
    this.isApart = false
    const isKnown = outcome.stamp === this.stamp
    if (isKnown && (this.status === 'ready' || this.status === 'failed')) return
    this.stamp = outcome.stamp
    // A stamp may tell of another durability alone, that a value is a fallback no more, or no promise.
    const mayShow = (isApart && (against === ABSENT || against !== this.shown)) || (this.hasValue && Object.is(this.value, outcome.value))
    if (mayShow && this.shows(outcome)) {
      if (this.status === 'stale') this.show('ready', this.value)
      return
    }
    if (!isKnown) this.shown = outcome.stamp
    if ((outcome.flags & FAILED) === 0) {
      this.show('ready', outcome.value)
      return
    }
    const { error, last } = outcome.value as Failure
    // What was told before is what came before, to those who listen.
    if (this.hasValue) this.fail(error, true, this.value)
    else this.fail(error, last !== null && hasStood(this.branch, this.stateAt, last), last?.value)
  }

  /** Whether an outcome is what the state says already, or said before it grew stale. */
  private shows({ flags, value }: Outcome): boolean {
    if ((flags & FAILED) !== 0) return this.status === 'failed' && failureEquals(this.error, (value as Failure).error)
    return (this.status === 'ready' || this.status === 'stale') && isEqual(this.cell, this.value, value)
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
    for (let subscriber = live.first; subscriber !== null; subscriber = subscriber.next) {
      if (subscriber.order < last) isOrdered = false
      last = subscriber.order
      turns.push(subscriber)
    }
  }
  if (!isOrdered) turns.sort((a, b) => a.order - b.order)
  for (const subscriber of turns) {
    if (subscriber.left) continue
    const live = subscriber.live as LiveCell
    delivery.at = live
    if (live.isDue) {
      live.isDue = false
      live.update()
    }
    live.tellOne(subscriber)
  }
}

/** Makes the live side of a cell that has none. */
export type MakeLive = (branch: Branch, engine: Engine, origin: Cell) => LiveCell

const makeLive: MakeLive = (branch, engine, origin) => new LiveCell(branch, engine, origin)

/** Follows a cell; the result leaves it. Without an recipient it is only kept up to date. */
export function follow(engine: Engine, branch: Branch, origin: Cell, recipient: Recipient | null, make: MakeLive = makeLive): () => void {
  const { family } = branch
  const live = (branch.lives.get(origin) as LiveCell | undefined) ?? make(branch, engine, origin)
  const subscriber = new LiveSubscriber(++family.subscriptions, live, branch.revision, recipient)
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
