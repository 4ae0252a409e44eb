/** What a browser sees at a path. It is a value, whatever is wrong with the page. */
import { hash } from 'node:crypto'
import { type Query, queryPath } from 'pebre'
import { escapeHtml, notice } from './html.js'
import { asset } from './inputs.js'
import { address, findPage, page } from './queries.js'
import { requestedPath } from './urls.js'

/** A failure, as a page can show it. */
export interface Failure {
  readonly page: string
  readonly message: string
  /** The queries it came through, from the page to where it began. */
  readonly way: readonly string[]
}

export type Shown =
  | { readonly type: 'page'; readonly html: string }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'missing'; readonly html: string }
  | { readonly type: 'asset'; readonly path: string }
  | { readonly type: 'moved'; readonly to: string }
  | { readonly type: 'refused' }

/** Reads what stands at a path of the address bar. Used once for a request, and live for an open page. */
export async function show(q: Pick<Query, 'get' | 'has'>, pathname: string): Promise<Shown> {
  const path = requestedPath(pathname)
  if (path === undefined) return { type: 'refused' }
  const key = findPage(q, path)
  if (key === undefined) return q.has(asset, path) ? { type: 'asset', path } : missing(path)
  const place = q.get(address, key)
  if (place !== path) return { type: 'moved', to: `/${place.split('/').map(encodeURIComponent).join('/')}` }
  try {
    return { type: 'page', html: await q.get(page, key) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { type: 'failed', failure: { page: key, message, way: queryPath(error) } }
  }
}

function missing(path: string): Shown {
  return { type: 'missing', html: notice('Nothing here', `<p>There is no page <code>/${escapeHtml(path)}</code>. It will show up here as soon as there is one.</p>`) }
}

/** The page of a failure, for a browser that has nothing to fall back on. */
export function failurePage({ page: key, message, way }: Failure): string {
  return notice(`${key || 'The first page'} cannot be shown`, `<pre class="failure">${escapeHtml(message)}</pre>\n<p class="way">${way.map(escapeHtml).join(' → ')}</p>`)
}

/** Names one state of a page, so that a browser that shows it already is not sent it again. */
export function versionOf(html: string): string {
  return hash('sha1', html, 'base64url').slice(0, 12)
}
