/** The site as files: the same queries as the live one, read once. */
import { copyFile, mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { locate, openFolder, readInto } from './files.js'
import { asset } from './inputs.js'
import { closeKept, openKept } from './kept.js'
import { createLog, logProblems } from './log.js'
import { type Options, UsageError } from './options.js'
import { showProgress } from './progress.js'
import { address, diagnostics, page, pages, report } from './queries.js'
import { openSite } from './serve.js'
import { reserved } from './urls.js'

/** Writes the site; true if every page could be written. @throws UsageError */
export async function build(options: Extract<Options, { readonly command: 'build' }>, signal: AbortSignal): Promise<boolean> {
  const root = await openFolder(options.root)
  const out = await openOut(root, options.out)
  const log = createLog(options.log, process.stdout)
  const db = openSite(root, { html: options.html, static: true }, log, await openKept(options.cache, root, log))
  const progress = showProgress(db, process.stderr)
  const started = performance.now()
  try {
    await readInto(db, root, [''], (error) => log.error({ err: error }, 'a file cannot be read'))
    await db.with({ signal }).get(report)
    const found = await db.accumulated(diagnostics, report)
    progress.unsubscribe()
    logProblems(log, [], found)
    const failed = new Set(found.filter(({ type }) => type === 'page failed').map((problem) => problem.page))
    const written = db.get(pages).filter((key) => !failed.has(key))
    for (const key of written) await write(join(out, db.get(address, key)), await db.get(page, key))
    for (const path of db.keys(asset)) await copy(await locate(root, path), join(out, path))
    for (const name of ['site.css', 'icon.svg']) await copy(fileURLToPath(new URL(`../assets/${name}`, import.meta.url)), join(out, reserved, name))
    log.info({ out, pages: written.length, failed: failed.size, ms: Math.round(performance.now() - started) }, 'written')
    return failed.size === 0
  } finally {
    progress.unsubscribe()
    await closeKept(db)
  }
}

/** A site that is written into its own sources would become part of them. */
async function openOut(root: string, path: string): Promise<string> {
  const inside = (folder: string, other: string): boolean => `${folder}${sep}`.startsWith(`${other}${sep}`)
  const wanted = resolve(path)
  if (inside(wanted, root)) throw new UsageError(`--out must lie outside of the folder of the pages: ${path}`)
  await mkdir(wanted, { recursive: true }).catch((error: Error) => {
    throw new UsageError(`--out cannot be made: ${error.message}`)
  })
  const out = await realpath(wanted)
  if (inside(out, root) || inside(root, out)) throw new UsageError(`--out must lie outside of the folder of the pages: ${path}`)
  return out
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

async function copy(from: string | undefined, to: string): Promise<void> {
  if (from === undefined) return
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
}
