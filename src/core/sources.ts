/**
 * Sources: inputs that an Observable feeds while somebody needs them.
 *
 * A connection is needed while a live query or a pin depends on it, or an evaluation waits for it. Whether that is so is looked at when something
 * may have changed, `grace` milliseconds later: a timer runs only when a live query has gone, a dependency was dropped, or nobody was there
 * to begin with.
 */
import type { Evaluation, Family, Feeding } from './branch.js'
import type { Clock } from './clock.js'
import { commit } from './commit.js'
import type { Frame } from './frame.js'
import type { Cell } from './node.js'
import { NEEDED, Needs, UNNEEDED } from './needs.js'
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
  /** How many edges had been cut when the connections were last looked through. */
  private sweptCuts = 0
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
      this.sweptCuts = this.cuts
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
    if (this.due.size === 0) return
    const needs = new Needs(this.family, nobody)
    for (const feed of this.due) {
      this.due.delete(feed)
      feed.unneededSince = isNeeded(feed, needs) ? null : now
      if (feed.unneededSince !== null) this.schedule(now + feed.grace)
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
    const ended: Feed[] = []
    const isQuiet = this.gone.length === 0 && this.sweptCuts === this.family.cuts
    const needs = new Needs(this.family, new Map(this.gone.map(({ cell, at }) => [cell, at])))
    this.gone = []
    this.sweptCuts = this.family.cuts
    for (const feed of this.held) {
      // Where nobody has gone and nothing was dropped since the last sweep, who was needed is needed, and who was not waits for his time.
      if (isQuiet && (feed.unneededSince ?? Infinity) + feed.grace > now) {
        if (feed.unneededSince !== null) next = Math.min(next, feed.unneededSince + feed.grace)
        continue
      }
      const since = this.unneededSince(feed, needs, now)
      feed.unneededSince = since
      if (since === null) continue
      if (since + feed.grace > now) next = Math.min(next, since + feed.grace)
      else ended.push(feed)
    }
    this.end(ended)
    if (next < Infinity) this.schedule(next)
    this.family.host.idle()
  }

  /** When the last live query that needed it went, or dropped it; null: it is needed. */
  private unneededSince(feed: Feed, needs: Needs, now: number): number | null {
    if (isNeeded(feed, needs)) return null
    const since = Math.max(feed.unneededSince ?? UNNEEDED, needs.until(feed.cell))
    if (since > UNNEEDED) return since
    return this.cutAt === -Infinity ? now : this.cutAt
  }

  /** They end together: what was known of any of them is unknown from one revision on. */
  private end(feeds: readonly Feed[]): void {
    const known: Feed[] = []
    for (const feed of feeds) {
      // Whoever was told of the end of another one may have ended it already, or waits for its first value now.
      if (feed.unneededSince === null || feed.readers > 0) continue
      this.release(feed)
      if (feed.isFilled) known.push(feed)
      feed.cut()
    }
    if (known.length > 0) commit(this.family.head, known.map((feed) => feed.clear()), [])
  }
}

const nobody: ReadonlyMap<Cell, number> = new Map()

/** A live query or a pin depends on it, or an evaluation waits for it. */
function isNeeded({ readers, cell }: Feed, needs: Needs): boolean {
  return readers > 0 || needs.until(cell) === NEEDED
}
