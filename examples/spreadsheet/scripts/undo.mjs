// `npm run build && node examples/spreadsheet/scripts/undo.mjs [STEPS]`: what undo by snapshots would cost, over a watched column of ten thousand
// running totals. Prints the processor time of an edit, while a snapshot is held for each edit before it, and of going back.
import { createDatabase, derived, input } from 'pebre'

const ROWS = 10_000
const steps = Number(process.argv[2] ?? 40)

/** @type {import('pebre').TotalInput<[row: number], number>} */
const amount = input('amount', { initial: 0 })
/** @type {import('pebre').Derived<[row: number], number>} */
const total = derived('total', (q, /** @type {number} */ row) => q.get(amount, row) + (row > 0 ? q.get(total, row - 1) : 0))

/** @param {() => void} work */
function milliseconds(work) {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return `${((user + system) / 1000).toFixed(1)} ms`
}

/** @param {boolean} isHolding */
function measure(isHolding) {
  const db = createDatabase({ freeze: false })
  for (let row = 0; row < ROWS; row++) db.get(total, row)
  db.watch(total, ROWS - 1).subscribe()
  const held = []
  for (let step = 1; step <= steps; step++) {
    if (isHolding) held.push(db.snapshot())
    const time = milliseconds(() => void db.set(amount, 0, step))
    if (step % 5 === 0 || step < 5) console.log(`edit ${step}, ${held.length} held: ${time}`)
  }
  for (const back of [1, 2, 10, 20]) {
    const snapshot = held.at(-back)
    if (snapshot === undefined) continue
    const { runs } = db.stats()
    const time = milliseconds(() => void db.restore(snapshot))
    console.log(`restore, ${back} steps back: ${time}, ${db.stats().runs - runs} runs`)
  }
}

measure(false)
measure(true)
