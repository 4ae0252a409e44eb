/**
 * Opening a folder whose log holds a million commits: seconds, and the largest size of the process meanwhile. That it is linear shows in the
 * time for a tenth of it.
 *
 *   node bench/dist/persist/replay.js [COMMITS]
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { input } from 'pebre'
import { openDatabase } from 'pebre/persist'

const file = input<[n: number], { readonly n: number; readonly text: string }>('file')
const keys = 1000
const options = { definitions: [file], compactAt: 2 ** 40, saveOnClose: false } as const

async function write(folder: string, commits: number): Promise<void> {
  const db = await openDatabase(folder, options)
  for (let n = 0; n < commits; n++) {
    db.set(file, n % keys, { n, text: `the text of commit ${n}` })
    // The disk is slower than the commits: it is given time, or all frames would wait in memory.
    if (n % 10_000 === 9_999) await db.flush()
  }
  await db.close()
}

/** In a process of its own, so that its size is that of the replay. */
async function replay(folder: string, commits: number): Promise<void> {
  const before = process.resourceUsage().maxRSS
  const started = performance.now()
  const db = await openDatabase(folder, options)
  const seconds = (performance.now() - started) / 1000
  if (db.report.log.replayed !== commits || db.get(file, (commits - 1) % keys)?.n !== commits - 1) throw new Error('not what was written')
  const log = statSync(join(folder, 'log-0000000000000001.pebre')).size
  console.log(`${commits} commits, ${Math.round(log / 1e6)} MB of log: ${seconds.toFixed(2)} s, ${Math.round((seconds / commits) * 1e9)} ns each; at most ${Math.round(process.resourceUsage().maxRSS / 1000)} MB, ${Math.round(before / 1000)} MB before`)
  await db.close()
}

const [first = '1000000', folder] = process.argv.slice(2)
const commits = Number(first)
if (folder !== undefined) await replay(folder, commits)
else {
  for (const count of [commits / 10, commits]) {
    const path = mkdtempSync(join(tmpdir(), 'pebre-replay-'))
    try {
      await write(path, count)
      execFileSync(process.execPath, [fileURLToPath(import.meta.url), String(count), path], { stdio: 'inherit' })
    } finally {
      rmSync(path, { recursive: true })
    }
  }
}
