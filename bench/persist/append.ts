/** Writing commits down, against a bare append (and sync) of the same bytes to a file on the same disk. */
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { input } from 'pebre'
import { openDatabase } from 'pebre/persist'
import { contended, expectEqual, type Run, type Workload } from '../harness/workload.js'

const value = 'x'.repeat(200)
/** What one frame of such a commit takes, once its definition has a number. */
const frameBytes = 240
const durableCommits = 20
const plainCommits = 2000

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pebre-bench-'))
  process.on('exit', () => rmSync(path, { recursive: true, force: true }))
  return path
}

async function ours(durable: boolean): Promise<Run> {
  const file = input<[n: number], string>('file')
  const db = await openDatabase(folder(), { definitions: [file], durable, compactAt: 2 ** 40, saveOnClose: false })
  let n = 0
  // Eight digits, so that each commit has a value of its own, of one length.
  const next = (): string => String(++n).padStart(8, '0') + value
  if (durable) {
    return async () => {
      for (let i = 0; i < durableCommits; i++) await db.commit((tx) => tx.set(file, i % 100, next()))
      expectEqual('commits', db.storage.commits, n)
    }
  }
  return async () => {
    for (let i = 0; i < plainCommits; i++) db.set(file, i % 100, next())
    await db.flush()
    expectEqual('commits', db.storage.commits, n)
  }
}

async function bare(durable: boolean): Promise<Run> {
  const handle = await open(join(folder(), 'log'), 'a')
  const bytes = new Uint8Array(frameBytes).fill(1)
  return async () => {
    for (let i = 0; i < (durable ? durableCommits : plainCommits); i++) {
      await handle.write(bytes)
      if (durable) await handle.datasync()
    }
    if (!durable) await handle.datasync()
  }
}

/** `commit durable`: one commit after the other, each waits for its sync. `commit`: many, and one sync in the end. */
export const appending: readonly Workload[] = [
  contended({
    name: 'commit durable',
    group: 'log',
    suite: 'log',
    operations: durableCommits,
    contenders: [{ peer: 'pebre', prepare: () => ours(true) }, { peer: 'bare append', prepare: () => bare(true) }],
  }),
  contended({
    name: 'commit',
    group: 'log',
    suite: 'log',
    operations: plainCommits,
    contenders: [{ peer: 'pebre', prepare: () => ours(false) }, { peer: 'bare append', prepare: () => bare(false) }],
  }),
]
