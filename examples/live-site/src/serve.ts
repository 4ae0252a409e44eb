/** The live site: folder → inputs → queries → browsers, until the signal fires. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { createDatabase, type Database } from 'pebre'
import { closeKept, openKept } from './kept.js'
import { openFolder, watchFolder } from './files.js'
import { type Settings, settings } from './inputs.js'
import { createLog, type Logger, logRebuilds } from './log.js'
import type { Options } from './options.js'
import { showProgress } from './progress.js'
import { report } from './queries.js'
import { listen } from './server.js'
import { dropUnused } from './upkeep.js'
import { labelOf } from './urls.js'

/** The database of a folder, without its files; with what is kept of it, where there is such. */
export function openSite(root: string, options: Omit<Settings, 'name'>, log: Logger, kept?: Database): Database {
  const db = kept ?? createDatabase({ onUnhandledError: (error) => log.error({ err: error }, 'a subscriber failed') })
  db.set(settings, { name: labelOf(basename(root)), ...options })
  return db
}

/** @throws UsageError */
export async function serve(options: Extract<Options, { readonly command: 'serve' }>, signal: AbortSignal): Promise<void> {
  const root = await openFolder(options.root)
  const log = createLog(options.log, process.stdout)
  const db = openSite(root, { html: options.html, static: false }, log, await openKept(options.cache, root, log))
  const rebuilds = logRebuilds(db, log)
  const progress = showProgress(db, process.stderr)
  const closing: (() => Promise<void>)[] = []
  try {
    const watching = await watchFolder(db, root, (error) => log.error({ err: error }, 'a part of the folder cannot be followed'))
    closing.unshift(async () => watching.close())
    const site = await listen({ db, root, log }, options.host, options.port)
    closing.unshift(async () => site.close())
    log.info({ root, url: site.url }, 'serving')
    if (options.open) openBrowser(site.url, log)
    await db.with({ signal }).get(report)
    progress.unsubscribe()
    rebuilds.add(dropUnused(db, log))
    if (!signal.aborted) await once(signal, 'abort')
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.unsubscribe()
    rebuilds.unsubscribe()
    for (const close of closing) await close()
    await closeKept(db)
  }
  log.info('stopped')
}

const openers: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

function openBrowser(url: string, log: Logger): void {
  const [command, ...args] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', (error) => log.warn({ err: error }, 'no browser could be opened'))
  child.unref()
}
