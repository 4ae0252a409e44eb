/**
 * Keys, addresses and the way between them. Plain functions of strings.
 *
 * A key names a page: the path of a Markdown file (`guide/start.md`), or a folder that ends in a slash (`guide/`, and `` for
 * the root). An address is where the page is found, relative to the root and not encoded: `guide/start`, `guide/`. Links are
 * written relative to the page they stand on, so that a built site works under any prefix, and from a disk.
 */
import { posix } from 'node:path'

/** Addresses under here belong to the site itself: style sheet, browser code, live channel. */
export const reserved = '_site/'

export function isFolder(key: string): boolean {
  return key === '' || key.endsWith('/')
}

/** The folder of a key or an address: all of it up to the last slash. */
export function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1)
}

/** The folder that holds a folder; the root holds itself. */
export function parentOf(folder: string): string {
  return folderOf(folder.slice(0, -1))
}

/** `guide/1-getting-started.md` → `Getting started`. */
export function labelOf(key: string): string {
  const name = posix.basename(key).replace(/\.md$/, '').replace(/^\d+[-_. ]+(?=.)/, '').replaceAll(/[-_]+/g, ' ').trim()
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** The text of a link from a folder to an address. */
export function relativeUrl(folder: string, address: string): string {
  const from = folder.split('/').slice(0, -1)
  const to = address.split('/')
  let shared = 0
  while (shared < from.length && shared < to.length - 1 && from[shared] === to[shared]) shared++
  const up = '../'.repeat(from.length - shared)
  return up + to.slice(shared).map(encodeURIComponent).join('/') || './'
}

export interface Href {
  /** Decoded. Empty for a link within the page. */
  readonly path: string
  /** With its question mark. */
  readonly query: string
  /** Decoded, without the `#`. */
  readonly hash: string
}

/** The parts of a link into the site; undefined for one that leads elsewhere. */
export function parseHref(href: string): Href | undefined {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(href)) return undefined
  const [, path = '', query = '', hash = ''] = /^([^?#]*)(\?[^#]*)?#?(.*)$/s.exec(href) ?? []
  return { path: decode(path) ?? path, query, hash: decode(hash) ?? hash }
}

/** Where a path of a link leads, seen from a folder; undefined if out of the root. */
export function resolvePath(folder: string, path: string): string | undefined {
  const joined = path.startsWith('/') ? posix.normalize(path.replace(/^\/+/, '') || '.') : posix.join(folder || '.', path)
  if (joined === '..' || joined.startsWith('../')) return undefined
  return joined.replace(/^\.\/?/, '')
}

/** The path a browser asks for, without its first slash; undefined for one that must be refused. */
export function requestedPath(pathname: string): string | undefined {
  const path = decode(pathname)
  if (path === undefined || !path.startsWith('/')) return undefined
  if (/[\0\\]/.test(path) || path.split('/').includes('..')) return undefined
  return path.slice(1)
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
