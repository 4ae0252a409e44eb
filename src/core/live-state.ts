/**
 * What a live query shows, and to whom. The state is kept in parts: what is told to those who want values needs no object, and one is
 * made for all those who want states.
 */
import type { Subscriber } from 'rxjs'
import { ABSENT, type Revision, type Stamp } from './revision.js'

/** What a live query shows. Values are never wrapped, and keep their reference as long as they are equal. */
export type QueryState<V> =
  | { readonly status: 'pending' }
  | { readonly status: 'ready'; readonly value: V }
  | { readonly status: 'stale'; readonly value: V }
  | { readonly status: 'failed'; readonly error: unknown; readonly value?: V }

const PENDING: QueryState<unknown> = Object.freeze({ status: 'pending' })

/** The version of a state that says nothing; those of others rise. */
const NOTHING = 0

/** Who a live query is told to, and what of it: every state, or values and a failure. */
export interface Recipient {
  readonly observer: Subscriber<unknown>
  readonly wants: 'states' | 'values'
}

/** One subscriber of a live query. */
export class LiveSubscriber {
  readonly observer: Subscriber<unknown> | null
  readonly isOfValues: boolean
  /** The revision at which it came: it is told nothing older. */
  readonly since: Revision
  /** The version it was told last, and the stamp of the last value. */
  told = -1
  toldStamp: Stamp = ABSENT
  left = false
  /** Its neighbours. One that has left still leads on to those behind it. */
  next: LiveSubscriber | null = null
  previous: LiveSubscriber | null = null
  readonly live: LiveState
  /** Its place in the order of subscriptions of the whole database. */
  readonly order: number

  constructor(order: number, live: LiveState, since: Revision, recipient: Recipient | null) {
    this.observer = recipient === null ? null : recipient.observer
    this.isOfValues = recipient !== null && recipient.wants === 'values'
    this.since = since
    this.live = live
    this.order = order
  }
}

/** The state of a live query and its subscribers. */
export abstract class LiveState {
  /** It is among those being told, and has not yet looked at its cell. */
  isDue = false
  /** Its subscribers, in the order in which they came. */
  first: LiveSubscriber | null = null
  private last: LiveSubscriber | null = null
  /** The revision the state is of. */
  protected stateAt: Revision = 0
  protected stamp: Stamp = ABSENT
  /** That of the value that was told: later outcomes may hold it under other stamps. */
  protected shown: Stamp = ABSENT
  /** What it shows, in parts; made into one only for those who want it so. */
  protected status: QueryState<unknown>['status'] = 'pending'
  protected value: unknown = undefined
  private state: QueryState<unknown> | null = null
  /** Rises with every change of the state. */
  private version = NOTHING
  /** There is a value: the present one, or that before a failure. */
  protected hasValue = false
  protected error: unknown = undefined

  protected append(subscriber: LiveSubscriber): void {
    subscriber.previous = this.last
    if (this.last === null) this.first = subscriber
    else this.last.next = subscriber
    this.last = subscriber
  }

  protected unlink({ previous, next }: LiveSubscriber): void {
    if (previous === null) this.first = next
    else previous.next = next
    if (next === null) this.last = previous
    else next.previous = previous
  }

  /** A newer result is on its way. */
  protected growStale(): void {
    if (this.status === 'ready' || (this.status === 'failed' && this.hasValue)) this.show('stale', this.value)
    else if (this.status === 'failed') this.change('pending')
  }

  private change(status: QueryState<unknown>['status']): void {
    this.status = status
    this.state = null
    this.version++
  }

  protected show(status: 'ready' | 'stale', value: unknown): void {
    this.change(status)
    this.value = value
    this.hasValue = true
    this.error = undefined
  }

  protected fail(error: unknown, hasValue: boolean, value: unknown): void {
    this.change('failed')
    this.error = error
    this.hasValue = hasValue
    this.value = value
  }

  private describeState(): QueryState<unknown> {
    const { status, value, error, hasValue } = this
    if (status === 'pending') return PENDING
    if (status !== 'failed') return { status, value }
    return hasValue ? { status, error, value } : { status, error }
  }

  tellAll(): void {
    for (let subscriber = this.first; subscriber !== null; subscriber = subscriber.next) this.tellOne(subscriber)
  }

  tellOne(subscriber: LiveSubscriber): void {
    const version = subscriber.since > this.stateAt || this.status === 'pending' ? NOTHING : this.version
    if (subscriber.left || subscriber.told === version) return
    subscriber.told = version
    const { observer } = subscriber
    if (observer === null) return
    if (!subscriber.isOfValues) observer.next(version === NOTHING ? PENDING : (this.state ??= this.describeState()))
    else if (version === NOTHING) return
    else if (this.status === 'failed') observer.error(this.error)
    else if (this.status === 'ready' && this.shown !== subscriber.toldStamp) {
      subscriber.toldStamp = this.shown
      observer.next(this.value)
    }
  }
}
