/** What was made is kept in a folder from one start to the next: the files as they were, and all that was made of them. */
import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, isAbsolute, join } from 'node:path'
import { type Database, PebreError } from 'pebre'
import { LockedError, openDatabase, OpenedDatabase } from 'pebre/persist'
import type { Logger } from './log.js'
import type { Cache } from './options.js'
import { definitions } from './queries.js'

/**
 * The database that was kept of a root; undefined where none is wanted or can be had: the site can always be made anew. A folder that was named is
 * left alone where it cannot be used; one of our own is made afresh.
 */
export async function openKept(cache: Cache, root: string, log: Logger): Promise<Database | undefined> {
  if (cache === 'none') return undefined
  const folder = cache === 'own' ? ownFolder(root) : cache.folder
  try {
    if (cache !== 'own') return await open(folder, log)
    // For nobody else to read: the pages may be private.
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return await open(folder, log).catch(async (error: unknown) => {
      if (error instanceof LockedError || !isExpected(error)) throw error
      log.info({ cache: folder, reason: error.message }, 'the cache is made anew')
      await rm(folder, { recursive: true })
      return open(folder, log)
    })
  } catch (error) {
    if (!isExpected(error)) throw error
    log.warn({ cache: folder, reason: error.message }, 'the cache is not used')
    return undefined
  }
}

async function open(folder: string, log: Logger): Promise<Database> {
  const db = await openDatabase(folder, { definitions, onMismatch: 'drop', onUnhandledError: (error) => log.error({ err: error }, 'a subscriber failed') })
  const { base, log: commits } = db.report
  log.debug({ cache: folder, results: base.loaded ? base.queries : 0, commits: commits.replayed }, 'cache opened')
  return db
}

/** The database or the disk says what is wrong; anything else is a fault of ours. */
function isExpected(error: unknown): error is Error {
  return error instanceof PebreError || (error instanceof Error && 'syscall' in error)
}

/**
 * A folder for this root among the caches of the person who started us. It does not lie within the root: whoever brings a folder of pages must not bring what was
 * supposedly made of them.
 */
function ownFolder(root: string): string {
  const name = `${basename(root)}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`
  return join(caches(), 'live-site', name)
}

function caches(): string {
  const { XDG_CACHE_HOME: wanted = '', LOCALAPPDATA: local } = process.env
  if (isAbsolute(wanted)) return wanted
  if (process.platform === 'darwin') return join(homedir(), 'Library/Caches')
  return process.platform === 'win32' && local !== undefined ? local : join(homedir(), '.cache')
}

/** Ends a database; one that is kept writes down what it has. */
export async function closeKept(db: Database): Promise<void> {
  if (db instanceof OpenedDatabase) await db.close()
  else db.close()
}
