/** How long an edit takes: until all that is on screen is computed, and until it is painted. */
import { type Database, debugView } from 'pebre'

export interface Measured {
  /** Bodies that ran. */
  readonly runs: number
  /** Milliseconds. */
  readonly computed: number
  readonly shown: number
}

export function measureEdit(db: Database, write: () => void, tell: (measured: Measured) => void): void {
  // Not `db.stats()`, which looks at all there is.
  const counts = debugView(db)
  const { runs } = counts.totals()
  const start = performance.now()
  write()
  // Live queries of what is there have been told by now.
  const computed = performance.now() - start
  const ran = counts.totals().runs - runs
  requestAnimationFrame(() => {
    const channel = new MessageChannel()
    // The first task after the frame was painted.
    channel.port1.addEventListener('message', () => {
      channel.port1.close()
      tell({ runs: ran, computed, shown: performance.now() - start })
    })
    channel.port1.start()
    channel.port2.postMessage(null)
  })
}
