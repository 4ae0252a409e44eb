/**
 * The site over HTTP, to this machine only. A page is read once for a request; an open browser follows it over a WebSocket, by a
 * live query. Requests that name another host, and sockets that another site opens, are refused: a page on the internet could
 * otherwise read what is served here.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAdaptorServer, upgradeWebSocket, type WebSocketServerLike } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { getMimeType } from 'hono/utils/mime'
import { type Database, ClosedError } from 'pebre'
import { inspect, type Inspector } from 'pebre/inspector'
import { type WebSocket, WebSocketServer } from 'ws'
import { locate } from './files.js'
import type { Logger } from './log.js'
import { UsageError } from './options.js'
import { failurePage, type Failure, show, type Shown, versionOf } from './show.js'
import { reserved } from './urls.js'

/** What a browser is told about the page it shows. */
export type Message =
  | { readonly type: 'page'; readonly html: string }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'moved'; readonly to: string }

export interface Site {
  readonly db: Database
  readonly root: string
  readonly log: Logger
}

const own = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The site's own files. */
const parts: Readonly<Record<string, string>> = {
  'site.css': own('../assets/site.css'),
  'icon.svg': own('../assets/icon.svg'),
  'client.js': own('../dist/client/client.js'),
  'morph.js': own('../dist/client/morph.js'),
  'overlay.js': own('../dist/client/overlay.js'),
  'idiomorph.js': createRequire(import.meta.url).resolve('idiomorph/dist/idiomorph.esm.js'),
}

/** The site as a function from requests to responses. `hosts` are the names it answers to, with their port; `inspector` tells where that is. */
export function createApp(site: Site, hosts: () => readonly string[], inspector: () => Promise<string>): Hono {
  const app = new Hono()
  app.use(async (c, next) => {
    if (!hosts().includes(c.req.header('host') ?? '')) return c.text('This site answers to its own address only.', 403)
    c.header('Cache-Control', 'no-cache')
    c.header('X-Content-Type-Options', 'nosniff')
    c.header('Cross-Origin-Resource-Policy', 'same-origin')
    return next()
  })
  app.use(`/${reserved}live`, async (c, next) => {
    const origin = c.req.header('origin') ?? ''
    return hosts().some((host) => origin === `http://${host}`) ? next() : c.text('Only pages of this site may listen.', 403)
  })
  app.get(`/${reserved}live`, upgradeWebSocket((c) => follow(site, c)))
  app.get(`/${reserved}inspector`, async (c) => c.redirect(await inspector()))
  app.get(`/${reserved}:part`, async (c) => {
    const part = parts[c.req.param('part')]
    return part === undefined ? c.notFound() : sendFile(c, part)
  })
  app.get('*', async (c) => answer(site, c))
  app.onError((error, c) => {
    site.log.error({ err: error, path: c.req.path }, 'request failed')
    return c.text('The server failed. Its log says more.', 500)
  })
  return app
}

async function answer({ db, root }: Site, c: Context): Promise<Response> {
  const shown = await db.read((q) => show(q, new URL(c.req.url).pathname))
  switch (shown.type) {
    case 'page':
      return c.html(withClient(shown.html, versionOf(shown.html)))
    case 'missing':
      return c.html(withClient(shown.html, versionOf(shown.html)), 404)
    case 'failed':
      return c.html(withClient(failurePage(shown.failure), ''), 500)
    case 'moved':
      return c.redirect(shown.to)
    case 'asset':
      return sendAsset(c, await locate(root, shown.path))
    case 'refused':
  }
  return c.text('There is no such place.', 403)
}

async function sendAsset(c: Context, path: string | undefined): Promise<Response> {
  return path === undefined ? c.notFound() : sendFile(c, path)
}

async function sendFile(c: Context, path: string): Promise<Response> {
  return c.body(await readFile(path), 200, { 'Content-Type': getMimeType(path) ?? 'application/octet-stream' })
}

/** The page with the browser code, and the name of its state. */
function withClient(html: string, version: string): string {
  const head = `<meta name="live-version" content="${version}">
<script type="importmap">{"imports":{"idiomorph":"/${reserved}idiomorph.js"}}</script>
<script type="module" src="/${reserved}client.js"></script>
`
  const at = html.search(/<\/head>/i)
  return at < 0 ? head + html : html.slice(0, at) + head + html.slice(at)
}

interface Socket {
  readonly raw?: unknown
  close(): void
}

/** Tells a browser each state of the page it is on, after the one it has. One that reads slowly misses some, and none is queued for it. */
function follow({ db, log }: Site, c: Context): { onOpen(event: unknown, socket: Socket): void; onClose(): void } {
  const pathname = c.req.query('page') ?? '/'
  let version = c.req.query('version') ?? ''
  const states = db.live((q) => show(q, pathname)).iterate()
  const tell = async (shown: Shown, socket: Socket): Promise<void> => {
    const now = 'html' in shown ? versionOf(shown.html) : ''
    if (now === '' || now !== version) await send(socket, toMessage(shown, now))
    version = now
  }
  const tellAll = async (socket: Socket): Promise<void> => {
    for await (const shown of states) await tell(shown, socket)
  }
  return {
    onOpen(_event, socket) {
      void tellAll(socket).catch((error: unknown) => {
        if (!(error instanceof ClosedError)) log.error({ err: error, path: pathname }, 'a page cannot be followed')
      }).finally(() => socket.close())
    },
    onClose: () => void states.return?.(),
  }
}

/** Resolves when the system has taken the message, or when nobody is there to take it. */
async function send({ raw }: Socket, message: Message): Promise<void> {
  await new Promise<void>((resolve) => (raw as WebSocket).send(JSON.stringify(message), () => resolve()))
}

function toMessage(shown: Shown, version: string): Message {
  if ('html' in shown) return { type: 'page', html: withClient(shown.html, version) }
  return shown.type === 'failed' || shown.type === 'moved' ? shown : { type: 'moved', to: '/' }
}

export interface Listening {
  readonly url: string
  close(): Promise<void>
}

/** Serves a site. @throws UsageError where the port is taken */
export async function listen(site: Site, host: string, port: number): Promise<Listening> {
  const hosts: string[] = []
  // Nothing is inspected until somebody opens the page.
  let inspector: Promise<Inspector> | undefined
  const app = createApp(site, () => hosts, async () => (await (inspector ??= inspect(site.db, { name: basename(site.root) }))).url)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024 })
  // The adaptor's own Response lacks methods that the highlighter uses.
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false, websocket: { server: sockets as WebSocketServerLike } })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)))
    server.listen(port, host, resolve)
  })
  const taken = (server.address() as AddressInfo).port
  const named = host.includes(':') ? `[${host}]` : host
  hosts.push(...new Set([named, '127.0.0.1', '[::1]', 'localhost'].map((name) => `${name}:${taken}`)))
  if (taken === 80) hosts.push(...hosts.map((name) => name.replace(/:80$/, '')))
  return {
    url: `http://${named}:${taken}/`,
    async close() {
      await (await inspector)?.close()
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      await new Promise((resolve) => {
        server.close(resolve)
        if ('closeAllConnections' in server) server.closeAllConnections()
      })
    },
  }
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') return new UsageError(`port ${port} is in use; --port 0 takes a free one`)
  if (error.code === 'EACCES') return new UsageError(`port ${port} may not be used`)
  if (error.code === 'EADDRNOTAVAIL') return new UsageError(`this machine has no address ${host}`)
  return error
}
