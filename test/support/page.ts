/** A page in Chromium that has run a bundle of TypeScript from this repository. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium as driver, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { chromium } from './chromium.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** One module and all it imports, as one script. */
export async function bundle(path: string, mode: 'development' | 'production' = 'development'): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [path],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    define: { 'process.env.NODE_ENV': JSON.stringify(mode) },
    write: false,
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

export async function launch(): Promise<Browser> {
  return driver.launch({ executablePath: chromium ?? '' })
}

/** An empty page that has run a script. What it writes to the console as a warning or an error, and what it throws, goes to `complaints`. */
export async function openPage(browser: Browser, script: string, complaints: string[]): Promise<Page> {
  const page = await browser.newPage()
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  await page.setContent('<!doctype html><title>test</title><body></body>')
  await page.addScriptTag({ content: script })
  return page
}

/** Chromium for the tests of one file, each with a page of its own that has run the bundle of a module. */
export function pages(path: string): { readonly complaints: string[]; readonly page: () => Page } {
  const complaints: string[] = []
  let browser: Browser | undefined
  let script = ''
  let current: Page | undefined
  beforeAll(async () => {
    ;[browser, script] = await Promise.all([launch(), bundle(path)])
  })
  afterAll(async () => browser?.close())
  beforeEach(async () => {
    complaints.length = 0
    if (browser !== undefined) current = await openPage(browser, script, complaints)
  })
  afterEach(async () => current?.close())
  return {
    complaints,
    page: () => {
      if (current === undefined) throw new Error('There is no page yet.')
      return current
    },
  }
}
