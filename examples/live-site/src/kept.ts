/** What was made is kept in a folder from one start to the next: the files as they were, and all that was made of them. */
import { type Database, PebreError } from 'pebre'
import { openDatabase, OpenedDatabase } from 'pebre/persist'
import type { Logger } from './log.js'
import { definitions } from './queries.js'

/** The database in a folder; undefined without a folder, or where it cannot be used: the site can always be made anew. */
export async function openKept(folder: string | undefined, log: Logger): Promise<Database | undefined> {
  if (folder === undefined) return undefined
  try {
    const db = await openDatabase(folder, { definitions, onMismatch: 'drop', onUnhandledError: (error) => log.error({ err: error }, 'a subscriber failed') })
    const { base, log: commits } = db.report
    log.debug({ cache: folder, results: base.loaded ? base.queries : 0, commits: commits.replayed }, 'cache opened')
    return db
  } catch (error) {
    if (!(error instanceof PebreError)) throw error
    log.warn({ cache: folder, reason: error.message }, 'the cache is not used')
    return undefined
  }
}

/** Ends a database; one that is kept writes down what it has. */
export async function closeKept(db: Database): Promise<void> {
  if (db instanceof OpenedDatabase) await db.close()
  else db.close()
}
