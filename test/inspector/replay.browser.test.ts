/** A saved trace in the inspector's page, in Chromium. */
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TraceCollector } from '../../src/debug/index.js'
import { createDatabase, derived, input } from '../../src/index.js'
import { chromium } from '../support/chromium.js'
import { launch, openPage } from '../support/page.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)

function recorded(): string {
  const db = createDatabase()
  const collector = TraceCollector.start(db)
  for (const text of ['one', '<b id="markup">', 'three']) {
    db.set(file, '<i id="markup">', text)
    db.get(size, '<i id="markup">')
  }
  const json = JSON.stringify(collector.stop())
  db.close()
  return json
}

/** A page with an inspected database in which one input was written while the page was open. */
const inspected = `
  import { createDatabase, input } from './src/index.ts'
  import { mountInspector } from './src/inspector/browser.ts'
  const element = document.body.appendChild(document.createElement('div'))
  element.style.height = '800px'
  const db = createDatabase()
  const present = input('present')
  window.unmount = mountInspector(element, db, { name: 'living' })
  window.write = (value) => db.set(present, value)
`

async function scriptOf(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: inspected, resolveDir: new URL('../..', import.meta.url).pathname }, bundle: true, format: 'iife', platform: 'browser', target: 'es2022', loader: { '.css': 'text' }, write: false, logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

const part = (page: Page, name: string) => page.locator(`.inspector:not([hidden]) [data-part="${name}"]`)
const give = async (page: Page, name: string, text: string): Promise<void> => page.locator('.inspector:not([hidden]) input[type=file]').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) })

describe.skipIf(chromium === undefined)('a saved trace', () => {
  let browser: Browser
  let script: string
  beforeAll(async () => {
    ;[browser, script] = await Promise.all([launch(), scriptOf()])
  })
  afterAll(async () => browser?.close())

  it('is opened from a file, shown without its database, and closed again; other files change nothing', async () => {
    const complaints: string[] = []
    const page = await openPage(browser, script, complaints)
    page.setDefaultTimeout(5000)
    await page.setViewportSize({ width: 1400, height: 900 })
    await page.evaluate('write("here")')
    await part(page, 'timeline').getByText('present()').waitFor()

    await give(page, 'other.json', '{"events":[{"sequence":1,"revision":1,"time":1,"type":"<b id=markup>"}],"dropped":0,"startedAt":0,"stoppedAt":1}')
    await page.getByRole('alert').getByText('other.json: This is no trace: events[0].type is no type of event.').waitFor()
    expect([await page.locator('h1').allTextContents(), await part(page, 'timeline').locator('[data-revision]').count()]).toEqual([['living'], 1])

    const event = { sequence: 1, revision: 1, time: 0, type: 'revisionBumped' }
    await give(page, 'ages.json', JSON.stringify({ events: [event, { ...event, time: 9e15 }], dropped: 5, startedAt: 0, stoppedAt: 1 }))
    await part(page, 'recorded').getByText('a trace of 2 events; 5 older ones were not kept').waitFor()
    await page.getByRole('tab', { name: 'Charts' }).click()
    await part(page, 'chart').locator('canvas').waitFor()

    await give(page, 'saved.json', recorded())
    await part(page, 'recorded').getByText(/^a trace of \d+ events$/).waitFor()
    expect([await page.locator('.inspector:not([hidden]) h1').textContent(), await page.getByRole('alert').count()]).toEqual(['saved.json', 0])
    await part(page, 'size').getByText('2 records, 1 reads that runs tell of').waitFor()
    const rows = part(page, 'timeline').locator('[data-revision]')
    expect(await rows.count()).toBe(3)
    expect(await rows.nth(0).textContent()).toMatch(/^Revision 3file\("?<i id=.*reached 1 · ran 1/)
    await rows.nth(1).click()
    await expect.poll(async () => new Set(await part(page, 'events').locator('tr td:nth-child(3)').allTextContents())).toEqual(new Set(['r2']))
    await page.getByRole('searchbox', { name: 'Filter events' }).fill('computed')
    await expect.poll(async () => part(page, 'events').locator('tr').evaluateAll((all) => all.map((row) => row.getAttribute('data-type')))).toEqual(['queryComputed'])
    await page.getByRole('tab', { name: 'Charts' }).click()
    await part(page, 'chart').locator('canvas').waitFor()
    expect(await page.getByRole('tab', { name: 'Snapshots' }).count()).toBe(0)
    expect(await page.locator('#markup').count()).toBe(0)

    await page.evaluate('write("meanwhile")')
    await page.getByRole('button', { name: 'Close the trace' }).click()
    await expect.poll(async () => rows.count()).toBe(2)
    expect(await page.locator('h1').allTextContents()).toEqual(['living'])
    await page.evaluate('unmount()')
    expect(await page.locator('.inspector').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })
})
