/** The inspector's own page. */
import { start } from './app.js'
import { RemoteFeed } from './remote-feed.js'

const root = document.querySelector<HTMLElement>('#inspector')
if (root !== null) start(root, new RemoteFeed(root.dataset['name'] ?? 'database'))
