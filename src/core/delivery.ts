/**
 * Longer than 300 lines: the queue and all that is told through it.
 *
 * Telling the world. Everything subscribers hear goes through one queue per database, so all of them hear the same
 * order, and nobody hears anything before the state is whole:
 *
 *   commit ─> [ events, nodes, revision$, live queries ] ─> the next queued write ─> [ … ] ─> …
 *
 * Nothing is delivered while a query body is on the stack: what happens there waits for the end of the outermost call.
 * Writes made by subscribers wait until the commit they answer has been told to everybody. A subscriber that throws is
 * reported, and the rest go on.
 */
import { Observable, type Observer, type Operator, Subscriber, type Subscription } from 'rxjs'
import { NestedCommitError, WriteInQueryError } from './errors.js'
import type { RecordName } from './events.js'
import { type IterateOptions, type Stream, StreamIterator } from './stream.js'

/** What is being told; made into text only for an error. */
export type Label = string | (() => string)

/** How many writes, for each link a chain may have, subscribers may make in answer to one commit. */
const TREE = 1000

interface Task {
  readonly label: Label
  readonly run: () => void
  /** How many commits made by subscribers led here, one answering the other. */
  readonly chain: number
}

/** A queue that was once longer gives its memory back. */
const KEPT = 1024

/** The one queue of a database. */
export class Delivery {
  readonly limit: number
  readonly report: (error: unknown) => void
  /** A body is on the stack: nothing may be told now. */
  readonly isBusy: () => boolean
  /** The engine sees to all that is waiting, the queue included. */
  readonly idle: () => void
  /** The queue; what has been told is overwritten once all has been. */
  private announcements: (Task | undefined)[] = []
  private announced = 0
  private taken = 0
  private writes: Task[] = []
  /** Something is being told: writes are to be queued. */
  delivering = false
  /** Event objects made so far. */
  events = 0
  /** Names the query whose body is on top of the stack, where subscribing is refused. */
  bodyOnTop: () => string | null = () => null
  /** How many count reads and time: then hubs are active without a listener. */
  counting = 0
  /** How events name records; kept as long as somebody listens. */
  names: WeakMap<object, RecordName> = new WeakMap()
  /** Told of reads after the end, which often nobody sees. */
  misused: ((error: Error) => void) | null = null
  private label: Label = ''
  private answers = 0
  private chain = 0

  constructor(limit: number, report: (error: unknown) => void, isBusy: () => boolean, idle: () => void) {
    this.limit = limit
    this.report = (error) => {
      try {
        report(error)
      } catch (second) {
        queueMicrotask(() => {
          throw second
        })
      }
    }
    this.isBusy = isBusy
    this.idle = idle
  }

  get pending(): boolean {
    return this.announced > 0 || this.writes.length > 0
  }

  /** Tells something in its turn. */
  announce(label: Label, run: () => void): void {
    this.announcements[this.announced++] = { label, run, chain: this.chain }
  }

  /** Does a subscriber's write in its turn. @throws NestedCommitError where the chain is too long */
  defer(run: () => void): void {
    const chain = this.chain + 1
    // Subscribers that each answer with several writes make a tree of short chains: that is bounded too.
    if (chain > this.limit || ++this.answers > this.limit * TREE) throw new NestedCommitError(this.limit, typeof this.label === 'string' ? this.label : this.label())
    this.writes.push({ label: this.label, run, chain })
  }

  /** Tells something at once, where that is possible: not in the middle of something else. */
  tellNow(label: Label, run: () => void): void {
    if (this.delivering || this.isBusy()) run()
    else {
      this.announce(label, run)
      this.idle()
    }
  }

  /** Names what is being told from here on. */
  name(label: Label): void {
    this.label = label
  }

  flush(): void {
    if (this.delivering || this.isBusy()) return
    this.delivering = true
    this.tellRest()
  }

  /** Tells something at once if there is nothing else to tell, and else in its turn. */
  tellFirst(label: Label, run: () => void): void {
    if (this.delivering || this.announced > 0 || this.isBusy()) {
      this.announce(label, run)
      return
    }
    this.delivering = true
    this.label = label
    this.guard(run)
    this.tellRest()
  }

  private tellRest(): void {
    while (this.announced > 0 || this.writes.length > 0) {
      const task = (this.announced > 0 ? this.takeAnnouncement() : this.writes.shift()) as Task
      this.label = task.label
      this.chain = task.chain
      this.guard(task.run)
    }
    this.delivering = false
    this.answers = 0
    this.label = ''
    this.chain = 0
  }

  private takeAnnouncement(): Task | undefined {
    const task = this.announcements[this.taken]
    this.announcements[this.taken++] = undefined
    if (this.taken === this.announced) {
      this.taken = 0
      this.announced = 0
      if (this.announcements.length > KEPT) this.announcements = []
    }
    return task
  }

  /** Runs a subscriber's code. */
  guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.report(error)
    }
  }

  clear(): void {
    this.announcements = []
    this.announced = 0
    this.writes = []
    this.taken = 0
  }
}

/** A view, as far as its Observables need to know it. */
export interface Outlets {
  readonly delivery: Delivery
  readonly closed: boolean
  /** Everybody who has subscribed to anything of the view. */
  readonly open: Set<{ complete(): void }>
}

/** An Observable of one view: its direct subscribers may throw without harm to anybody, and it completes with the view. */
export class Outlet<T> extends Observable<T> implements Stream<T> {
  private readonly hub: Outlets

  constructor(hub: Outlets, attach: (subscriber: Subscriber<T>) => (() => void) | undefined) {
    super((subscriber) => {
      if (hub.closed) {
        subscriber.complete()
        return undefined
      }
      const body = hub.delivery.bodyOnTop()
      if (body !== null) {
        subscriber.error(new WriteInQueryError('subscribe', body))
        return undefined
      }
      hub.open.add(subscriber)
      let detach: (() => void) | undefined
      // What it is told at once is told in its turn, so that a write in answer comes after it.
      hub.delivery.tellNow('a new subscription', () => {
        detach = attach(subscriber)
      })
      return () => {
        hub.open.delete(subscriber)
        detach?.()
      }
    })
    this.hub = hub
  }

  /** What operators make of it reports to the database too. */
  override lift<R>(operator: Operator<T, R>): Observable<R> {
    const lifted = new Outlet<R>(this.hub, () => undefined)
    lifted.source = this
    lifted.operator = operator as Operator<unknown, R>
    return lifted
  }

  iterate(options: IterateOptions = {}): AsyncIterableIterator<T> {
    return new StreamIterator(this, options, this.hub.delivery.report)
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.iterate()
  }

  override subscribe(observer?: Partial<Observer<T>> | ((value: T) => void) | null, error?: unknown, complete?: unknown): Subscription {
    // An operator's subscriber: RxJS itself reports what goes wrong behind it.
    if (observer instanceof Subscriber) return super.subscribe(observer)
    const given = typeof observer === 'object' && observer !== null ? observer : { next: observer, error, complete }
    const { delivery } = this.hub
    const guarded: Partial<Observer<T>> = {}
    for (const key of ['next', 'error', 'complete'] as const) {
      const handler = given[key] as ((value?: unknown) => void) | null | undefined
      if (typeof handler === 'function') guarded[key] = guardHandler(delivery, handler, given)
    }
    guarded.error ??= delivery.report
    return super.subscribe(guarded)
  }
}

function guardHandler(delivery: Delivery, handler: (value?: unknown) => void, given: object): (value?: unknown) => void {
  return (value) => {
    try {
      handler.call(given, value)
    } catch (error) {
      delivery.report(error)
    }
  }
}
