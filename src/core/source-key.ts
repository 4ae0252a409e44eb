/**
 * Longer than 300 lines: one connection is read here from its beginning to its end.
 *
 * One key of a source. Its record is a cell whose one dependency is a hidden slot; the body of the cell shows what stands there, and
 * connects where nothing does (see feed.ts).
 *
 *   read ─> known? show it
 *        └> connect ─> emitted at once? fill, show it
 *                   └> wait for the first outcome
 *
 * Longer than 300 lines: one connection, in the order of its life.
 */
import type { Subscription } from 'rxjs'
import { pauseOf } from './attempts.js'
import { type Change, ENDED, type Family, READING } from './branch.js'
import type { Clock } from './clock.js'
import { commit } from './commit.js'
import type { AnySource } from './define.js'
import { EmptySourceError, EqualityError, LimitExceededError } from './errors.js'
import { deepFreeze, defaultEquals } from './equality.js'
import { FeedSlot, fillOf, SourceFailure, Waiting } from './feed.js'
import { type Frame, jobOf } from './frame.js'
import { completeRead } from './job.js'
import { argsOf, assignSlot, type Cell, idOf, type Slot } from './node.js'
import { localOf, recordIn, tableOf } from './records.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'
import { storedBytes } from './size.js'
import { follow } from './stream.js'

/** What a slot shows to an evaluation. */
interface Seen {
  readonly value: unknown
  readonly stamp: Stamp
  readonly changedAt: Revision
}

/** All sources of a database, as each of its keys sees them. */
export interface Keeper {
  readonly family: Family
  readonly clock: Clock
  /** A connection begins. */
  hold(feed: Feed): void
  /** There is nothing to be ended any more. */
  release(feed: Feed): void
  /** Whether it is needed may have changed. */
  look(feed: Feed): void
}

/** One key of a source. */
export class Feed {
  readonly feeds: Keeper
  readonly cell: Cell
  readonly slot: FeedSlot
  /** What the next first outcome will fill, or the last one has filled. */
  waiting: Waiting
  /** Evaluations that wait for the first outcome. */
  readers = 0
  /** Since when no live query has needed it, as far as anybody has looked. */
  unneededSince: number | null = null
  private readonly definition: AnySource
  private connection: Subscription | null = null
  private isConnecting = false
  /** The latest outcome, on its way into the Waiting. */
  private latest: { readonly value: unknown } | null = null
  /** The last good value: an equal one keeps its reference. */
  private last: { readonly value: unknown } | null = null
  /** Failures since the last value, and the timer of the next connection. */
  private failures = 0
  private retry: unknown = null
  /** The last outcome. */
  private outcome: unknown = undefined

  constructor(feeds: Keeper, cell: Cell) {
    this.feeds = feeds
    this.cell = cell
    this.definition = cell.table.definition as AnySource
    const table = tableOf(feeds.family.head, this.definition.feed)
    this.slot = new FeedSlot(++feeds.family.slots, table, cell.args)
    table.byPrimitive.set(cell, this.slot)
    this.waiting = this.slot.first
  }

  get grace(): number {
    return this.definition.grace
  }

  /** An outcome has stood in its slot since it was last connected. */
  get isFilled(): boolean {
    return this.waiting.fill !== null
  }

  /** An outcome stands in its slot, or is on its way there; or is about to leave. */
  get isKnown(): boolean {
    return this.isFilled || this.latest !== null || this.feeds.family.head.overlay.has(this.slot)
  }

  // ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────

  read(frame: Frame): unknown {
    let seen = this.look(frame)
    if (seen === null) {
      this.connect()
      if (this.latest !== null) this.fill()
      seen = this.look(frame)
    }
    return seen === null ? this.wait(frame) : this.show(frame, seen)
  }

  /** What stands in the place of the slot; null: an unfilled Waiting. */
  private look(frame: Frame): Seen | null {
    const { branch } = frame
    const { slot } = this
    if (frame.state === READING) {
      const local = localOf(branch, slot) as Slot
      const found = fillOf(slot, local.value, local.stamp !== ABSENT)
      if (found instanceof Waiting) return null
      if (found !== null) assignSlot(local, found.value, found.stamp, branch.revision)
      return local
    }
    const record = recordIn(branch, slot)
    const found = fillOf(slot, record?.value, record !== undefined)
    if (found instanceof Waiting) return null
    return found === null ? (record as Seen) : { ...found, changedAt: branch.base }
  }

  private show(frame: Frame, seen: Seen): unknown {
    const edge = frame.link(this.home(frame))
    if (edge !== null || frame.job?.reads) completeRead(frame, this.home(frame), edge, frame.run, seen)
    if (seen.value instanceof SourceFailure) throw seen.value.error
    return seen.value
  }

  /** The record that the edges of the evaluation lead to. */
  private home(frame: Frame): Slot {
    return localOf(frame.branch.home, this.slot) as Slot
  }

  private wait(frame: Frame): Promise<unknown> {
    const job = jobOf(frame)
    const { signal } = (job.controller ??= new AbortController())
    const { waiters } = this.waiting
    this.readers++
    return new Promise((resolve) => {
      const leave = (): void => {
        waiters.delete(filled)
        this.readers--
        this.feeds.look(this)
      }
      const filled = (): void => {
        signal.removeEventListener('abort', leave)
        leave()
        resolve(undefined)
      }
      waiters.add(filled)
      signal.addEventListener('abort', leave, { once: true })
    }).then(() => (frame.state === ENDED ? undefined : this.show(frame, this.look(frame) as Seen)))
  }

  // ── Connecting ─────────────────────────────────────────────────────────────────────────────────────────────────

  private connect(): void {
    if (this.connection !== null || this.retry !== null || this.isConnecting) return
    const { family } = this.feeds
    this.isConnecting = true
    this.feeds.hold(this)
    try {
      const connection = follow(this.definition.connect(...(argsOf(this.cell) as never)), `What the function of ${this.definition.name} gives`).subscribe({
        next: (value) => this.take(value),
        error: (error: unknown) => this.fail(error),
        complete: () => this.complete(),
      })
      if (!connection.closed) this.connection = connection
    } catch (error) {
      this.fail(error)
    } finally {
      this.isConnecting = false
      // What the Observable asked for could not be computed on this stack: the body will run again.
      if (family.unwind !== null) this.cut()
    }
  }

  /** Ends the connection, and what was to follow it. */
  cut(): void {
    const { connection, retry, feeds } = this
    this.connection = null
    this.retry = null
    this.latest = null
    this.failures = 0
    if (retry !== null) feeds.clock.clearTimeout(retry)
    if (connection !== null) feeds.family.delivery.guard(() => connection.unsubscribe())
  }

  /** What is known of it is forgotten, with this change. */
  clear(): Change {
    this.waiting = new Waiting()
    return { slot: this.slot, value: this.waiting, present: true, removed: false }
  }

  // ── What the Observable tells ──────────────────────────────────────────────────────────────────────────────────

  private take(value: unknown): void {
    this.failures = 0
    try {
      if (this.last === null || !this.isEqual(this.last.value, value)) this.last = { value }
      this.put(this.last.value)
    } catch (error) {
      this.put(new SourceFailure(new EqualityError(this.definition.name, error)))
    }
  }

  private isEqual(a: unknown, b: unknown): boolean {
    const { equals } = this.definition
    if (equals === undefined) return defaultEquals(a, b)
    return equals !== false && (Object.is(a, b) || (equals as (x: unknown, y: unknown) => boolean)(a, b))
  }

  private fail(error: unknown): void {
    const { family, clock } = this.feeds
    if (family.unwind !== null && error === family.unwind) return
    this.connection = null
    let failure = error
    let pause: number | null = null
    try {
      pause = this.pauseAfter(error)
    } catch (thrown) {
      failure = thrown
    }
    if (pause !== null) {
      this.retry = clock.setTimeout(() => {
        this.retry = null
        this.connect()
        if (this.latest !== null) this.settle()
      }, pause)
      // Whoever waits goes on waiting: for the last attempt.
      if (this.waiting.fill === null && this.latest === null) return
    }
    this.put(new SourceFailure(failure))
  }

  private pauseAfter(error: unknown): number | null {
    const { retry } = this.definition
    if (retry === undefined || this.failures >= retry.times) return null
    return pauseOf(retry, ++this.failures, error)
  }

  private complete(): void {
    this.connection = null
    if (this.waiting.fill === null && this.latest === null) this.put(new SourceFailure(new EmptySourceError(idOf(this.cell))))
    // Its last value stays for good; a failure only until nobody needs it.
    if (!(this.outcome instanceof SourceFailure)) this.feeds.release(this)
  }

  /** The first outcome fills; until somebody has seen it, a later one takes its place. Every other one is a commit. */
  private put(value: unknown): void {
    this.outcome = value
    if (this.waiting.fill !== null) {
      this.write(value)
      return
    }
    const isFirst = this.latest === null
    this.latest = { value }
    if (isFirst && !this.isConnecting) queueMicrotask(() => this.settle())
  }

  private settle(): void {
    if (this.latest === null || this.feeds.family.closed) return
    this.fill()
    this.feeds.family.host.idle()
  }

  /** Puts the first outcome in its place, and in that of every view that has nothing else. */
  private fill(): void {
    const { family } = this.feeds
    const { head, settings } = family
    const { slot, waiting } = this
    let value = (this.latest as { readonly value: unknown }).value
    this.latest = null
    if (settings.freeze) deepFreeze(value, family.frozen)
    if (settings.stateBytes !== Infinity) {
      const bytes = head.bytes + storedBytes(value)
      if (bytes > settings.stateBytes) value = this.refused(new LimitExceededError('stateBytes', settings.stateBytes, bytes))
      else head.bytes = bytes
    }
    const stamp = family.stamps++
    waiting.fill = { value, stamp }
    if (head.root !== null && slot.changedAt <= head.rootRevision) head.written.push(slot)
    assignSlot(slot, value, stamp, head.revision)
    for (const filled of waiting.waiters) filled()
    this.feeds.look(this)
  }

  private write(value: unknown): void {
    const { waiting, feeds: { family } } = this
    const { delivery } = family
    const label = (): string => `source ${idOf(this.cell)}`
    // Where it has been disconnected since, an older value must not overwrite what came later.
    const run = (): void => (this.waiting === waiting && !family.closed ? this.commit(value) : undefined)
    if (!delivery.isBusy()) return delivery.guard(run)
    delivery.announce(label, run)
    queueMicrotask(() => family.host.idle())
    return undefined
  }

  private commit(value: unknown): void {
    const { head } = this.feeds.family
    try {
      commit(head, [{ slot: this.slot, value, present: true, removed: false }], [])
    } catch (error) {
      if (!(error instanceof LimitExceededError)) throw error
      commit(head, [{ slot: this.slot, value: this.refused(error), present: true, removed: false }], [])
    }
  }

  /** A failure takes the place of the value: if that was the last, too, it stays only until nobody needs it. */
  private refused(error: LimitExceededError): SourceFailure {
    this.outcome = new SourceFailure(error)
    this.feeds.hold(this)
    return this.outcome as SourceFailure
  }
}
