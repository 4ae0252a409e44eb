import { existsSync } from 'node:fs'

const wanted = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** Where Chromium is, or undefined: then `describe.skipIf(!chromium)` leaves the browser tests out. */
export const chromium: string | undefined = existsSync(wanted) ? wanted : undefined

/** What to say when it is missing. */
export const missingChromium = `No Chromium at ${wanted} (the variable CHROMIUM tells where it is)`
