/** The inspector within a page, for a database that lives there. */
import type { View } from '../index.js'
import { start } from './client/app.js'
import { type FeedOptions, LocalFeed } from './local-feed.js'

export type { FeedOptions } from './local-feed.js'

/**
 * Shows the inspector in an element, which should have a height. Everything ends with the result.
 *
 * ```ts
 * const unmount = mountInspector(document.querySelector('#inspector')!, db)
 * ```
 * @throws `InvalidDefinitionError` for a view or options that are none
 */
export function mountInspector(element: HTMLElement, view: View, options: FeedOptions = {}): () => void {
  const feed = new LocalFeed(view, options)
  const stop = start(element, feed)
  return () => {
    stop()
    feed.close()
  }
}
