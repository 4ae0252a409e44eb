/**
 * A folder as inputs: everything in it at the start, and then what the watcher tells. Whatever an event says, the disk is asked
 * what is there now, and a batch of events becomes one batch of writes. Setting what is there already is no change to the
 * database, so a file that was only touched starts nothing.
 *
 * Hidden files, `node_modules`, and links that lead out of the folder are no part of it.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'
import { type AsyncSubscription, type Event, subscribe } from '@parcel/watcher'
import type { Batch, Database } from 'pebre'
import { asset, file, template } from './inputs.js'
import { UsageError } from './options.js'

const templatePath = 'template.html'

/** How many files are read at a time. */
const together = 64

/** The folder with all links resolved. @throws UsageError */
export async function openFolder(root: string): Promise<string> {
  const found = await realpath(root).catch(() => undefined)
  if (found === undefined) throw new UsageError(`there is no folder ${root}`)
  if (!(await stat(found)).isDirectory()) throw new UsageError(`${root} is not a folder`)
  return found
}

/** The file at a path, with all links resolved; undefined if there is none, or it lies outside of the root. */
export async function locate(root: string, path: string): Promise<string | undefined> {
  try {
    const found = await realpath(join(root, path))
    const isInside = found.startsWith(root.endsWith(sep) ? root : root + sep)
    return isInside && (await stat(found)).isFile() ? found : undefined
  } catch {
    return undefined
  }
}

/** Told of a file that cannot be read; the others go on. */
export type OnError = (error: unknown) => void

/** Makes the inputs hold what stands at these paths now, in one commit. A path may be a folder; the empty one is the root. */
export async function readInto(db: Database, root: string, paths: readonly string[], onError: OnError): Promise<void> {
  const found = new Map<string, string>()
  const all = (await Promise.all(paths.map(async (path) => list(root, path)))).flat()
  for (let at = 0; at < all.length; at += together) {
    const texts = all.slice(at, at + together).map(async (path) => [path, await read(root, path).catch(onError)] as const)
    for (const [path, text] of await Promise.all(texts)) if (typeof text === 'string') found.set(path, text)
  }
  db.batch((tx) => {
    for (const path of paths) if (!found.has(path)) for (const gone of known(db, path)) if (!found.has(gone)) clear(tx, gone)
    // One that was kept from the last start, and is not there any more.
    if (paths.includes('') && !found.has(templatePath)) clear(tx, templatePath)
    for (const [path, text] of found) set(tx, path, text)
  })
}

export interface Watching {
  close(): Promise<void>
}

/** Loads a folder, and follows it from then on. */
export async function watchFolder(db: Database, root: string, onError: OnError): Promise<Watching> {
  let work = Promise.resolve()
  const inTurn = async (task: () => Promise<void>): Promise<void> => (work = work.catch(() => {}).then(task))
  let subscription: AsyncSubscription | undefined
  let closed = false
  const start = async (): Promise<void> => {
    subscription = await subscribe(root, (error, events) => (error === null ? heed(events) : onError(error)), { ignore: ['**/node_modules', '**/node_modules/**'] })
    // The watcher stands: from here on nothing is missed.
    await readInto(db, root, [''], onError)
  }
  // It complains about folders that are gone (parcel-bundler/watcher#129), and has stopped all the same.
  const stop = async (): Promise<void> => subscription?.unsubscribe().catch(() => {})
  const follow = async (paths: readonly string[]): Promise<void> => {
    await readInto(db, root, paths, onError)
    // It does not see into folders that were moved, or moved here. Started again, it does.
    if (await someFolder(root, paths)) await stop().then(start)
  }
  const heed = (events: readonly Event[]): void => {
    const paths = events.map(({ path }) => relative(root, path).replaceAll(sep, '/')).filter(belongs)
    if (!closed) inTurn(async () => follow(paths)).catch(onError)
  }
  const close = async (): Promise<void> => {
    closed = true
    await inTurn(stop)
  }
  await inTurn(start).catch(async (error: unknown) => {
    await close()
    throw error
  })
  return { close }
}

async function someFolder(root: string, paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(paths.map(async (path) => stat(join(root, path)).then((stats) => stats.isDirectory(), () => false)))
  return found.includes(true)
}

function belongs(path: string): boolean {
  return !path.split('/').some((name) => name.startsWith('.') || name === 'node_modules')
}

/** The files at and below a path, links among them. */
async function list(root: string, path: string): Promise<string[]> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => error.code)
  if (entries === 'ENOTDIR') return [path]
  if (!Array.isArray(entries)) return []
  const paths = entries.map((entry) => ({ entry, below: path === '' ? entry.name : `${path}/${entry.name}` }))
  const lists = paths.filter(({ below }) => belongs(below)).map(async ({ entry, below }) => (entry.isDirectory() ? list(root, below) : [below]))
  return (await Promise.all(lists)).flat()
}

/** The text of a page or of the template, the fingerprint of any other file. */
async function read(root: string, path: string): Promise<string | undefined> {
  const found = await locate(root, path)
  if (found === undefined) return undefined
  try {
    if (path.endsWith('.md') || path === templatePath) return (await readText(found)).replace(/^\uFEFF/, '')
    const hash = createHash('sha256')
    await pipeline(createReadStream(found), hash)
    return hash.digest('base64url')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A program that writes in place empties the file first: an empty one is looked at again. */
async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8')
  if (text !== '') return text
  await setTimeout(20)
  return readFile(path, 'utf8')
}

/** What the database holds at and below a path. */
function known(db: Database, path: string): string[] {
  if (path === templatePath || db.has(file, path) || db.has(asset, path)) return [path]
  const below = path === '' ? '' : `${path}/`
  return [...db.keys(file), ...db.keys(asset)].filter((key) => key.startsWith(below))
}

function set(tx: Batch, path: string, text: string): void {
  if (path === templatePath) tx.set(template, text)
  else tx.set(path.endsWith('.md') ? file : asset, path, text)
}

function clear(tx: Batch, path: string): void {
  if (path === templatePath) tx.remove(template)
  else tx.remove(path.endsWith('.md') ? file : asset, path)
}
