/**
 * Sources: inputs that an Observable feeds while somebody needs them.
 *
 * A connection is needed while a live query or a pin depends on it, or an evaluation waits for it. Whether that is so is looked at when something
 * may have changed, `grace` milliseconds later: a timer runs only when a live query has gone, a dependency was dropped, or nobody was there
 * to begin with.
 */
import type { Evaluation, Family, Feeding } from './branch.js'
import type { Clock } from './clock.js'
import type { Frame } from './frame.js'
import { dependentsOf } from './graph.js'
import type { Cell } from './node.js'
import { Feed, type Keeper } from './source-key.js'

/** A live query has gone. */
interface Gone {
  readonly cell: Cell
  readonly at: number
}

/** All sources of a database. */
export class Feeds implements Feeding, Keeper {
  readonly family: Family
  private readonly feeds = new Map<Cell, Feed>()
  /** Those that a connection, or a failure, is held for. */
  private readonly held = new Set<Feed>()
  /** Those to be looked at when the stack is empty. */
  private readonly due = new Set<Feed>()
  private gone: Gone[] = []
  /** How many edges were cut when somebody last looked, and when it was more. */
  private cuts = 0
  private cutAt = -Infinity
  private shortest = Infinity
  private timer: { readonly handle: unknown; readonly at: number } | null = null

  constructor(family: Family) {
    this.family = family
  }

  get clock(): Clock {
    return this.family.settings.clock
  }

  read(frame: Evaluation): unknown {
    const { origin } = frame.cell
    let feed = this.feeds.get(origin)
    if (feed === undefined) {
      feed = new Feed(this, origin)
      this.feeds.set(origin, feed)
      this.shortest = Math.min(this.shortest, feed.grace)
    }
    return feed.read(frame as Frame)
  }

  hold(feed: Feed): void {
    if (this.held.size === 0) {
      this.cuts = this.family.cuts
      this.family.afterIdle.add(this.afterIdle)
    }
    this.held.add(feed)
    this.due.add(feed)
  }

  release(feed: Feed): void {
    this.held.delete(feed)
    this.due.delete(feed)
    feed.unneededSince = null
    if (this.held.size > 0) return
    this.family.afterIdle.delete(this.afterIdle)
    this.gone = []
    this.stop()
  }

  look(feed: Feed): void {
    if (!this.held.has(feed) || this.family.closed) return
    this.due.add(feed)
    if (this.family.active === null) queueMicrotask(this.afterIdle)
  }

  unwatched(cell: Cell): void {
    if (this.held.size === 0 || this.family.closed) return
    const at = this.clock.now()
    this.gone.push({ cell, at })
    // A query of no name is about to drop what it has read.
    this.cutAt = at
    this.schedule(at + this.shortest)
  }

  holds(cell: Cell): boolean {
    const feed = this.feeds.get(cell)
    return feed !== undefined && (this.held.has(feed) || feed.isKnown)
  }

  forget(cell: Cell): void {
    this.feeds.delete(cell)
  }

  close(): void {
    this.stop()
    for (const feed of this.held) feed.cut()
    this.held.clear()
    this.family.afterIdle.clear()
  }

  private readonly afterIdle = (): void => {
    if (this.family.active !== null || this.held.size === 0) return
    const now = this.clock.now()
    if (this.family.cuts !== this.cuts) {
      this.cuts = this.family.cuts
      this.cutAt = now
      this.schedule(now + this.shortest)
    }
    for (const feed of this.due) {
      this.due.delete(feed)
      if (isNeeded(feed)) feed.unneededSince = null
      else {
        feed.unneededSince = now
        this.schedule(now + feed.grace)
      }
    }
  }

  private schedule(at: number): void {
    if (this.timer !== null && this.timer.at <= at) return
    this.stop()
    const handle = this.clock.setTimeout(() => {
      this.timer = null
      this.sweep(Math.max(at, this.clock.now()))
    }, Math.max(0, at - this.clock.now()))
    this.timer = { handle, at }
  }

  private stop(): void {
    if (this.timer !== null) this.clock.clearTimeout(this.timer.handle)
    this.timer = null
  }

  /** Ends the connections that nobody has needed for long enough. */
  private sweep(now: number): void {
    let next = Infinity
    const gone = new Map(this.gone.map(({ cell, at }) => [cell, at]))
    this.gone = []
    for (const feed of this.held) {
      if (isNeeded(feed)) {
        feed.unneededSince = null
        continue
      }
      const since = this.neededUntil(feed, gone, now)
      feed.unneededSince = since
      if (since + feed.grace > now) next = Math.min(next, since + feed.grace)
      else {
        this.release(feed)
        feed.disconnect()
      }
    }
    if (next < Infinity) this.schedule(next)
    this.family.host.idle()
  }

  /** When the last live query that needed it went, or dropped it. */
  private neededUntil(feed: Feed, gone: ReadonlyMap<Cell, number>, now: number): number {
    let until = feed.unneededSince ?? -Infinity
    if (gone.size > 0) for (const cell of [feed.cell, ...dependentsOf(feed.cell)]) until = Math.max(until, gone.get(cell) ?? -Infinity)
    if (until === -Infinity) until = this.cutAt
    return until === -Infinity ? now : until
  }
}

/** A live query or a pin depends on it, or an evaluation waits for it. */
function isNeeded({ readers, cell, feeds }: Feed): boolean {
  const { family } = feeds
  if (readers > 0 || cell.watcher !== null || family.isPinned(cell)) return true
  for (const reader of dependentsOf(cell)) if (reader.watcher !== null || family.isPinned(reader)) return true
  return false
}
