/**
 * What an asynchronous live query does with a commit that overtakes its evaluation. By default (`live.ts`) it finishes and emits
 * what runs, then computes the newest. Here are the other two:
 *
 *   restart   gives up what runs and computes the newest, but not more than k times in a row: so it keeps emitting
 *   every     evaluates at every revision that reaches it, and emits all results in the order of their revisions
 */
import { type Branch, Job, type Outsider, type Wait } from './branch.js'
import { aFunction, aWhole, checkOptions, oneOf } from './check.js'
import type { Engine } from './engine.js'
import type { Cell, Outcome } from './node.js'
import { addWait, leave } from './job.js'
import { abandoned, LiveCell, type MakeLive } from './live.js'
import { ABSENT, type Revision, type Stamp } from './revision.js'

/** How a live query of its own treats commits that come while it is being evaluated. Synchronous queries never notice. */
export interface LiveOptions {
  /**
   * `'latest'` (default): what runs is finished and emitted, then the newest is computed. `'restart'`: what runs is given up for the
   * newest. `'every'`: each revision that may change the result is evaluated, and all results are emitted in order.
   */
  readonly policy?: 'latest' | 'restart' | 'every'
  /** With `'restart'`: how many times in a row it may start again before a result is let finish. Default 3. */
  readonly restarts?: number
  /** With `'every'`: how many revisions may wait behind the oldest one at work. When one more comes, the newest but one goes, or one that may change nothing. Default 100. */
  readonly buffer?: number
  /** With `'every'`: told how many revisions were left out so far, each time one is. */
  readonly onDropped?: (dropped: number) => void
}

/** @throws InvalidDefinitionError for options that make no sense */
export function makerOf(options: LiveOptions): MakeLive | undefined {
  checkOptions('', options, rules)
  const { policy = 'latest', restarts = 3, buffer = 100, onDropped } = options
  if (policy === 'latest') return undefined
  if (policy === 'restart') return (branch, engine, origin) => new RestartingCell(branch, engine, origin, restarts)
  return (branch, engine, origin) => new CompleteCell(branch, engine, origin, buffer, onDropped)
}

const rules = { policy: oneOf('latest', 'restart', 'every'), restarts: aWhole(0), buffer: aWhole(1), onDropped: aFunction }

/** Gives up what runs for the newest. */
class RestartingCell extends LiveCell {
  private readonly limit: number
  /** How often it was given up since the last result. */
  private restarts = 0

  constructor(branch: Branch, engine: Engine, origin: Cell, limit: number) {
    super(branch, engine, origin)
    this.limit = limit
  }

  override update(): void {
    const { wait: before } = this
    if (before === null || this.restarts >= this.limit || this.branch.disposed) {
      super.update()
      return
    }
    // The new one first: it may go on with what the old one has, which must not be cancelled before.
    const found = this.engine.demand(this.branch, this.cell, null)
    // Bodies have run, and one of them may have unsubscribed.
    if (this.wait !== before || found === before.target) return
    this.wait = null
    if (!(found instanceof Job)) {
      this.stateAt = this.branch.revision
      this.take(found)
    } else {
      if (!isFollowing(found, before.target)) this.restarts++
      this.await(found)
    }
    leave(before, abandoned(this.branch.family))
  }

  protected override take(outcome: Outcome, against?: Stamp): void {
    this.restarts = 0
    super.take(outcome, against)
  }
}

/** The job proves what another one, which is on its way, will find. */
function isFollowing(job: Job, target: Job): boolean {
  for (let wait = job.waits; wait !== null; wait = wait.nextWait) if (wait.target === target) return true
  return false
}

/** One revision to be told. */
class Entry implements Outsider {
  readonly revision: Revision
  private readonly live: CompleteCell
  wait: Wait | null = null
  outcome: Outcome | null = null
  against: Stamp = ABSENT
  /** Nobody knows yet whether the revision changes anything. */
  isOpen = false

  constructor(revision: Revision, live: CompleteCell) {
    this.revision = revision
    this.live = live
  }

  ended(outcome: Outcome | null): void {
    this.live.endedAt(this, outcome)
  }
}

/** Evaluates at every revision that reaches it. */
class CompleteCell extends LiveCell {
  private readonly limit: number
  private readonly onDropped: ((dropped: number) => void) | undefined
  /** What has not been told, in the order of revisions. */
  private readonly entries: Entry[] = []
  private dropped = 0

  constructor(branch: Branch, engine: Engine, origin: Cell, limit: number, onDropped: ((dropped: number) => void) | undefined) {
    super(branch, engine, origin)
    this.limit = limit
    this.onDropped = onDropped
  }

  override update(): void {
    if (this.first === null || this.branch.disposed) return
    const { entries } = this
    const found = this.engine.demand(this.branch, this.cell, null)
    if (!(found instanceof Job) && entries.length === 0) {
      this.stateAt = this.branch.revision
      this.take(found)
      return
    }
    const entry = new Entry(this.branch.revision, this)
    if (found instanceof Job) {
      entry.wait = addWait(found, null, null, null, entry)
      entry.isOpen = found.frame === null
    } else entry.outcome = copyOf(found)
    entries.push(entry)
    if (entries.length > this.limit + 1) this.drop(this.leastNeeded())
    // What is on its way may still read what the next commit changes.
    this.branch.passing.add(this)
    this.growStale()
  }

  /** The oldest is let finish, so that something is always told; the newest is what stands in the end. Those between that may change nothing go first. */
  private leastNeeded(): number {
    const { entries } = this
    const last = entries.length - 2
    for (let at = last; at > 0; at--) if (entries[at]?.isOpen === true) return at
    return last
  }

  private drop(at: number): void {
    const [{ wait }] = this.entries.splice(at, 1) as [Entry]
    if (wait !== null) leave(wait, abandoned(this.branch.family))
    this.dropped++
    const { onDropped, dropped } = this
    if (onDropped !== undefined) this.branch.family.delivery.guard(() => onDropped(dropped))
  }

  endedAt(entry: Entry, outcome: Outcome | null): void {
    entry.against = entry.wait?.target.against ?? ABSENT
    entry.wait = null
    if (outcome === null) this.entries.splice(this.entries.indexOf(entry), 1)
    else entry.outcome = copyOf(outcome)
    this.branch.family.delivery.announce(() => this.describe(), () => this.drain())
  }

  private drain(): void {
    const { entries } = this
    for (let outcome = entries[0]?.outcome; outcome != null; outcome = entries[0]?.outcome) {
      const { revision, against } = entries.shift() as Entry
      this.stateAt = revision
      // Evaluations of several revisions ran at once.
      this.isApart = true
      this.take(outcome, against)
      this.isApart = true
      this.tellAll()
    }
    if (entries.length > 0) {
      this.branch.passing.add(this)
      this.growStale()
    }
    // What was found at an older revision may not have been proved for this one.
    else this.update()
    this.tellAll()
  }

  protected override leaveWaits(): void {
    for (const { wait } of this.entries.splice(0)) if (wait !== null) leave(wait, abandoned(this.branch.family))
  }
}

function copyOf({ value, flags, stamp, changedAt }: Outcome): Outcome {
  return { value, flags, stamp, changedAt }
}
