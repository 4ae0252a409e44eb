/** Where the page begins: what it shows, and in which place. */
import type { Feed } from '../protocol.js'
import { chartCss } from './charts.js'
import { fill, h } from './dom.js'
import { App, type Traces } from './panels.js'
import { css } from './style.js'
import { TraceFeed } from './trace-feed.js'
import { readTrace } from './trace-file.js'

/** Shows a feed in an element, until the result is called; and traces from files in its place, while it goes on behind. */
export function start(root: HTMLElement, feed: Feed): () => void {
  const place = root.shadowRoot ?? root.attachShadow({ mode: 'open' })
  fill(place as unknown as Element, h('style', {}, css, chartCss))
  let replay: App | null = null
  let isEnded = false
  const replace = (next: TraceFeed | null): void => {
    replay?.stop()
    app.show(next === null)
    replay = next === null ? null : new App(place, next, traces)
  }
  const traces: Traces = {
    open: async (file) => {
      const next = new TraceFeed(file.name, readTrace(await file.text()))
      if (!isEnded) replace(next)
    },
    close: () => replace(null),
  }
  const app = new App(place, feed, traces)
  return () => {
    isEnded = true
    replay?.stop()
    app.stop()
  }
}
