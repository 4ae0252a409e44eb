/** IndexedDB in Chromium: a page that is loaded again finds what it had. Needs `npm run build`. */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type BrowserContext, chromium as driver, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromium, missingChromium } from '../support/chromium.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the page offers to the tests. */
const script = `
  import { derived, input } from './dist/index.js'
  import { IndexedDbPort, openDatabase, loadCache, saveCache } from './dist/persist/index.js'
  const text = input('text')
  let runs = 0
  const length = derived('length', (q, key) => { runs++; return (q.get(text, key) ?? '').length })
  const definitions = [text, length]
  let db
  Object.assign(window, {
    open: async (options = {}) => { db = await openDatabase(new IndexedDbPort('notes'), { definitions, ...options }); return db.report.base.loaded },
    set: (key, value) => db.commit((tx) => tx.set(text, key, value), { durable: true }),
    get: (key) => ({ value: db.get(length, key), runs }),
    close: () => db.close(),
    path: () => openDatabase('/tmp/x', { definitions }),
    save: () => saveCache(db, { port: new IndexedDbPort('caches'), name: 'mine' }).then(({ bytes }) => bytes),
    files: () => new IndexedDbPort('notes').list(),
  })
`

async function bundle(): Promise<string> {
  const { outputFiles } = await build({ stdin: { contents: script, resolveDir: root }, bundle: true, format: 'esm', platform: 'browser', target: 'es2022', write: false, logLevel: 'error' })
  return outputFiles[0]?.text ?? ''
}


/** Calls one of the functions of the page; an error comes back as its name and message. */
async function call(page: Page, name: string, ...args: unknown[]): Promise<unknown> {
  return page.evaluate(async ([which, list]) => {
    try {
      return await (window as unknown as Record<string, (...rest: unknown[]) => unknown>)[which]?.(...list)
    } catch (error) {
      const { name: kind, message, cause } = error as Error & { cause?: { isFull?: boolean } }
      return { kind, message, isFull: cause?.isFull }
    }
  }, [name, args] as const)
}

describe.skipIf(chromium === undefined)('IndexedDB in a browser', () => {
  let server: Server
  const profile = mkdtempSync(join(tmpdir(), 'pebre-profile-'))
  let context: BrowserContext
  let url: string

  const openPage = async (from: string = url): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(from)
    await page.waitForFunction('typeof save === "function"')
    return page
  }

  beforeAll(async () => {
    const code = await bundle()
    // oxlint-disable-next-line vitest/no-standalone-expect -- it belongs to all of them
    expect(/(?:import|require|from)\s*\(?\s*["']node:/.test(code)).toBe(false)
    server = createServer((request, response) => {
      const isCode = request.url === '/code.js'
      // No code may be made from text.
      response.writeHead(200, { 'content-type': isCode ? 'text/javascript' : 'text/html', 'content-security-policy': "script-src 'self'" })
      response.end(isCode ? code : '<!doctype html><title>notes</title><script type="module" src="/code.js"></script>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url = `http://localhost:${typeof address === 'object' && address !== null ? address.port : 0}/`
    // A profile on disk: the quota of a private window is not that of a disk.
    context = await driver.launchPersistentContext(profile, { executablePath: chromium as string })
  }, 60_000)

  afterAll(async () => {
    await context?.close()
    server?.close()
    await rm(profile, { recursive: true, force: true })
  })

  it('[PER-19 WAL-11 PER-17] a page that closed its database and is loaded again gets results without a run, under a strict policy', { timeout: 60_000 }, async () => {
    const page = await openPage()
    expect(await call(page, 'open')).toBe(false)
    await call(page, 'set', 'a', 'four')
    expect(await call(page, 'get', 'a')).toEqual({ value: 4, runs: 1 })
    expect(await call(page, 'save')).toBeGreaterThan(100)
    await call(page, 'close')
    await page.reload()
    await page.waitForFunction('typeof save === "function"')
    expect(await call(page, 'open')).toBe(true)
    expect(await call(page, 'get', 'a')).toEqual({ value: 4, runs: 0 })
    await call(page, 'set', 'b', 'seven..')
    // Without a word to anybody, as pages go.
    await page.close()
    const next = await openPage()
    await expect.poll(() => call(next, 'open'), { timeout: 10_000 }).toBe(true)
    expect([await call(next, 'get', 'b'), await call(next, 'get', 'a')]).toEqual([{ value: 7, runs: 1 }, { value: 4, runs: 1 }])
    const other = await openPage()
    expect(await call(other, 'open')).toMatchObject({ kind: 'LockedError' })
    expect(await call(other, 'path')).toMatchObject({ message: expect.stringContaining('there are no files here') as string })
    await call(next, 'close')
    expect(await call(other, 'open')).toBe(true)
    await call(other, 'close')
    await next.close()
    await other.close()
  })

  it('[PER-15 WAL-9] over its quota: a typed error, what was there stays, and it goes on when there is room', { timeout: 60_000 }, async () => {
    // Another origin, which the browser has not yet told how much it may have.
    const origin = url.replace('localhost', '127.0.0.1').slice(0, -1)
    const page = await openPage(origin)
    const session = await context.newCDPSession(page)
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_000_000 })
    await call(page, 'open')
    await call(page, 'set', 'a', 'kept')
    // The browser compresses: this cannot be.
    const big = randomBytes(4_500_000).toString('base64')
    expect(await call(page, 'set', 'b', big)).toMatchObject({ kind: 'LogError', isFull: true })
    expect(await call(page, 'get', 'b')).toMatchObject({ value: 6_000_000 })
    expect(await call(page, 'close')).toMatchObject({ kind: expect.stringMatching(/StorageError|CacheError/) as string })
    await session.send('Storage.overrideQuotaForOrigin', { origin })
    expect(await call(page, 'open')).toBe(false)
    expect([await call(page, 'get', 'a'), await call(page, 'get', 'b')]).toMatchObject([{ value: 4 }, { value: 0 }])
    await expect.poll(() => call(page, 'set', 'a', 'again'), { timeout: 30_000 }).toBeTypeOf('number')
    await call(page, 'close')
    await page.close()
  })
})

if (chromium === undefined && process.env['CI'] === 'true') throw new Error(`${missingChromium}: CI must run the browser tests.`)
