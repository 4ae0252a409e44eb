/**
 * A cold start against a warm one: from the start of the process until the whole site is built, first with an empty cache, then with a full one.
 *
 *   npm run bench:start -w live-site [-- --pages 5000]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const built = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
const { values } = parseArgs({ options: { pages: { type: 'string', default: '5000' } } })

interface Line {
  readonly msg: string
  readonly ran?: number
}

async function start(root: string, cache: string): Promise<{ readonly seconds: number; readonly ran: number; readonly closing: number }> {
  const began = performance.now()
  const child = spawn(process.execPath, [built('main.js'), '--root', root, '--cache', cache, '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line
    if (line.msg !== 'built') continue
    const seconds = (performance.now() - began) / 1000
    child.kill('SIGINT')
    await ended
    return { seconds, ran: line.ran ?? -1, closing: (performance.now() - began) / 1000 - seconds }
  }
  throw new Error('The site ended before it was built.')
}

const root = await mkdtemp(join(tmpdir(), 'live-site-pages-'))
const cache = await mkdtemp(join(tmpdir(), 'live-site-cache-'))
try {
  const generator = spawn(process.execPath, [built('generate.js'), '--pages', values.pages, '--out', root], { stdio: ['ignore', 'ignore', 'inherit'] })
  await once(generator, 'exit')
  const cold = await start(root, cache)
  const { size } = await stat(join(cache, 'base.pebre'))
  const warm = await start(root, cache)
  for (const [name, { seconds, ran, closing }] of Object.entries({ cold, warm })) console.log(`${name}: ${seconds.toFixed(1)} s until ${values.pages} pages are built, ${ran} runs; ${closing.toFixed(1)} s to close`)
  console.log(`${(cold.seconds / warm.seconds).toFixed(1)} times as fast, with a cache of ${Math.round(size / 1e6)} MB`)
} finally {
  await rm(root, { recursive: true })
  await rm(cache, { recursive: true })
}
