/** A clock that a test moves. */
import { aFunction, check, type Rule } from '../core/check.js'
import { flush } from './gates.js'

/** A clock that went back, or stood at no time, would run timers that are not due. */
const aMoment: Rule = [(value) => Number.isFinite(value) && (value as number) >= 0, 'a number of milliseconds that is not negative']

interface Timer {
  readonly handle: number
  readonly due: number
  readonly run: () => void
}

/**
 * Time that passes only when the test says so, for everything that takes a clock (`now`, `setTimeout`, `clearTimeout`). No timer of the
 * platform is used, so nothing keeps the process alive. Its functions need no `this`.
 *
 * ```ts
 * const clock = new FakeClock()
 * clock.setTimeout(() => console.log('late'), 100)
 * clock.advance(100)
 * ```
 */
export class FakeClock {
  private time: number
  private handles = 0
  private timers: Timer[] = []

  constructor(start = 0) {
    check('The start of a clock', start, aMoment)
    this.time = start
  }

  /** Milliseconds. */
  readonly now = (): number => this.time

  /** Runs the function when the time has come; negative and missing delays count as 0. Gives the handle for `clearTimeout`. */
  readonly setTimeout = (run: () => void, delay = 0): number => {
    check('The callback of a timer', run, aFunction)
    const timer = { handle: ++this.handles, due: this.time + Math.max(0, delay), run }
    // Those of one time run in the order in which they were set.
    const after = this.timers.findIndex(({ due }) => due > timer.due)
    this.timers.splice(after < 0 ? this.timers.length : after, 0, timer)
    return timer.handle
  }

  /** Takes a timer back; one that has run or is unknown is no error. */
  readonly clearTimeout = (handle: unknown): void => {
    this.timers = this.timers.filter((timer) => timer.handle !== handle)
  }

  /** How many timers wait. */
  get pending(): number {
    return this.timers.length
  }

  /** Lets so many milliseconds pass. Timers run in the order of their times, each at its time, those that are set meanwhile too. What one throws is thrown. */
  advance(milliseconds: number): void {
    check('The time that passes', milliseconds, aMoment)
    const until = this.time + milliseconds
    while (this.runNext(until));
    this.time = until
  }

  /** Like `advance`, but lets promise reactions run before, between and after the timers. */
  async run(milliseconds: number): Promise<void> {
    check('The time that passes', milliseconds, aMoment)
    const until = this.time + milliseconds
    await flush()
    while (this.runNext(until)) await flush()
    this.time = until
  }

  private runNext(until: number): boolean {
    const timer = this.timers[0]
    if (timer === undefined || timer.due > until) return false
    this.timers.shift()
    this.time = timer.due
    timer.run()
    return true
  }
}
