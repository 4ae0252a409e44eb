/// <reference types="node" />
/**
 * The inspector over HTTP, on 127.0.0.1 and nowhere else. Updates are server-sent events; everything else is a request. This file is
 * for Node.
 */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { checkOptions, type Rule } from '../core/check.js'
import type { View } from '../index.js'
import { hostsOf, refusalOf } from './access.js'
import { type FeedOptions, LocalFeed } from './local-feed.js'
import { pageFor } from './page.js'

export interface InspectOptions extends FeedOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number
}

/** A running inspector. */
export interface Inspector extends AsyncDisposable {
  readonly url: string
  /** Ends it: pages are told, snapshots are let go, the database is left as if it had never been looked at. */
  close(): Promise<void>
}

const aPort: Rule = [(value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535, 'a whole number from 0 to 65535']

const headers = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/**
 * Serves a page that shows what a database does. It listens on 127.0.0.1, refuses requests of other pages, and costs nothing until somebody opens
 * the page.
 *
 * ```ts
 * const inspector = await inspect(db, { port: 4181 })
 * console.log(inspector.url)
 * ```
 * @throws `InvalidDefinitionError` for a view or options that are none; the error of the system where the port is taken
 */
export async function inspect(view: View, options: InspectOptions = {}): Promise<Inspector> {
  checkOptions('inspect: ', options, { port: aPort })
  const { port = 0 } = options
  const feed = new LocalFeed(view, options)
  let hosts: ReadonlySet<string> = new Set()
  const server = createServer((request, response) => {
    const address = addressOf(request)
    const pathname = address?.pathname ?? '/'
    const { host, origin, 'sec-fetch-site': site } = request.headers
    const refusal = refusalOf({ method: request.method ?? '', host, origin, site, isPage: !pathname.startsWith('/api/') }, hosts)
    if (refusal !== null) send(response, 403, 'text/plain', refusal)
    else if (address === null) send(response, 400, 'text/plain', 'This is no address.')
    else answer(feed, address, request, response).catch((error: unknown) => send(response, 500, 'text/plain', error instanceof Error ? error.message : 'failed'))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  const taken = (server.address() as AddressInfo).port
  hosts = hostsOf(taken)
  const close = async (): Promise<void> => {
    feed.close()
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
  return { url: `http://127.0.0.1:${taken}/`, close, [Symbol.asyncDispose]: close }
}

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  if (response.headersSent) {
    response.end()
    return
  }
  response.writeHead(status, { ...headers, 'Content-Type': `${type}; charset=utf-8` })
  response.end(body)
}

/** What is asked for; null where that cannot be read. */
function addressOf({ url = '/' }: IncomingMessage): URL | null {
  return URL.canParse(url, 'http://127.0.0.1') ? new URL(url, 'http://127.0.0.1') : null
}

async function answer(feed: LocalFeed, { pathname, searchParams }: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'POST') {
    await act(feed, pathname, Number(searchParams.get('id')))
    send(response, 200, 'application/json', '{}')
    return
  }
  if (request.method !== 'GET') send(response, 405, 'text/plain', 'GET or POST')
  else if (pathname === '/') send(response, 200, 'text/html', pageFor(feed.name))
  else if (pathname === '/client/main.js' || pathname === '/client/app.js') send(response, 200, 'text/javascript', await readFile(new URL(`.${pathname}`, import.meta.url)))
  else if (pathname === '/api/updates') stream(feed, request, response)
  else {
    const found = await look(feed, pathname, searchParams)
    if (found === undefined) send(response, 404, 'text/plain', 'There is no such place.')
    else send(response, 200, 'application/json', JSON.stringify(found))
  }
}

async function look(feed: LocalFeed, pathname: string, query: URLSearchParams): Promise<unknown> {
  const number = (name: string): Record<string, number> => (/^\d{1,15}$/.test(query.get(name) ?? '') ? { [name]: Number(query.get(name)) } : {})
  switch (pathname) {
    case '/api/graph': return feed.graph({ ...number('focus'), ...number('depth'), ...number('snapshot') })
    case '/api/search': return feed.search(query.get('text') ?? '')
    case '/api/cell': return feed.cell(number('key')['key'] ?? -1, number('snapshot')['snapshot'])
    default: return undefined
  }
}

async function act(feed: LocalFeed, pathname: string, id: number): Promise<void> {
  if (pathname === '/api/take') await feed.takeSnapshot()
  else if (pathname === '/api/drop') await feed.dropSnapshot(id)
  else if (pathname === '/api/travel') await feed.travel(id)
  else throw new RangeError('There is no such action.')
}

/** How far a page may lag behind before it is let go: it connects again. */
const MOST_WAITING = 64_000_000

function stream(feed: LocalFeed, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream; charset=utf-8' })
  const leave = feed.subscribe((update) => {
    response.write(`data: ${JSON.stringify(update)}\n\n`)
    if (response.writableLength > MOST_WAITING) response.destroy()
  })
  response.once('close', leave)
  request.once('close', leave)
}
