/** Writes while snapshots are held; toggling an input with and without a history. */
import { createDatabase, derived, input, type Snapshot } from 'pebre'
import { contended, expectEqual, type Run, type Timed } from '../harness/workload.js'

const laps = 1000

function writeHolding(count: number): Run {
  const number = input<[key: number], number>('number')
  const db = createDatabase()
  const held: Snapshot[] = []
  for (let i = 0; i < count; i++) {
    db.set(number, i, i)
    held.push(db.snapshot())
  }
  return () => {
    for (let lap = 0; lap < laps; lap++) db.set(number, 1000, lap)
    expectEqual('held', held.length, count)
  }
}

/** A hundred reads, and twenty thousand square roots. */
function toggle(history: number): Run {
  const flag = input<[], boolean>('flag', { initial: false })
  const number = input<[key: number], number>('number', { initial: 1 })
  const work = derived('work', (q) => {
    let sum = q.get(flag) ? 1000 : 0
    for (let key = 0; key < 100; key++) sum += q.get(number, key)
    let rest = 0
    for (let i = 0; i < 20_000; i++) rest += Math.sqrt(i)
    return sum + (rest > 0 ? 0 : 1)
  }, { history })
  const db = createDatabase()
  return () => {
    let sum = 0
    for (let lap = 0; lap < laps; lap++) {
      db.set(flag, lap % 2 === 0)
      sum += db.get(work)
    }
    expectEqual('toggled', sum, laps * 600)
  }
}

export const writeWhileHeld: Timed = contended({
  name: 'write, 100 snapshots held', group: 'views', suite: 'views', operations: laps,
  contenders: [{ peer: 'pebre', prepare: () => writeHolding(100) }, { peer: 'one held', prepare: () => writeHolding(1) }, { peer: 'none held', prepare: () => writeHolding(0) }],
})

export const toggled: Timed = contended({
  name: 'toggle, history: 1', group: 'views', suite: 'views', operations: laps,
  contenders: [{ peer: 'pebre', prepare: () => toggle(1) }, { peer: 'history: 0', prepare: () => toggle(0) }],
})
