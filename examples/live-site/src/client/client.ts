/** Keeps an open page up to date: it listens to the site, and changes what is different, where it stands. */
import { morphPage } from './morph.js'
import { type Failure, hideOverlay, showFailure, showOffline } from './overlay.js'

type Message =
  | { readonly type: 'page'; readonly html: string }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'moved'; readonly to: string }

const longestPause = 5000

function version(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="live-version"]')?.content ?? ''
}

function connect(pause: number): void {
  const query = new URLSearchParams({ page: location.pathname, version: version() })
  const socket = new WebSocket(`ws://${location.host}/_site/live?${query.toString()}`)
  let opened = false
  socket.addEventListener('open', () => {
    opened = true
    hideOverlay('offline')
  })
  socket.addEventListener('message', ({ data }) => take(JSON.parse(String(data)) as Message))
  socket.addEventListener('close', () => {
    showOffline()
    setTimeout(connect, pause, opened ? 100 : Math.min(pause * 2, longestPause))
  })
}

function take(message: Message): void {
  if (message.type === 'moved') location.replace(message.to)
  else if (message.type === 'failed') showFailure(message.failure)
  else {
    hideOverlay('failure')
    morphPage(message.html)
  }
}

addEventListener('keydown', ({ altKey, shiftKey, code }) => {
  if (altKey && shiftKey && code === 'KeyI') window.open('/_site/inspector', 'inspector')
})
connect(100)
