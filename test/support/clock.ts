/** A clock that the test moves by hand. */
import { flush } from 'pebre/testing'
import type { Clock } from '../../src/index.js'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

export class HandClock implements Clock {
  private time = 0
  private readonly timers = new Set<Timer>()

  now(): number {
    return this.time
  }

  setTimeout(callback: () => void, milliseconds: number): Timer {
    const timer = { at: this.time + milliseconds, callback }
    this.timers.add(timer)
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.timers.delete(timer as Timer)
  }

  /** How many timers are waiting. */
  get waiting(): number {
    return this.timers.size
  }

  /** Fires the timers that are due, on this very stack. */
  fire(): void {
    for (const timer of Array.from(this.timers)) if (timer.at <= this.time && this.timers.delete(timer)) timer.callback()
  }

  /** Lets time pass: each timer in its turn, and everything that can run after it. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds
    for (;;) {
      await flush()
      const [next] = Array.from(this.timers).filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)
      if (next === undefined) break
      this.timers.delete(next)
      this.time = next.at
      next.callback()
    }
    this.time = end
  }
}
