/** The whole of it: the command that serves the page, and Chromium. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium as driver, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chromium } from '../../../test/support/chromium.js'
import type { Workbook } from '../src/app.js'
import { ROWS } from '../src/address.js'

/** Where the page runs. */
interface Sheet extends Window {
  readonly workbook: Workbook
}

let browser: Browser
let server: ChildProcess
let url: string
let folder: string
let page: Page
const complaints: string[] = []

async function serve(): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), 'pebre-spreadsheet-'))
  const script = fileURLToPath(new URL('../scripts/serve.mjs', import.meta.url))
  server = spawn(process.execPath, [script, '--port', '0', '--folder', folder, '--from-source'], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`The server ended with ${code}.`)))
    server.stdout?.on('data', (data: Buffer) => {
      const found = /http:\S+/.exec(data.toString())
      if (found !== null) resolve(found[0])
    })
  })
}

const cell = (id: string) => page.locator(`[data-cell="${id}"]`)

/** Waits until a cell shows a text. */
async function shows(id: string, text: string): Promise<void> {
  await page.waitForFunction(([name, wanted]) => document.querySelector(`[data-cell="${name}"]`)?.textContent === wanted, [id, text] as const)
}

/** Types into a cell as a person does. */
async function enter(id: string, text: string): Promise<void> {
  await cell(id).click()
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

const live = async (): Promise<number> => page.evaluate(() => (window as unknown as Sheet).workbook.db.stats().live)

describe.skipIf(chromium === undefined)('the spreadsheet in a browser', () => {
  beforeAll(async () => {
    ;[browser, url] = await Promise.all([driver.launch({ executablePath: chromium ?? '' }), serve()])
  })
  afterAll(async () => {
    await browser?.close()
    server?.kill()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    complaints.length = 0
    page = await browser.newPage({ viewport: { width: 1180, height: 720 } })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    await page.goto(`${url}?latency=150`)
    await cell('J1').waitFor()
  })
  afterEach(async () => {
    await page.close()
    if (complaints.length > 0) throw new Error(`The page complained: ${complaints.join('; ')}`)
  })

  it('an address that is none is answered, and ends nothing', async () => {
    for (const path of ['//', 'http://[']) {
      const status = await new Promise((resolve, reject) => get(url, { path }, (response) => resolve(response.resume().statusCode)).on('error', reject))
      expect([path, status]).toEqual([path, 404])
    }
    expect((await fetch(url)).status).toBe(200)
  })

  it('shows a grid of a hundred thousand cells, of which only those in sight are in the page', async () => {
    const grid = page.getByRole('grid')
    expect([await grid.getAttribute('aria-rowcount'), await grid.getAttribute('aria-colcount')]).toEqual(['10000', '10'])
    expect(await page.getByRole('columnheader').allTextContents()).toEqual(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J'])
    expect(await page.getByRole('row').nth(1).getByRole('gridcell').allTextContents()).toEqual(['Day', 'Item', 'Quantity', 'Price', 'Amount', 'Running total', 'Large?', '', 'Sold', '50406'])
    const rows = await page.getByRole('rowheader').count()
    expect(rows).toBeGreaterThan(24)
    expect(rows).toBeLessThan(50)
    // The selected cell, J2, is among those in sight.
    expect(await live()).toBe(rows * 10)
    expect(await page.getByLabel('Cell', { exact: true }).inputValue()).toBe('J2')
    expect(await page.getByLabel('Formula').inputValue()).toBe('=F10000')
  })

  it('an edit shows at once in all that it reaches; undo and redo take it back and make it again', async () => {
    const [first, total] = [Number(await cell('F2').textContent()), Number(await cell('J2').textContent())]
    await enter('C2', '7')
    const price = Number(await cell('D2').textContent())
    expect(Number(await cell('E2').textContent())).toBeCloseTo(7 * price, 4)
    expect(Number(await cell('J2').textContent()) - total).toBeCloseTo(7 * price - first, 2)
    expect(await page.locator('.measured').textContent()).toContain('10,00')
    expect(await page.getByLabel('Cell', { exact: true }).inputValue()).toBe('C3')
    await page.keyboard.press('Control+z')
    await shows('F2', String(first))
    await shows('J2', String(total))
    expect(await page.getByLabel('Undo').isDisabled()).toBe(true)
    await page.getByLabel('Redo').click()
    await shows('C2', '7')
    expect([await page.getByLabel('Undo').isDisabled(), await page.getByLabel('Redo').isDisabled()]).toEqual([false, true])
  })

  it('formulas are typed in the cell or in the bar; what cannot be read says why', async () => {
    await enter('I16', '=SUM(A2:A4)*2')
    await shows('I16', '12')
    await cell('I16').dblclick()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('=1+')
    await page.keyboard.press('Escape')
    await shows('I16', '12')
    await page.getByLabel('Formula').fill('=IF(I17,"on","off")')
    await page.keyboard.press('Enter')
    await shows('I16', 'off')
    await page.keyboard.type('TRUE')
    await page.keyboard.press('Tab')
    await shows('I16', 'on')
    await enter('J17', '=1+(2')
    await shows('J17', '#SYNTAX!')
    await cell('J17').click()
    expect(await page.locator('.why').textContent()).toBe('")" is missing at the end.')
    await page.keyboard.press('Delete')
    await shows('J17', '')
    await page.keyboard.type('<b>&')
    await cell('I20').click()
    await shows('J17', '<b>&')
  })

  it('a lookup waits, and so does what needs it; new rates show over the values before', async () => {
    await enter('I16', '=LOOKUP("GBP")&" pounds"')
    expect(await cell('I16').textContent()).toBe('…')
    expect(await cell('J1').textContent()).toBe('50406')
    await shows('I16', '0.79 pounds')
    await shows('J8', '#N/A')
    await shows('J9', '0')
    const before = Number(await cell('J7').textContent())
    await page.getByText('New rates').click()
    expect(await cell('J6').getAttribute('class')).toContain('waiting')
    expect(Number(await cell('J7').textContent())).toBe(before)
    await shows('J6', '0.9393')
    await page.waitForFunction(() => document.querySelectorAll('.cell.waiting').length === 0)
    expect(Number(await cell('J7').textContent()) / before).toBeCloseTo(1.01, 4)
  })

  it('the status line counts what is on the way, until nobody wants it', async () => {
    const status = page.getByRole('status')
    await status.waitFor({ state: 'detached' })
    await page.goto(`${url}?latency=600000`)
    await page.getByText('2 lookups on the way, 4 formulas wait').waitFor()
    await enter('I16', '=LOOKUP("GBP")')
    await page.getByText('3 lookups on the way, 5 formulas wait').waitFor()
    // Cells out of sight are not watched: their lookups end.
    await page.keyboard.press('Control+End')
    await status.waitFor({ state: 'detached' })
  })

  it('the inspector opens by a key or the button, is fetched only then, and leaves nothing behind', async () => {
    const scripts: string[] = []
    page.on('request', (request) => scripts.push(new URL(request.url()).pathname))
    const inspector = page.getByRole('region', { name: 'Inspector' })
    const counts = async (): Promise<boolean> => page.evaluate(() => (window as unknown as Sheet).workbook.db.stats().counting)
    expect([await inspector.count(), await counts()]).toEqual([0, false])
    await page.getByLabel('Formula').focus()
    await page.keyboard.press('Alt+Shift+I')
    await inspector.getByText('newest of').waitFor()
    expect(scripts).toEqual(['/browser.js'])
    expect(await counts()).toBe(true)
    await enter('A3', '5')
    await inspector.getByText('text(A3)').first().waitFor()
    expect(await inspector.evaluate((element) => element.getBoundingClientRect().height)).toBeGreaterThan(430)
    await page.getByRole('button', { name: 'Inspector' }).click()
    expect([await inspector.count(), await counts()]).toEqual([0, false])
    await page.getByRole('button', { name: 'Inspector' }).click()
    await inspector.getByText('newest of').waitFor()
    expect(scripts).toEqual(['/browser.js'])
  })

  it('cells on a cycle say so and name it; all of them recover', async () => {
    expect(await Promise.all(['J11', 'J12', 'J13'].map(async (id) => cell(id).textContent()))).toEqual(['#CYCLE!', '#CYCLE!', '#REF!'])
    await cell('J11').click()
    expect(await page.locator('.why').textContent()).toBe('A cycle: J11 → J12 → J11')
    await cell('J13').click()
    expect(await page.locator('.why').textContent()).toBe('J12 is on a cycle.')
    await enter('J12', '6')
    await shows('J11', '7')
    await shows('J13', '6 eggs')
    await enter('J12', '=J12')
    await shows('J12', '#CYCLE!')
    await shows('J11', '#REF!')
  })

  it('scrolls from end to end with few rows in the page, and watches only what is in sight', async () => {
    const [before, balance] = [await live(), await cell('J2').textContent()]
    const frames = await page.evaluate(async () => {
      const scroller = document.querySelector('.scroller') as HTMLElement
      const times: number[] = []
      let most = 0
      let last = performance.now()
      for (let frame = 0; frame < 120; frame++) {
        scroller.scrollTop += frame < 60 ? 26 * 5 : 26 * 170
        await new Promise(requestAnimationFrame)
        times.push(performance.now() - last)
        last = performance.now()
        most = Math.max(most, document.querySelectorAll('.row').length)
      }
      return { median: times.toSorted((a, b) => a - b)[60] ?? 0, most, top: scroller.scrollTop }
    })
    console.log(`a frame of scrolling takes ${frames.median.toFixed(1)} ms (median of 120)`)
    expect(frames.most).toBeLessThan(50)
    expect(frames.top).toBeGreaterThan(200_000)
    await page.keyboard.press('Control+End')
    await shows(`A${ROWS}`, String(ROWS - 1))
    expect(await cell(`F${ROWS}`).textContent()).toBe(balance)
    await page.keyboard.press('Control+Home')
    await cell('A1').waitFor()
    await page.waitForFunction((count) => Math.abs((window as unknown as Sheet).workbook.db.stats().live - count) < 20, before)
    const name = page.getByLabel('Cell', { exact: true })
    await name.fill('f5000')
    await name.press('Enter')
    await cell('F5000').waitFor()
    expect(await page.getByLabel('Formula').inputValue()).toBe('=F4999+E5000')
  })

  it('an edit at the head of ten thousand running totals shows within two frames', async () => {
    await cell('D2').click()
    const times: number[] = []
    for (let turn = 0; turn < 20; turn++) {
      await cell('D2').click()
      await page.keyboard.type(String(10 + turn))
      times.push(await page.evaluate(async () => {
        const balance = document.querySelector('[data-cell="J2"]') as HTMLElement
        const before = balance.textContent
        const field = document.querySelector('.field.cell') as HTMLElement
        // From the start of a frame to the first task after the one that shows it was painted.
        await new Promise(requestAnimationFrame)
        const start = performance.now()
        field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
        do {
          await new Promise((resolve) => {
            const { port1, port2 } = new MessageChannel()
            port1.addEventListener('message', resolve)
            port1.start()
            requestAnimationFrame(() => port2.postMessage(null))
          })
        } while (balance.textContent === before)
        return performance.now() - start
      }))
    }
    expect(await page.locator('.measured').textContent()).toContain('10,007 formulas')
    const best = times.toSorted((a, b) => a - b)
    console.log(`from the key to the screen: ${(best[0] ?? 0).toFixed(1)} ms at best, ${(best[10] ?? 0).toFixed(1)} ms median of 20`)
    const twoFrames = 2 * (1000 / 60)
    expect(best[0]).toBeLessThan(twoFrames)
    // What is usual shows only on a machine that has nothing else to do.
    if ((loadavg()[0] ?? 0) < cpus().length) expect(best[10]).toBeLessThan(twoFrames)
  })
})
