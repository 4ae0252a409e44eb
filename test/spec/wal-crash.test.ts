/** A process that is killed. `npm run crash` does it 500 times. Needs `npm run build`. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

describe('a process that is killed at random moments', () => {
  it('[WAL-9 WAL-11] finds the first n of its commits, whole, with all that were acknowledged', { timeout: 120_000 }, async () => {
    const seed = String(Math.floor(Math.random() * 1e6))
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('../../scripts/crash.mjs', import.meta.url)), '8', seed]).catch((error: Error) => {
      throw new Error(`seed ${seed}: ${error.message}`, { cause: error })
    })
    expect(stdout).toMatch(/^killed 8 times, opened again [1-8] times, \d+ commits: nothing acknowledged was lost/)
  })
})
