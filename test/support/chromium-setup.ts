import { chromium, missingChromium } from './chromium.js'

/** Browser tests may be left out on a laptop, never in CI. */
export default function setup(): void {
  if (chromium !== undefined) return
  if (process.env['CI'] === 'true') throw new Error(`${missingChromium}: CI must run the browser tests.`)
  const text = `${missingChromium}: browser tests are SKIPPED.`
  const bar = '!'.repeat(text.length)
  console.warn(`\n${bar}\n${text}\n${bar}\n`)
}
