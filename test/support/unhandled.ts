/** Counts the promises that nobody handles: what Node would stop the process for. */
import { macrotask } from './turns.js'

/** The reasons of all unhandled rejections while the case runs, and until the event loop has turned twice after it. */
export async function unhandledDuring(run: () => Promise<void> | void): Promise<unknown[]> {
  const reasons: unknown[] = []
  const listener = (reason: unknown): void => {
    reasons.push(reason)
  }
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', listener)
  try {
    await run()
    await macrotask()
    await macrotask()
  } finally {
    process.off('unhandledRejection', listener)
    for (const other of others) process.on('unhandledRejection', other)
  }
  return reasons
}
