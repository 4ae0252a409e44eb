/** The whole of it: a folder, the built command, and Chromium. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, chromium as driver, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromium } from '../../../test/support/chromium.js'
import { put, serveFolder, temporaryFolder } from './support/process.js'

const filler = Array.from({ length: 60 }, (_, n) => `Paragraph ${n} of a long page.\n`).join('\n')

const form = `# Form

<p id="before">before</p>

<input id="name" value="start"> <textarea id="note"></textarea>

<details id="more"><summary>More</summary><p>Inside</p></details>

${filler}
`

declare global {
  interface Window {
    /** Set by a test: gone after a reload. */
    mark?: number
  }
}

/** The same numbers for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff
    return (state >> 8) % below
  }
}

function block(n: number, random: (below: number) => number): string {
  const kinds = [`## Part ${n}`, `text ${n} with *emphasis*`, `- a ${n}\n- b\n- c ${n}`, `<details><summary>s</summary>${n}</details>`, `> quote ${n}`, `| a |\n|---|\n| ${n} |`, `<p id="own-${n % 3}">${n}</p>`]
  return kinds[random(kinds.length)] ?? ''
}

/** Some parts come, go, change or move. */
function edit(blocks: readonly string[], random: (below: number) => number): string[] {
  const next = [...blocks]
  for (let change = 0; change <= random(4); change++) {
    const at = random(next.length + 1)
    const kind = random(4)
    if (kind === 0) next.splice(at, 0, block(random(1000), random))
    else if (kind === 1 && next.length > 4) next.splice(at, 1 + random(3))
    else if (kind === 2) next.splice(at, 1, block(random(1000), random))
    else next.splice(random(next.length), 0, ...next.splice(at, 1))
  }
  return next
}

let browser: Browser

async function open(url: string): Promise<Page> {
  const page = await browser.newPage()
  const live = page.waitForEvent('websocket')
  await page.goto(url)
  await live
  await page.evaluate(() => (window.mark = 1))
  return page
}

/** Waits until the page says something. */
async function says(page: Page, text: string): Promise<void> {
  await page.waitForFunction((part) => document.body.textContent?.includes(part), text)
}

const isSame = async (page: Page): Promise<boolean> => page.evaluate(() => window.mark === 1)

describe.skipIf(chromium === undefined)('in a browser', () => {
  beforeAll(async () => {
    browser = await driver.launch({ executablePath: chromium ?? '' })
  })
  afterAll(async () => browser?.close())

  it('a page shows, and an edit appears without a reload', async () => {
    const root = await temporaryFolder({ 'index.md': `# Home\n\nold text\n\n${filler}`, 'a.md': '# A' })
    const site = await serveFolder(root)
    const page = await open(site.url)
    const errors: unknown[] = []
    page.on('pageerror', (error) => errors.push(error))
    expect(await page.textContent('h1')).toContain('Home')
    expect(await page.evaluate(() => getComputedStyle(document.body).fontFamily)).toContain('Inter')
    await page.evaluate(() => window.scrollTo(0, 500))
    await put(root, 'index.md', `# Home again\n\nnew text\n\n${filler}`)
    await says(page, 'new text')
    expect(await page.title()).toBe('Home again')
    expect(await page.evaluate(() => window.scrollY)).toBe(500)
    expect(await isSame(page)).toBe(true)
    await put(root, 'b.md', '# Brand new')
    await page.waitForSelector('#sidebar a[href="b"]')
    expect(errors).toEqual([])
    await page.close()
  })

  it('the caret, what was typed, and open sections survive an edit', async () => {
    const root = await temporaryFolder({ 'index.md': form })
    const page = await open((await serveFolder(root, '--html')).url)
    await page.click('#more summary')
    await page.fill('#note', 'a note')
    await page.fill('#name', 'typed text')
    await page.evaluate(() => document.querySelector<HTMLInputElement>('#name')?.setSelectionRange(2, 5))
    await put(root, 'index.md', form.replace('before</p>', 'after</p>\n\n## A new part').replace('Inside', 'Inside, changed'))
    await says(page, 'Inside, changed')
    expect(await page.evaluate(() => {
      const input = document.activeElement as HTMLInputElement
      return [input.id, input.value, input.selectionStart, input.selectionEnd]
    })).toEqual(['name', 'typed text', 2, 5])
    expect(await page.inputValue('#note')).toBe('a note')
    expect(await page.evaluate(() => document.querySelector<HTMLDetailsElement>('#more')?.open)).toBe(true)
    expect(await page.textContent('#before')).toBe('after')
    expect(await isSame(page)).toBe(true)
    await page.close()
  })

  it('an overlay tells of a failure over the last good page, and goes when it heals', async () => {
    const root = await temporaryFolder({ 'index.md': '# Good page', 'other.md': '# Other' })
    const site = await serveFolder(root)
    const page = await open(site.url)
    const other = await open(`${site.url}other`)
    await put(root, 'index.md', '---\norder: first\n---\n# Bad')
    const overlay = page.locator('live-overlay[kind="failure"]')
    await overlay.waitFor({ state: 'attached' })
    expect(await page.locator('live-overlay .failure').textContent()).toContain('order must be a number')
    expect(await page.textContent('h1 >> nth=0')).toContain('Good page')
    await says(other, 'Index')
    expect(await other.locator('live-overlay').count()).toBe(0)
    expect(await site.line('page failed')).toMatchObject({ page: 'index.md' })
    await put(root, 'index.md', '---\norder: 1\n---\n# Well again')
    await overlay.waitFor({ state: 'detached' })
    await says(page, 'Well again')
    expect(await isSame(page)).toBe(true)
    expect(await site.line('healed')).toMatchObject({ was: 'page failed' })
    await Promise.all([page.close(), other.close()])
  })

  it('a page that fails from the start heals in place, and so does one that is not there yet', async () => {
    const root = await temporaryFolder({ 'index.md': '---\norder: x\n---\n' })
    const site = await serveFolder(root)
    const page = await open(site.url)
    await page.locator('live-overlay').waitFor({ state: 'attached' })
    await put(root, 'index.md', '# Good now')
    await says(page, 'Good now')
    await page.waitForFunction(() => document.querySelector('live-overlay') === null && document.querySelector('.notice') === null)
    const later = await open(`${site.url}later`)
    await says(later, 'Nothing here')
    await put(root, 'later.md', '# Here it is')
    await says(later, 'Here it is')
    await rm(join(root, 'later.md'))
    await says(later, 'Nothing here')
    expect(await isSame(later)).toBe(true)
    await Promise.all([page.close(), later.close()])
  })

  it('two tabs both follow, also an edit of the template and of a style sheet', async () => {
    const root = await temporaryFolder({ 'index.md': '# Home', 'a.md': '# A', 'own.css': 'h1 { color: rgb(1, 2, 3) }' })
    const { url } = await serveFolder(root)
    const tabs = [await open(url), await open(url), await open(`${url}a`)]
    await put(root, 'index.md', '# Changed home')
    await Promise.all(tabs.map(async (tab) => says(tab, 'Changed home')))
    await put(root, 'template.html', '<html><head><link rel="stylesheet" href="/own.css"></head><body><p>framed</p>{{ content }}</body></html>')
    await Promise.all(tabs.map(async (tab) => says(tab, 'framed')))
    const colour = (wanted: string) => async (tab: Page) => tab.waitForFunction((value) => getComputedStyle(document.querySelector('h1') ?? document.body).color === value, wanted)
    await Promise.all(tabs.map(colour('rgb(1, 2, 3)')))
    await put(root, 'own.css', 'h1 { color: rgb(3, 2, 1) }')
    await Promise.all(tabs.map(colour('rgb(3, 2, 1)')))
    for (const tab of tabs) expect(await isSame(tab)).toBe(true)
    await Promise.all(tabs.map(async (tab) => tab.close()))
  })

  it('whatever the edit, the page becomes what a reload would show', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
    const random = randomFrom(seed)
    const root = await temporaryFolder({ 'index.md': '# Start' })
    const page = await open((await serveFolder(root, '--html')).url)
    let blocks = Array.from({ length: 12 }, (_, n) => block(n, random))
    for (let step = 0; step < 25; step++) {
      blocks = edit(blocks, random)
      const last = `end of step ${step}`
      await put(root, 'index.md', `# Random\n\n${blocks.join('\n\n')}\n\n${last}\n`)
      await says(page, last)
      const [shown, fresh] = await page.evaluate(async () => {
        const next = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html')
        return [document.body.innerHTML, next.body.innerHTML]
      })
      expect(shown, `SEED=${seed} step ${step}`).toBe(fresh)
    }
    expect(await isSame(page)).toBe(true)
    await page.close()
  })

  it('Ctrl-C ends the command with browsers open; they wait, and follow the next one', async () => {
    const root = await temporaryFolder({ 'index.md': '# Home' })
    const first = await serveFolder(root)
    const page = await open(first.url)
    const { code, errors } = await first.interrupt()
    expect({ code, errors: errors.replaceAll(/building.*\n/g, '') }).toEqual({ code: 0, errors: '' })
    await page.locator('live-overlay[kind="offline"]').waitFor({ state: 'attached' })
    await put(root, 'index.md', '# While away')
    await serveFolder(root, '--port', new URL(first.url).port)
    await says(page, 'While away')
    await page.locator('live-overlay[kind="offline"]').waitFor({ state: 'detached' })
    expect(await isSame(page)).toBe(true)
    await page.close()
  })
})
