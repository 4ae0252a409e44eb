/** The inspector in Chromium: on the running site, and within a page of its own with thousands of records. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type Browser, chromium as driver, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromium } from '../../../test/support/chromium.js'
import { put, serveFolder, temporaryFolder } from './support/process.js'

let browser: Browser

async function openPage(url?: string): Promise<{ readonly page: Page; readonly errors: unknown[] }> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
  const errors: unknown[] = []
  page.on('pageerror', (error) => errors.push(error))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  if (url !== undefined) await page.goto(url)
  return { page, errors }
}

const part = (page: Page, name: string) => page.locator(`[data-part="${name}"]`)

describe.skipIf(chromium === undefined)('the inspector', () => {
  beforeAll(async () => {
    browser = await driver.launch({ executablePath: chromium ?? '' })
  })
  afterAll(async () => browser?.close())

  it('on the running site: an edit, its revision, what it reached, and why a query ran', async () => {
    const root = await temporaryFolder({ 'index.md': '# Home\n\ntext', 'a.md': '# A', 'b.md': '# B' })
    const site = await serveFolder(root)
    const reader = (await openPage(site.url)).page
    const { page, errors } = await openPage(`${site.url}_site/inspector`)
    expect(new URL(page.url()).hostname).toBe('127.0.0.1')
    expect(new URL(page.url()).port).not.toBe(new URL(site.url).port)
    expect(await page.getByRole('region').evaluateAll((regions) => regions.map((region) => region.getAttribute('aria-label')))).toEqual(['Revisions', 'Graph', 'Record', 'Events'])
    await page.waitForFunction(() => /^\d+ records/.test(document.querySelector('#inspector')?.shadowRoot?.querySelector('[data-part=size]')?.textContent ?? ''))
    expect(await part(page, 'graph').locator('canvas').count()).toBeGreaterThan(0)

    await put(root, 'a.md', '# A\n\nwith more')
    const newest = part(page, 'timeline').locator('[data-revision]').filter({ hasText: 'file(a.md)' }).first()
    // Further revisions may come in above it.
    const row = part(page, 'timeline').locator(`[data-revision="${await newest.getAttribute('data-revision')}"]`)
    expect(await row.textContent()).toContain('file(a.md)')
    expect(await row.textContent()).toMatch(/reached [1-9]\d* · ran [1-9]/)
    await row.click()
    await row.and(page.locator('[aria-pressed=true]')).waitFor()
    const ran = part(page, 'events').locator('tr[data-type=queryComputed]').filter({ has: page.locator('td.id', { hasText: /^page\(a\.md\)$/ }) })
    await ran.waitFor()
    expect(await ran.textContent()).toContain('because: ')
    await ran.click()
    await page.waitForFunction(() => document.querySelector('#inspector')?.shadowRoot?.querySelector('[data-part=cell-id]')?.textContent === 'page(a.md)')
    expect(await part(page, 'explanation').textContent()).toMatch(/It last ran because file\(a\.md\) changed in revision \d+:/)
    expect(await part(page, 'dependencies').locator('button').count()).toBeGreaterThan(0)

    await page.getByLabel('Search records').fill('file(b.md)')
    await part(page, 'found').getByRole('button').first().click()
    await page.waitForFunction(() => document.querySelector('#inspector')?.shadowRoot?.querySelector('[data-part=cell-id]')?.textContent === 'file(b.md)')
    expect(await page.getByRole('button', { name: 'Show everything' }).isVisible()).toBe(true)
    await page.getByRole('tab', { name: 'Charts' }).click()
    await part(page, 'chart').locator('canvas').waitFor()
    expect(errors).toEqual([])
    await Promise.all([page.close(), reader.close()])
  })

  it('snapshots: looked at, and travelled back to', async () => {
    const root = await temporaryFolder({ 'index.md': '# Home' })
    const site = await serveFolder(root)
    const reader = (await openPage(site.url)).page
    const { page, errors } = await openPage(`${site.url}_site/inspector`)
    await page.getByRole('tab', { name: 'Snapshots' }).click()
    await page.getByRole('button', { name: 'Take a snapshot' }).click()
    await part(page, 'snapshots').locator('[data-snapshot="1"]').waitFor()
    await put(root, 'index.md', '# Another home')
    await reader.waitForFunction(() => document.body.textContent?.includes('Another home'))
    await page.getByRole('button', { name: 'Look at it' }).click()
    await page.getByText('Looking at snapshot 1').waitFor()
    await page.getByRole('button', { name: 'Back to the present' }).click()
    await page.getByRole('button', { name: 'Travel back' }).click()
    await reader.waitForFunction(() => !(document.body.textContent ?? '').includes('Another home'))
    expect(errors).toEqual([])
    await Promise.all([page.close(), reader.close()])
  })

  it('on a narrow screen: everything one below the other, nothing beside it', async () => {
    const site = await serveFolder(await temporaryFolder({ 'index.md': '# Home' }))
    const { page, errors } = await openPage()
    await page.setViewportSize({ width: 390, height: 800 })
    await page.goto(`${site.url}_site/inspector`)
    await page.getByText(/^\d+ records/).waitFor()
    const boxes = await Promise.all(['Revisions', 'Graph', 'Record', 'Events'].map(async (name) => page.getByRole('region', { name }).boundingBox()))
    expect(boxes.map((box) => [box?.x, box?.width])).toEqual(boxes.map(() => [0, 390]))
    expect(boxes.map((box) => box?.y)).toEqual(boxes.map((box) => box?.y ?? 0).toSorted((a, b) => a - b))
    expect((await part(page, 'graph').locator('canvas').first().boundingBox())?.height).toBeGreaterThan(200)
    expect(errors).toEqual([])
    await page.close()
  })

  it('within a page: 5 000 records are drawn, searched and updated while the page answers', async () => {
    const { page, errors } = await openPage()
    const { outputFiles } = await build({
      stdin: { contents: await readFile(new URL('support/many.ts', import.meta.url), 'utf8'), loader: 'ts', resolveDir: join(fileURLToPath(new URL('.', import.meta.url)), '../../..') },
      bundle: true, format: 'esm', write: false, platform: 'browser', logLevel: 'error', tsconfigRaw: '{}', // the built package, not its sources
    })
    await page.setContent('<div id="inspector" style="height: 880px"></div>')
    await page.addScriptTag({ content: outputFiles[0]?.text ?? '', type: 'module' })
    await page.getByText(/^5000 records/).waitFor()
    const pause = await page.evaluate(async () => {
      let worst = 0
      let last = performance.now()
      const until = last + 3000
      window.dispatchEvent(new Event('write'))
      while (performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 0))
        worst = Math.max(worst, performance.now() - last)
        last = performance.now()
      }
      return worst
    })
    await part(page, 'timeline').locator('[data-revision]').first().waitFor()
    expect(pause).toBeLessThan(2500)
    await page.getByLabel('Search records').fill('leaf(77)')
    await part(page, 'found').getByRole('button').first().click()
    await page.getByText(/^[1-9]\d? records/).waitFor()
    await page.evaluate(() => window.dispatchEvent(new Event('unmount')))
    expect(await page.locator('.inspector').count()).toBe(0)
    expect(errors).toEqual([])
    await page.close()
  })
})
