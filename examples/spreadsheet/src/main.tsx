/** Starts the page. */
import { createDatabase } from 'pebre'
import { createRoot } from 'react-dom/client'
import { cellId, ROWS } from './address.js'
import { App, type Workbook } from './app.js'
import { fill } from './demo.js'
import { History } from './history.js'
import { latency, value } from './sheet.js'

declare global {
  interface Window {
    /** For the console, and for tests. */
    workbook: Workbook
  }
}

const db = createDatabase({ onUnhandledError: (error) => console.error(error) })
fill(db)
// `?latency=50`: a faster service.
const wanted = new URLSearchParams(location.search).get('latency')
if (wanted !== null && Number(wanted) >= 0) db.set(latency, Number(wanted))
// From the top, so that no formula has to go down a chain of ten thousand first.
for (let row = 0; row < ROWS; row++) db.prefetch(value, cellId({ column: 5, row }))

const workbook: Workbook = { db, history: new History(db) }
window.workbook = workbook
const root = document.getElementById('root')
if (root !== null) createRoot(root).render(<App {...workbook} />)
