/** Saving and loading 100 000 records, against msgpackr over the same data in one piece, without checks, keys or dependencies. */
import { mkdtempSync, rmSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Packr, Unpackr } from 'msgpackr'
import { createDatabase, type Database, derived, input } from 'pebre'
import { loadCache, saveCache } from 'pebre/persist'
import { contended, expectEqual, type Run, type Workload } from '../harness/workload.js'

/** Half of them inputs, half of them results of queries over one input each. */
const RECORDS = 100_000

interface Page {
  readonly body: string
  readonly tags: readonly string[]
  readonly title: string
  readonly words: number
}

const file = input<[path: string], Page>('file')
const summary = derived('summary', (q, path: string) => {
  const page = q.get(file, path) as Page
  return { intro: page.body.slice(0, 80), path, tags: page.tags, title: page.title, words: page.words * 2 }
})
const definitions = [file, summary]

const pathOf = (i: number): string => `docs/chapter-${i % 100}/page-${i}.md`

function pageOf(i: number): Page {
  return { body: `${i} lorem ipsum dolor sit amet, consectetur adipiscing elit, `.repeat(4), tags: ['guide', `tag ${i % 10}`], title: `Page ${i}`, words: i }
}

function filled(): Database {
  const db = createDatabase({ definitions, freeze: false })
  db.batch((tx) => {
    for (let i = 0; i < RECORDS / 2; i++) tx.set(file, pathOf(i), pageOf(i))
  })
  for (let i = 0; i < RECORDS / 2; i++) db.get(summary, pathOf(i))
  return db
}

/** The same data: keys and values. */
function plain(): unknown[] {
  const db = filled()
  return Array.from({ length: RECORDS / 2 }, (_, i) => [pathOf(i), pageOf(i), pathOf(i), db.get(summary, pathOf(i))])
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pebre-bench-'))
  process.on('exit', () => rmSync(path, { recursive: true, force: true }))
  return path
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'w')
  await handle.writeFile(bytes)
  await handle.sync()
  await handle.close()
}

function save(): Run {
  const db = filled()
  const path = join(folder(), 'c')
  return async () => {
    const { inputs, queries } = await saveCache(db, path)
    expectEqual('records', inputs + queries, RECORDS)
  }
}

function rawSave(): Run {
  const data = plain()
  const path = join(folder(), 'c')
  const packr = new Packr()
  return () => writeSynced(path, packr.pack(data))
}

async function load(): Promise<Run> {
  const path = join(folder(), 'c')
  await saveCache(filled(), path)
  return async () => {
    const db = createDatabase({ definitions, freeze: false })
    const report = await loadCache(db, path)
    expectEqual('records', report.loaded && report.inputs + report.queries, RECORDS)
  }
}

async function rawLoad(): Promise<Run> {
  const path = join(folder(), 'c')
  await writeSynced(path, new Packr().pack(plain()))
  const unpackr = new Unpackr()
  return async () => {
    const data = unpackr.unpack(await readFile(path)) as unknown[]
    expectEqual('records', data.length, RECORDS / 2)
  }
}

export const caching: readonly Workload[] = [
  contended({ name: 'save', group: 'cache file', suite: 'cache file', long: true, operations: RECORDS, contenders: [{ peer: 'pebre', prepare: save }, { peer: 'msgpackr', prepare: rawSave }] }),
  contended({ name: 'load', group: 'cache file', suite: 'cache file', long: true, operations: RECORDS, contenders: [{ peer: 'pebre', prepare: load }, { peer: 'msgpackr', prepare: rawLoad }] }),
]
