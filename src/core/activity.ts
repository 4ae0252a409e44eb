/** How busy a database is: counts of asynchronous evaluations, made only while somebody subscribes. */
import { Audience } from './audience.js'
import type { Family, Job } from './branch.js'
import { Outlet } from './delivery.js'
import type { Stream } from './stream.js'

/** Asynchronous evaluations of all views of a database. */
export interface Activity {
  /** Bodies that are on their way. */
  readonly running: number
  /** Evaluations that wait for others. */
  readonly waiting: number
  /** How many have ended, whichever way, since somebody began to listen. Never falls. */
  readonly finished: number
}

/** So many jobs are counted again at every change. With more, a count is made once for each so many changes. */
const AT_ONCE = 64

export class ActivityMeter {
  private readonly family: Family
  private readonly audience = new Audience<Activity>()
  /** What had ended when the first subscriber came. */
  private base = 0
  private told: Activity = { running: 0, waiting: 0, finished: 0 }
  private changes = 0
  private isDue = false

  constructor(family: Family) {
    this.family = family
  }

  stream(): Stream<Activity> {
    const { family, audience } = this
    return new Outlet(family.head.hub, (subscriber) => {
      if (audience.size === 0) {
        this.base = family.opened - family.jobs
        this.told = this.count()
        family.afterIdle.add(this.look)
      }
      const leave = audience.add(subscriber, () => true)
      subscriber.next(this.told)
      return () => {
        leave()
        if (audience.size === 0) family.afterIdle.delete(this.look)
      }
    })
  }

  /** Something may have begun or ended. */
  private readonly look = (): void => {
    if (++this.changes * AT_ONCE >= this.family.jobs) this.tell()
    else if (!this.isDue) this.tellAfter(Math.ceil(this.family.jobs / AT_ONCE))
  }

  /** Counts once so many microtasks have passed, so that counting costs no more than what is counted. */
  private tellAfter(turns: number): void {
    this.isDue = turns > 0
    if (turns > 0) queueMicrotask(() => this.tellAfter(turns - 1))
    else if (this.audience.size > 0) this.tell()
  }

  private tell(): void {
    this.changes = 0
    const now = this.count()
    const { running, waiting, finished } = this.told
    if (now.running === running && now.waiting === waiting && now.finished === finished) return
    this.told = now
    const { delivery, host } = this.family
    delivery.announce('activity$', () => this.audience.next(now))
    host.idle()
  }

  private count(): Activity {
    const { family } = this
    let waiting = 0
    for (const { jobs } of family.busy) for (let job = jobs; job !== null; job = job.next) if (isWaiting(job)) waiting++
    return Object.freeze({ running: family.jobs - waiting, waiting, finished: family.opened - family.jobs - this.base })
  }
}

/** It has no body on its way, or a body that awaits other queries. */
function isWaiting({ phase, waits }: Job): boolean {
  return phase === 'waiting' || (phase === 'suspended' && waits !== null)
}
