/** Events on a channel of `node:diagnostics_channel`. */
import { type EventCategory, eventCategories, type RuntimeEvent, type View } from '../index.js'

/** What is used of a channel. */
export interface ChannelLike {
  readonly hasSubscribers: boolean
  publish(message: RuntimeEvent): void
}

/**
 * Publishes the events of a view, as they are told, until the result is disposed.
 *
 * ```ts
 * import { channel } from 'node:diagnostics_channel'
 * using published = publishEvents(db, channel('pebre'))
 * ```
 */
export function publishEvents(view: View, channel: ChannelLike, categories: readonly EventCategory[] = eventCategories): Disposable {
  const subscription = view.events(...categories).subscribe((event) => {
    if (channel.hasSubscribers) channel.publish(event)
  })
  return { [Symbol.dispose]: () => subscription.unsubscribe() }
}
