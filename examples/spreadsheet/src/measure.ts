/** How long an edit takes: until all that is on screen is computed, and until it is painted. */
import type { Database } from 'pebre'

export interface Measured {
  /** Bodies that ran. */
  readonly runs: number
  /** Milliseconds. */
  readonly computed: number
  readonly shown: number
}

export function measureEdit(db: Database, write: () => void, tell: (measured: Measured) => void): void {
  const { runs } = db.stats()
  const start = performance.now()
  write()
  // Live queries of what is there have been told by now.
  const computed = performance.now() - start
  const ran = db.stats().runs - runs
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
