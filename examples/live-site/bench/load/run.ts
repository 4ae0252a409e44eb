/**
 * The site under load: many browsers follow pages while files are edited. Every one must end with the newest state of its page, none may be told
 * an older state after a newer one, and the memory of the site may not grow. One in ten sleeps in the middle half of the edits; what it is told
 * late is not among the latencies. Ends with 1 where anything of this does not hold. The watcher gathers events until there are none for 50 ms,
 * for half a second at most: with shorter pauses than that, several edits are one.
 *
 *   npm run load                                                  a server of snapshots, then this
 *   node examples/live-site/dist/bench/load/run.js [--pages 500 --clients 200 --edits 1000 --pause 70 --seed 1]
 */
import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { Follower } from './follower.js'

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '500' }, clients: { type: 'string', default: '200' }, edits: { type: 'string', default: '1000' },
    pause: { type: 'string', default: '70' }, seed: { type: 'string', default: '1' },
  },
})
const [pages, clients, count, pause] = [values.pages, values.clients, values.edits, values.pause].map(Number) as [number, number, number, number]
/** How long the last edit may take to reach everybody. */
const patience = 20_000
/** What the site may hold more at the end than when a quarter of the edits was made. */
const allowedGrowth = 4 * 2 ** 20

const built = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
/** The pages as they were generated, by their paths. */
const text = new Map<string, string>()

let state = Number(values.seed)
/** A whole number below n. */
function draw(n: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * n)
}

interface Site {
  readonly child: ChildProcess
  readonly url: string
}

async function serve(root: string): Promise<Site> {
  const child = fork(built('main.js'), ['--root', root, '--no-cache', '--port', '0'], {
    execArgv: ['--expose-gc', '--import', new URL('memory.js', import.meta.url).href], stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
  })
  if (child.stdout === null) throw new Error('The log of the site is not piped.')
  const log = createInterface({ input: child.stdout })
  return new Promise((resolve, reject) => {
    let url = ''
    log.on('line', (line) => {
      const { msg, url: at } = JSON.parse(line) as { readonly msg: string; readonly url?: string }
      url = at ?? url
      if (msg === 'built') resolve({ child, url })
    })
    child.once('exit', () => reject(new Error('The site ended before it was built.')))
  })
}

async function memoryOf({ child }: Site): Promise<number> {
  const answer = once(child, 'message') as Promise<[number]>
  child.send('memory')
  return (await answer)[0]
}

/** Most edits are of the text; some are of a block of code, and some of a title, which stands on other pages too. */
function edited(path: string, edit: number): string {
  const before = `${text.get(path)}\nedit ${edit}.\n`
  const kind = draw(20)
  if (kind === 0) return before.replace('title: Page', `title: Edited ${edit}, page`)
  return kind < 3 ? before.replace('```\n', `    edit ${edit}\n\`\`\`\n`) : before
}

class Edits {
  readonly writtenAt: number[] = []
  readonly last = new Map<string, number>()

  async make(root: string, path: string): Promise<void> {
    const edit = Math.max(1, this.writtenAt.length)
    const now = edited(path, edit)
    this.last.set(path, edit)
    this.writtenAt[edit] = performance.now()
    await writeFile(join(root, path), now)
  }
}

/** The followers that do not show what the site answers now. */
async function unsettled(site: Site, followers: readonly Follower[]): Promise<Follower[]> {
  const answers = new Map<string, string>()
  for (const { path } of followers) if (!answers.has(path)) answers.set(path, await (await fetch(new URL(path.replace(/\.md$/, ''), site.url))).text())
  return followers.filter(({ path, html }) => html !== answers.get(path))
}

async function settle(site: Site, followers: readonly Follower[], edits: Edits): Promise<string[]> {
  const until = performance.now() + patience
  let late = await unsettled(site, followers)
  while (performance.now() < until && (late.length > 0 || followers.some(({ path, edit }) => edit !== (edits.last.get(path) ?? 0)))) {
    await setTimeout(50)
    late = await unsettled(site, followers)
  }
  const lost = followers.filter(({ path, edit }) => edit !== (edits.last.get(path) ?? 0)).map(({ path, edit }) => `${path}: ended with edit ${edit}, and the last was ${edits.last.get(path)}`)
  return [...lost, ...late.map(({ path }) => `${path}: what is shown is not what the site answers`)]
}

const sleeps = (at: number): boolean => at % 10 === 9

/** Makes the edits; one follower in ten sleeps from the second quarter to the last. Returns the memory after the first quarter. */
async function makeEdits(root: string, site: Site, followers: readonly Follower[], edits: Edits): Promise<number> {
  const watched = [...new Set(followers.map(({ path }) => path))]
  const all = [...text.keys()]
  const sleepers = followers.filter((_follower, at) => sleeps(at))
  let before = 0
  for (let made = 0; made < count; made++) {
    if (made === Math.floor(count / 4)) {
      before = await memoryOf(site)
      for (const sleeper of sleepers) sleeper.sleep()
    }
    if (made === Math.floor((count / 4) * 3)) for (const sleeper of sleepers) sleeper.wake()
    const from = draw(4) === 0 ? all : watched
    await edits.make(root, from[draw(from.length)] ?? 'index.md')
    await setTimeout(pause)
  }
  return before
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

function report(followers: readonly Follower[], seconds: number): void {
  const latencies = followers.filter((_follower, at) => !sleeps(at)).flatMap((follower) => follower.latencies).toSorted((a, b) => a - b)
  const at = (share: number): string => (latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN).toFixed(0)
  const received = followers.reduce((sum, follower) => sum + follower.received, 0)
  console.log(`${followers.length} clients, ${pages} pages, ${count} edits in ${seconds.toFixed(1)} s, ${(received / seconds).toFixed(0)} messages a second`)
  console.log(`from the write to the arrival: median ${at(0.5)} ms, 90% ${at(0.9)} ms, 99% ${at(0.99)} ms, longest ${at(1)} ms (${latencies.length} arrivals)`)
}

async function main(root: string): Promise<readonly string[]> {
  await promisify(execFile)(process.execPath, [built('generate.js'), '--pages', String(pages), '--out', root])
  const paths = (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.md')).toSorted()
  for (const path of paths) text.set(path, await readFile(join(root, path), 'utf8'))
  const site = await serve(root)
  try {
    const edits = new Edits()
    // Not the index, whose address is that of its folder.
    const watched = [...text.keys()].slice(1).filter((_path, at) => at % Math.ceil(pages / 50) === 0)
    const followers = Array.from({ length: clients }, (_, at) => new Follower(site.url, watched[at % watched.length] as string, edits))
    await Promise.all(followers.map(async (follower) => follower.opened()))
    const began = performance.now()
    const before = await makeEdits(root, site, followers, edits)
    report(followers, (performance.now() - began) / 1000)
    const faults = [...(await settle(site, followers, edits)), ...followers.flatMap((follower) => follower.faults)]
    const after = await memoryOf(site)
    for (const follower of followers) await follower.close()
    console.log(`lost ${faults.length === 0 ? 'nothing' : faults.length}; memory of the site ${mebibytes(before)} after a quarter of the edits, ${mebibytes(after)} after all`)
    return after - before > allowedGrowth ? [...faults, `the memory has grown by ${mebibytes(after - before)}`] : faults
  } finally {
    site.child.kill('SIGINT')
    await once(site.child, 'exit')
  }
}

const root = await mkdtemp(join(tmpdir(), 'live-site-load-'))
try {
  const faults = await main(root)
  for (const fault of faults.slice(0, 20)) console.log(fault)
  if (faults.length > 0) process.exitCode = 1
} finally {
  await rm(root, { recursive: true })
}
