/**
 * From writing a file to the change on the screen: 5 000 pages, one of them open in Chromium.
 *
 *   npm run bench -w live-site [-- --pages 5000 --edits 30]
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium, type Page } from 'playwright'

const built = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

interface Line {
  readonly msg: string
  readonly url?: string
  readonly ran?: number
  readonly kept?: number
  readonly ms?: number
}

/** Runs until its end, and says what it printed. */
async function runToEnd(...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number]
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`)
}

/** The log of the site, line by line. */
function readLog(child: ReturnType<typeof spawn>): (message: string) => Promise<Line> {
  if (child.stdout === null) throw new Error('The log of the site is not piped.')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async (message) => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`The site ended before it said "${message}".`)
      const line = JSON.parse(value) as Line
      if (line.msg === message) return line
    }
  }
}

/** Makes the page note when a text comes up; the clocks of both sides are the one of the machine. */
async function expectText(page: Page, text: string): Promise<() => Promise<number>> {
  const seen = page.evaluateHandle((wanted) => ({
    at: new Promise<number>((resolve) => {
      const look = (): void => {
        if (document.querySelector('article')?.textContent?.includes(wanted) !== true) return
        observer.disconnect()
        resolve(performance.timeOrigin + performance.now())
      }
      const observer = new MutationObserver(look)
      observer.observe(document, { subtree: true, childList: true, characterData: true })
    }),
  }), text)
  await seen
  return async () => (await seen).evaluate(async ({ at }) => at)
}

function quantile(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0)
}

function show(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b)
  process.stdout.write(`${what.padEnd(46)} median ${quantile(sorted, 0.5).padStart(5)} ms   90% ${quantile(sorted, 0.9).padStart(5)} ms   max ${quantile(sorted, 1).padStart(5)} ms\n`)
}

async function measure(root: string, edits: number): Promise<void> {
  const child = spawn(process.execPath, [built('main.js'), '--root', root, '--no-cache', '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const log = readLog(child)
  const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' })
  try {
    const { url = '' } = await log('serving')
    const first = await log('built')
    process.stdout.write(`first build: ${first.ran} runs in ${((first.ms ?? 0) / 1000).toFixed(1)} s\n`)
    const page = await browser.newPage()
    const live = page.waitForEvent('websocket')
    await page.goto(`${url}part-3/chapter-4/page-1077`)
    await live
    const path = join(root, 'part-3/chapter-4/page-1077.md')
    const times: number[] = []
    const rebuilds: Line[] = []
    for (let edit = 0; edit < edits; edit++) {
      const text = `edit number ${edit}.`
      const seen = await expectText(page, text)
      const started = performance.timeOrigin + performance.now()
      await appendFile(path, `\n${text}\n`)
      times.push((await seen()) - started)
      rebuilds.push(await log('rebuilt'))
      // As far apart as a person's edits, out of step with the timers of the watcher.
      await setTimeout(200 + ((edit * 37) % 100))
    }
    show('from the write to the change in the browser', times)
    show('of which the whole site, every page checked', rebuilds.map(({ ms = 0 }) => ms))
    process.stdout.write(`each edit: ${rebuilds.at(-1)?.ran} runs, ${rebuilds.at(-1)?.kept} kept\n`)
    const template = await readFile(fileURLToPath(new URL('../../assets/template.html', import.meta.url)), 'utf8')
    const seen = await expectText(page, 'framed')
    const started = performance.timeOrigin + performance.now()
    await writeFile(join(root, 'template.html'), template.replace('{{ content }}', '<p>framed</p>{{ content }}'))
    const shownAfter = (await seen()) - started
    const rebuilt = await log('rebuilt')
    process.stdout.write(`template: in the browser after ${shownAfter.toFixed(0)} ms, all pages after ${rebuilt.ms?.toFixed(0)} ms (${rebuilt.ran} runs)\n`)
  } finally {
    await browser.close()
    child.kill('SIGINT')
    await once(child, 'exit')
  }
}

const { values } = parseArgs({ options: { pages: { type: 'string', default: '5000' }, edits: { type: 'string', default: '30' } } })
if (!existsSync(built('main.js'))) throw new Error('not built')
const root = await mkdtemp(join(tmpdir(), 'live-site-bench-'))
try {
  await runToEnd(built('generate.js'), '--pages', values.pages, '--out', root)
  process.stdout.write(`${values.pages} pages\n`)
  await measure(root, Number(values.edits))
} finally {
  await rm(root, { recursive: true })
}
