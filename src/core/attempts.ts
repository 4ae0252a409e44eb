/**
 * Retries and timeouts: a body that is tried more than once within one run. To everybody else it is one evaluation of one revision,
 * with one job, one signal and one outcome: that of the last attempt.
 */
import type { Clock } from './clock.js'
import type { AsyncOptions, Retry } from './define.js'
import { ClosedError, CycleError, DisposedError, FinishedQueryError, QueryTimeoutError } from './errors.js'

/** `q` as an attempt sees it: with a signal of its own, and no use after its end. */
export interface Attempt {
  /** Its reads end; with a reason its signal fires. */
  end(reason: QueryTimeoutError | null): void
}

/** An attempt on its way. */
interface Running {
  readonly attempt: Attempt
  readonly result: Promise<unknown>
}

/** The `q` of a run. */
export interface Attemptable {
  attempt(): Attempt
  /** Fires when nobody waits for the run any more. */
  readonly signal: AbortSignal
  /** The run has ended. */
  readonly isOver: boolean
}

type Body = (q: never, ...args: never) => unknown

/** The body that tries another body as its definition wants. */
export function withAttempts(name: string, body: Body, options: AsyncOptions, clock: Clock): Body {
  return (q: Attemptable, ...args: readonly unknown[]) => new Attempts(name, body as never, options, clock, q, args).start()
}

class Attempts {
  private readonly name: string
  private readonly body: (q: Attempt, ...args: readonly unknown[]) => unknown
  private readonly options: AsyncOptions
  private readonly clock: Clock
  private readonly q: Attemptable
  private readonly args: readonly unknown[]
  private failures = 0

  constructor(name: string, body: Attempts['body'], options: AsyncOptions, clock: Clock, q: Attemptable, args: readonly unknown[]) {
    this.name = name
    this.body = body
    this.options = options
    this.clock = clock
    this.q = q
    this.args = args
  }

  /** The first attempts, which end on the stack. */
  start(): unknown {
    for (;;) {
      const attempt = this.q.attempt()
      let result: unknown
      try {
        result = this.body(attempt, ...this.args)
      } catch (error) {
        const pause = this.pauseAfter(attempt, error)
        if (pause > 0) return this.follow(null, pause)
        continue
      }
      return isThenable(result) ? this.follow({ attempt, result: Promise.resolve(result) }, 0) : result
    }
  }

  /** Waits for an attempt, and makes others after pauses. */
  private async follow(first: Running | null, firstPause: number): Promise<unknown> {
    let running = first
    let pause = firstPause
    for (;;) {
      if (running === null) {
        if (pause > 0) await this.timed(pause, (resolve) => () => resolve(undefined))
        running = this.begin()
      }
      try {
        return await this.within(this.options.timeout, running.result)
      } catch (error) {
        pause = this.pauseAfter(running.attempt, error)
        running = null
      }
    }
  }

  private begin(): Running {
    const attempt = this.q.attempt()
    try {
      return { attempt, result: Promise.resolve(this.body(attempt, ...this.args)) }
    } catch (error) {
      return { attempt, result: Promise.reject(error) }
    }
  }

  private within(milliseconds: number | undefined, result: Promise<unknown>): Promise<unknown> {
    if (milliseconds === undefined) return result
    return this.timed(milliseconds, (resolve, reject) => {
      result.then(resolve, reject)
      return () => reject(new QueryTimeoutError(this.name, milliseconds))
    })
  }

  /** A promise with a timer, which goes when the promise is settled or nobody waits any more. */
  private timed(milliseconds: number, begin: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => () => void): Promise<unknown> {
    const { clock } = this
    const { signal } = this.q
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clock.clearTimeout(timer)
        signal.removeEventListener('abort', leave)
      }
      const leave = (): void => {
        stop()
        reject(signal.reason)
      }
      const onTime = begin(
        (value) => {
          stop()
          resolve(value)
        },
        (error) => {
          stop()
          reject(error)
        },
      )
      const timer = clock.setTimeout(onTime, milliseconds)
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave)
    })
  }

  /** Ends a failed attempt; how long to wait before the next one. @throws the error, where there is none */
  private pauseAfter(attempt: Attempt, error: unknown): number {
    attempt.end(error instanceof QueryTimeoutError ? error : null)
    const { retry } = this.options
    if (retry === undefined || this.failures >= retry.times || this.q.isOver || isFinal(error)) throw error
    this.failures++
    const pause = pauseOf(retry, this.failures, error)
    // The delay may have made everybody leave.
    if (this.q.isOver) throw error
    return pause === 0 && this.failures % IN_A_ROW === 0 ? 1 : pause
  }
}

/** So many attempts may follow each other at once before timers, and callers who leave by them, have a turn. */
const IN_A_ROW = 1000

/** How many milliseconds to wait after so many failures. */
export function pauseOf({ delay = 0 }: Retry, failures: number, error: unknown): number {
  const wanted = typeof delay === 'function' ? delay(failures, error) : delay
  return wanted > 0 ? wanted : 0
}

/** Another attempt at the same revision cannot end otherwise. */
function isFinal(error: unknown): boolean {
  return error instanceof CycleError || error instanceof FinishedQueryError || error instanceof ClosedError || error instanceof DisposedError
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && typeof (value as { then?: unknown }).then === 'function'
}
