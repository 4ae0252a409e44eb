// `node scripts/crash.mjs [TIMES] [SEED]`: a process that keeps a database in a folder, commits without pause and compacts often, is
// killed (SIGKILL) at random moments. After each restart the database must hold exactly the first n of its commits, none in part,
// and n must not be below the last one whose `durable` commit had resolved. Needs `npm run build`.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const keys = 7

/**
 * What the database holds after n commits: the number of the last commit that set each key, 0 where it is absent.
 * @param {number} n
 */
function modelAfter(n) {
  const model = Array.from({ length: keys }, () => 0)
  for (let i = 1; i <= n; i++) for (const { key, value } of writesOf(i)) model[key] = value
  return model
}

/** @param {number} i */
function writesOf(i) {
  const writes = [{ key: i % keys, value: i }]
  if (i % 3 === 0) writes.push({ key: (i + 2) % keys, value: 0 }, { key: (i + 4) % keys, value: i })
  return writes
}

/** The process that is killed. It prints the commit it found, then each one that is acknowledged. */
async function work(/** @type {string} */ folder) {
  const built = new URL('../dist/', import.meta.url).href
  /** @type {typeof import('../src/index.js')} */
  const { input } = await import(`${built}index.js`)
  /** @type {typeof import('../src/persist/index.js')} */
  const { openDatabase } = await import(`${built}persist/index.js`)
  const count = input('count', { initial: 0 })
  /** @type {import('../src/index.js').Input<[number], number[]>} */
  const slot = input('slot')
  const db = await openDatabase(folder, { definitions: [count, slot], compactAt: 20_000 })
  const found = db.get(count)
  const held = Array.from({ length: keys }, (_, key) => db.get(slot, key)?.[0] ?? 0)
  writeSync(1, `found ${found} ${JSON.stringify(held)}\n`)
  if (db.report.log.damaged !== null) writeSync(1, `damaged ${JSON.stringify(db.report.log.damaged)}\n`)
  for (let i = found + 1; ; i++) {
    const acknowledged = db.commit((tx) => {
      tx.set(count, i)
      // The value is long, so that a write has a middle at which it can be cut off.
      for (const { key, value } of writesOf(i)) {
        if (value === 0) tx.remove(slot, key)
        else tx.set(slot, key, [value, ...Array.from({ length: i % 200 }, () => i)])
      }
    }, { durable: i % 2 === 0 })
    if (i % 2 === 0) {
      await acknowledged
      writeSync(1, `safe ${i}\n`)
    }
  }
}

/**
 * Lets the process run for a while, and kills it.
 * @param {string} folder
 * @param {number} wait milliseconds after it has opened the folder; below 0: before
 */
async function runAndKill(folder, wait) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--work', folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  let timer = wait < 0 ? setTimeout(() => child.kill('SIGKILL'), 40 - wait) : undefined
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part
    if (wait >= 0 && timer === undefined && text.includes('\n')) timer = setTimeout(() => child.kill('SIGKILL'), wait)
  })
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  const lines = text.split('\n').slice(0, -1)
  return { code, found: lines.find((line) => line.startsWith('found')), damaged: lines.find((line) => line.startsWith('damaged')), safe: lines.findLast((line) => line.startsWith('safe')) }
}

/** @param {number} times @param {number} seed */
async function main(times, seed) {
  const folder = mkdtempSync(join(tmpdir(), 'pebre-crash-'))
  let state = seed
  const random = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32
  let safe = 0
  let restarts = 0
  for (let i = 0; i < times; i++) {
    const early = random() < 0.1
    const { code, found, damaged, safe: last } = await runAndKill(folder, early ? -Math.floor(random() * 60) : Math.floor(random() * 120))
    if (code !== null) throw new Error(`run ${i + 1} ended by itself with ${code}`)
    if (damaged !== undefined) throw new Error(`run ${i + 1}: ${damaged}`)
    if (found === undefined) continue
    restarts++
    const [, number = '', held = ''] = found.split(' ')
    const n = Number(number)
    if (n < safe) throw new Error(`run ${i + 1}: commit ${safe} had been acknowledged, and ${n} was found`)
    if (held !== JSON.stringify(modelAfter(n))) throw new Error(`run ${i + 1}: ${held} is not what ${n} commits make`)
    safe = Math.max(n, Number(last?.split(' ')[1] ?? 0))
    if (process.stderr.isTTY) process.stderr.write(`\r${i + 1}/${times}, ${safe} commits`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r')
  console.log(`killed ${times} times, opened again ${restarts} times, ${safe} commits: nothing acknowledged was lost, nothing was there in part`)
  rmSync(folder, { recursive: true, force: true })
}

const [first, second] = process.argv.slice(2)
if (first === '--work') await work(second ?? '')
else await main(Number(first ?? 500), Number(second ?? 1))
