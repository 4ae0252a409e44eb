/** Events on a channel of `node:diagnostics_channel`. */
import { aListOf, anObjectWith, aView, check } from '../core/check.js'
import { type EventCategory, eventCategories, type RuntimeEvent, type View } from '../index.js'

/** What is used of a channel. */
export interface ChannelLike {
  readonly hasSubscribers: boolean
  publish(message: RuntimeEvent): void
}

/**
 * Publishes the events of a view, as they are told, until the result is disposed.
 *
 * @throws `InvalidDefinitionError` where an argument is none
 *
 * ```ts
 * import { channel } from 'node:diagnostics_channel'
 * using published = publishEvents(db, channel('pebre'))
 * ```
 */
export function publishEvents(view: View, channel: ChannelLike, categories: readonly EventCategory[] = eventCategories): Disposable {
  check('What is published', view, aView)
  check('The channel', channel, anObjectWith('publish'))
  check('categories', categories, aListOf(() => true, 'categories of events'))
  const subscription = view.events(...categories).subscribe((event) => {
    if (channel.hasSubscribers) channel.publish(event)
  })
  return { [Symbol.dispose]: () => subscription.unsubscribe() }
}
