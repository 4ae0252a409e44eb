/** Recording what happens. */
import { aListOf, checkOptions, isList, type Rule } from '../core/check.js'
import { debugView, type EventCategory, eventCategories, type RuntimeEvent, type View } from '../index.js'

/** What a collector has recorded. */
export interface Trace {
  /** In the order in which they happened. */
  readonly events: readonly RuntimeEvent[]
  /** How many of the oldest were dropped, because there was no room. */
  readonly dropped: number
  /** When recording began and ended, by the clock of the events. */
  readonly startedAt: number
  readonly stoppedAt: number
}

/** What `stop` and `peek` give, also after a way through JSON. */
export const aTrace: Rule = [(value) => typeof value === 'object' && value !== null && isList((value as Partial<Trace>).events), 'what a TraceCollector gives']

export interface TraceOptions {
  /** How many events are kept; the oldest go first. Default 100 000. */
  readonly capacity?: number
  /** Default: all. */
  readonly categories?: readonly EventCategory[]
}

const aRoom: Rule = [(value) => Number.isInteger(value) && (value as number) >= 1, 'a whole number above 0']
const rules = { capacity: aRoom, categories: aListOf(() => true, 'categories of events') }

/**
 * Records the events of a view, as they happen and not as they are told, so that none is missing when it stops. It holds at most
 * `capacity` of them.
 *
 * ```ts
 * const collector = TraceCollector.start(db)
 * const trace = collector.stop()
 * ```
 */
export class TraceCollector implements Disposable {
  private readonly capacity: number
  private readonly startedAt = performance.now()
  private readonly end: () => void
  private ring: RuntimeEvent[] = []
  /** How many events there were; the ring holds the last of them. */
  private count = 0
  private trace: Trace | null = null

  private constructor(view: View, options: TraceOptions) {
    checkOptions('', options, rules)
    const { capacity = 100_000, categories = eventCategories } = options
    this.capacity = capacity
    this.end = debugView(view).tap(categories, (event) => {
      if (this.ring.length < capacity) this.ring.push(event)
      else this.ring[this.count % capacity] = event
      this.count++
    })
  }

  /** @throws `InvalidDefinitionError` where the view or an option is none */
  static start(view: View, options: TraceOptions = {}): TraceCollector {
    return new TraceCollector(view, options)
  }

  /** What has been recorded so far; recording goes on. */
  peek(): Trace {
    if (this.trace !== null) return this.trace
    const { ring, count, capacity, startedAt } = this
    const first = count > capacity ? count % capacity : 0
    const events = first === 0 ? ring.slice() : [...ring.slice(first), ...ring.slice(0, first)]
    return Object.freeze({ events: Object.freeze(events), dropped: count - events.length, startedAt, stoppedAt: performance.now() })
  }

  /** Ends the recording. Later calls give the same trace. */
  stop(): Trace {
    if (this.trace === null) {
      this.end()
      this.trace = this.peek()
      this.ring = []
    }
    return this.trace
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}
