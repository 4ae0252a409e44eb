/**
 * Where time comes from: retries, timeouts and the grace of sources ask a clock and nothing else. Without them no timer is
 * ever started.
 */

/** A source of time. `createDatabase({ clock })` takes one; tests give one that they move by hand. */
export interface Clock {
  /** Milliseconds since any moment; it never goes back. */
  now(): number
  /** Calls back once, after at least so many milliseconds. Should not keep a process alive. */
  setTimeout(callback: () => void, milliseconds: number): unknown
  /** Takes back what `setTimeout` returned. */
  clearTimeout(timer: unknown): void
}

interface Timer {
  handle: ReturnType<typeof setTimeout> | undefined
}

/** What a timer of a platform can wait for at most; one of more would go off at once. */
const LONGEST = 2 ** 31 - 1

/** What the platform has; its timers do not keep a process alive. Looked up at each call, so that tests may replace it. */
export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  setTimeout(callback: () => void, milliseconds: number): unknown {
    const timer: Timer = { handle: undefined }
    const wait = (left: number): void => {
      const handle: unknown = left > LONGEST ? setTimeout(() => wait(left - LONGEST), LONGEST) : setTimeout(callback, left)
      if (typeof handle === 'object' && handle !== null) (handle as { unref?: () => void }).unref?.()
      timer.handle = handle as Timer['handle']
    }
    wait(milliseconds)
    return timer
  },
  clearTimeout(timer: unknown): void {
    clearTimeout((timer as Timer | null)?.handle)
  },
})
