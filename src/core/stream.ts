/**
 * Streams as async iterables. A loop that is slower than its stream does not queue what it misses: it gets the latest, or what a
 * buffer of a given size holds.
 */
import { from, type Observable, type ObservableInput, type Subscriber } from 'rxjs'
import { aFunction, checkOptions, type Rule } from './check.js'
import { describeValue } from './describe.js'
import { InvalidDefinitionError } from './errors.js'

export interface IterateOptions {
  /** How many emissions wait for the loop. When one more comes, the oldest goes. Default 1: the latest wins. */
  readonly buffer?: number
  /** Told how many emissions the loop has missed so far, each time it misses one. */
  readonly onDropped?: (dropped: number) => void
}

/** An Observable that `for await` can loop over. Leaving the loop unsubscribes. */
export interface Stream<T> extends Observable<T>, AsyncIterable<T> {
  /** Like `for await` over the stream itself, with a buffer of your size. Subscribes at the first `next`. @throws `InvalidDefinitionError` for options that are none */
  iterate(options?: IterateOptions): AsyncIterableIterator<T>
}

const aBuffer: Rule = [(value) => Number.isInteger(value) && (value as number) >= 1, 'a whole number that is at least 1']
const rules = { buffer: aBuffer, onDropped: aFunction }

interface Demand<T> {
  readonly resolve: (result: IteratorResult<T>) => void
  readonly reject: (error: unknown) => void
}

/** One loop over a stream. */
export class StreamIterator<T> implements AsyncIterableIterator<T> {
  private readonly observable: Observable<T>
  private readonly limit: number
  private readonly onDropped: ((dropped: number) => void) | undefined
  private readonly report: (error: unknown) => void
  /** What waits for the loop, as a ring. */
  private readonly held: T[] = []
  private first = 0
  private dropped = 0
  /** Calls of `next` that wait for the stream. */
  private readonly demands: Demand<T>[] = []
  private phase: 'idle' | 'open' | 'ended' = 'idle'
  private failure: { readonly error: unknown } | null = null
  private leave: (() => void) | null = null

  constructor(observable: Observable<T>, options: IterateOptions, report: (error: unknown) => void) {
    checkOptions('', options, rules)
    const { buffer = 1, onDropped } = options
    this.observable = observable
    this.limit = buffer
    this.onDropped = onDropped
    this.report = report
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      if (this.phase === 'idle') this.open()
      if (this.held.length > 0) resolve({ done: false, value: this.take() })
      else if (this.phase === 'open') this.demands.push({ resolve, reject })
      else this.finish({ resolve, reject })
    })
  }

  /** What `break` calls: unsubscribes, and ends the loop. */
  return(): Promise<IteratorResult<T>> {
    this.held.length = 0
    this.first = 0
    this.failure = null
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  throw(error: unknown): Promise<IteratorResult<T>> {
    void this.return()
    return Promise.reject(error)
  }

  private open(): void {
    this.phase = 'open'
    const subscription = this.observable.subscribe({
      next: (value) => this.hold(value),
      error: (error: unknown) => {
        this.failure = { error }
        this.end()
      },
      complete: () => this.end(),
    } satisfies Partial<Subscriber<T>>)
    this.leave = () => subscription.unsubscribe()
    if (this.phase === ('ended' as string)) this.leave()
  }

  private hold(value: T): void {
    const demand = this.demands.shift()
    if (demand !== undefined) {
      demand.resolve({ done: false, value })
      return
    }
    if (this.held.length < this.limit) {
      this.held.push(value)
      return
    }
    this.held[this.first] = value
    this.first = (this.first + 1) % this.limit
    this.dropped++
    try {
      this.onDropped?.(this.dropped)
    } catch (error) {
      this.report(error)
    }
  }

  /** The oldest that is held. */
  private take(): T {
    if (this.first > 0) {
      // In order again, so that the ring may shrink.
      this.held.push(...this.held.splice(0, this.first))
      this.first = 0
    }
    return this.held.shift() as T
  }

  private end(): void {
    this.phase = 'ended'
    this.leave?.()
    for (const demand of this.demands.splice(0)) this.finish(demand)
  }

  /** Answers a demand after the end: the failure once, then that it is done. */
  private finish({ resolve, reject }: Demand<T>): void {
    const { failure } = this
    this.failure = null
    if (failure === null) resolve({ done: true, value: undefined })
    else reject(failure.error)
  }
}

/** What RxJS makes of an Observable, or of something like one. @throws InvalidDefinitionError for anything else */
export function follow<V>(source: ObservableInput<V>, what: string): Observable<V> {
  try {
    return from(source)
  } catch (cause) {
    // What a getter throws is its own.
    if (!(cause instanceof TypeError)) throw cause
    throw new InvalidDefinitionError(`${what} must be an Observable, or something else that RxJS can follow, and it is ${describeValue(source)}.`, { cause })
  }
}
