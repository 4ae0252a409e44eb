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

/** Something to be told in its turn. */
export interface Turn {
  /** What it is, for an error. */
  describe(): string
  tell(): void
}

class Announcement implements Turn {
  private readonly label: Label
  readonly tell: () => void

  constructor(label: Label, tell: () => void) {
    this.label = label
    this.tell = tell
  }

  describe(): string {
    return typeof this.label === 'string' ? this.label : this.label()
  }
}

/** How many writes, for each link a chain may have, subscribers may make in answer to one commit. */
const TREE = 1000

/** A subscriber's write that waits for its turn. */
interface Write {
  /** What was being told when it was made. */
  readonly answers: Turn | null
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
  private turns: (Turn | null)[] = []
  /** For each turn, how many commits made by subscribers led to it. */
  private chains: number[] = []
  private announced = 0
  private taken = 0
  private writes: Write[] = []
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
  readonly misused: Set<(error: Error) => void> = new Set()
  /** What is being told. */
  at: Turn | null = null
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
  announce(label: Label, tell: () => void): void {
    this.put(new Announcement(label, tell))
  }

  /** The same for what is a turn itself. */
  put(turn: Turn): void {
    this.chains[this.announced] = this.chain
    this.turns[this.announced++] = turn
  }

  /** Does a subscriber's write in its turn. @throws NestedCommitError where the chain is too long */
  defer(run: () => void): void {
    const chain = this.chain + 1
    // Subscribers that each answer with several writes make a tree of short chains: that is bounded too.
    if (chain > this.limit || ++this.answers > this.limit * TREE) throw new NestedCommitError(this.limit, this.at?.describe() ?? '')
    this.writes.push({ answers: this.at, run, chain })
  }

  /** Tells something at once, where that is possible: not in the middle of something else. */
  tellNow(label: Label, run: () => void): void {
    if (this.delivering || this.isBusy()) run()
    else {
      this.announce(label, run)
      this.idle()
    }
  }

  flush(): void {
    if (this.delivering || this.isBusy()) return
    this.delivering = true
    this.tellRest()
  }

  /** Tells something at once if there is nothing else to tell, and else in its turn. */
  tellFirst(turn: Turn): void {
    if (this.delivering || this.announced > 0 || this.isBusy()) {
      this.put(turn)
      return
    }
    this.delivering = true
    this.tellTurn(turn)
    this.tellRest()
  }

  private tellRest(): void {
    while (this.announced > 0 || this.writes.length > 0) {
      if (this.announced > 0) {
        this.chain = this.chains[this.taken] as number
        this.tellTurn(this.takeTurn())
      } else {
        const { answers, run, chain } = this.writes.shift() as Write
        this.at = answers
        this.chain = chain
        this.guard(run)
      }
    }
    this.delivering = false
    this.answers = 0
    this.at = null
    this.chain = 0
  }

  private tellTurn(turn: Turn): void {
    this.at = turn
    try {
      turn.tell()
    } catch (error) {
      this.report(error)
    }
  }

  private takeTurn(): Turn {
    const turn = this.turns[this.taken] as Turn
    this.turns[this.taken++] = null
    if (this.taken === this.announced) {
      this.taken = 0
      this.announced = 0
      if (this.turns.length > KEPT) {
        this.turns = []
        this.chains = []
      }
    }
    return turn
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
    this.turns = []
    this.chains = []
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
    return super.subscribe(new Listener<T>(this.hub.delivery, given as Partial<Observer<T>>))
  }
}

type Handler = ((value?: unknown) => void) | null

/** A direct subscriber: its functions are called with nothing in between, and what they throw is reported. */
class Listener<T> extends Subscriber<T> {
  private readonly given: object
  private readonly onNext: Handler
  private readonly onError: Handler
  private readonly onComplete: Handler
  private readonly report: (error: unknown) => void

  constructor({ report }: Delivery, given: Partial<Observer<T>>) {
    super()
    this.given = given
    this.onNext = handlerIn(given.next)
    this.onError = handlerIn(given.error) ?? report
    this.onComplete = handlerIn(given.complete)
    this.report = report
  }

  override next(value: T): void {
    if (this.isStopped) super.next(value)
    else if (this.onNext !== null) this.call(this.onNext, value)
  }

  protected override _error(error: unknown): void {
    if (this.onError !== null) this.call(this.onError, error)
    this.unsubscribe()
  }

  protected override _complete(): void {
    if (this.onComplete !== null) this.call(this.onComplete)
    this.unsubscribe()
  }

  private call(handler: (value?: unknown) => void, value?: unknown): void {
    try {
      handler.call(this.given, value)
    } catch (thrown) {
      this.report(thrown)
    }
  }
}

function handlerIn(found: unknown): Handler {
  return typeof found === 'function' ? (found as Handler) : null
}
