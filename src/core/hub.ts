/** The events of a view: who wants which, and handing them out. Nothing is made for what nobody wants. */
import type { Subscriber } from 'rxjs'
import { type Delivery, Outlet, type Outlets } from './delivery.js'
import { categoryOf, type EventBody, type EventCategory, type RuntimeEvent } from './events.js'
import type { Revision } from './revision.js'
import type { Stream } from './stream.js'

interface Listener {
  readonly categories: ReadonlySet<EventCategory>
  readonly subscriber: Subscriber<RuntimeEvent>
  /** Events up to this one happened before it came. */
  readonly since: number
}

/** Completed in place: copying an object by spreading costs fifty times as much. */
function stamped(body: EventBody, sequence: number, revision: Revision): RuntimeEvent {
  const event = body as { -readonly [K in keyof RuntimeEvent]: RuntimeEvent[K] }
  event.sequence = sequence
  event.revision = revision
  event.time = performance.now()
  return Object.freeze(event) as RuntimeEvent
}

/** Takes events at the instant they are made, before anybody is told: it must not call anybody's code. */
interface Tap {
  readonly categories: ReadonlySet<EventCategory>
  readonly take: (event: RuntimeEvent) => void
}

type OnHeard = (isHeard: boolean) => void

/** The events of one view. */
export class Hub implements Outlets {
  readonly delivery: Delivery
  /** Told whether anybody listens or counts. That of the head stays; others hold their view, which a hub may outlive, and go with the last listener. */
  private onHeard: OnHeard | null
  private readonly lasting: OnHeard | null
  private readonly listeners = new Set<Listener>()
  private readonly taps = new Set<Tap>()
  /** Everybody who has subscribed to anything of the view. */
  readonly open: Set<{ complete(): void }> = new Set()
  closed = false
  /** How many listen to each category; nothing is made for those nobody wants. */
  readonly wanted: Map<EventCategory, number> = new Map()
  /** Whether anybody listens or counts. */
  active: boolean

  constructor(delivery: Delivery, onHeard: OnHeard | null) {
    this.delivery = delivery
    this.onHeard = onHeard
    this.lasting = onHeard
    this.active = delivery.counting > 0
  }

  wants(category: EventCategory): boolean {
    return this.active && (this.wanted.get(category) ?? 0) > 0
  }

  stream(categories: readonly EventCategory[], onHeard: OnHeard): Stream<RuntimeEvent> {
    return new Outlet(this, (subscriber) => {
      this.onHeard ??= onHeard
      const listener = { categories: new Set(categories), subscriber, since: this.delivery.events }
      this.listeners.add(listener)
      this.count(listener.categories, 1)
      return () => {
        if (this.listeners.delete(listener)) this.count(listener.categories, -1)
      }
    })
  }

  /** Hands every event of some categories to a recorder, in order, as it is made. The result ends it. */
  tap(categories: readonly EventCategory[], take: (event: RuntimeEvent) => void, onHeard: OnHeard): () => void {
    this.onHeard ??= onHeard
    const tap = { categories: new Set(categories), take }
    this.taps.add(tap)
    this.count(tap.categories, 1)
    return () => {
      if (this.taps.delete(tap)) this.count(tap.categories, -1)
    }
  }

  private count(categories: ReadonlySet<EventCategory>, by: number): void {
    for (const category of categories) this.wanted.set(category, (this.wanted.get(category) ?? 0) + by)
    this.refresh()
  }

  /** Somebody has come or gone. */
  refresh(): void {
    this.active = this.listeners.size > 0 || this.taps.size > 0 || this.delivery.counting > 0
    if (!this.active) this.delivery.names = new WeakMap()
    this.onHeard?.(this.active)
    if (!this.active) this.onHeard = this.lasting
  }

  /** Makes an event of an object of its own and puts it in the queue; the caller has asked `wants`. */
  emit(revision: Revision, body: EventBody): void {
    const sequence = ++this.delivery.events
    const event = stamped(body, sequence, revision)
    const category = categoryOf[body.type]
    for (const { categories, take } of this.taps) if (categories.has(category)) take(event)
    if (this.listeners.size === 0) return
    this.delivery.announce(`event ${body.type}`, () => {
      for (const { categories, subscriber, since } of this.listeners) {
        if (since < sequence && categories.has(category)) subscriber.next(event)
      }
    })
  }

  /** Completes every stream of the view, once. */
  close(): void {
    this.closed = true
    for (const subscriber of this.open) subscriber.complete()
    this.open.clear()
  }
}
