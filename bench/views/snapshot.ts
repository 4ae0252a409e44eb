/** A snapshot after one write, in a database of a million inputs and a million cells; and a request that takes one, asks and drops it. */
import { createDatabase, type Database, derived, type Derived, input, type Input } from 'pebre'
import { contended, expectEqual, type Run, type Timed } from '../harness/workload.js'

const laps = 100

interface Filled {
  readonly db: Database
  readonly number: Input<[key: number], number>
  readonly next: Derived<[key: number], number>
}

function filled(size: number): Filled {
  const number = input<[key: number], number>('number')
  const next = derived('next', (q, key: number) => (q.get(number, key) ?? 0) + 1)
  const db = createDatabase()
  db.batch((tx) => {
    for (let key = 0; key < size; key++) tx.set(number, key, key)
  })
  for (let key = 0; key < size; key++) db.get(next, key)
  db.snapshot().dispose()
  return { db, number, next }
}

function takeIn(size: number): Run {
  const { db, number } = filled(size)
  return () => {
    for (let lap = 0; lap < laps; lap++) {
      db.set(number, lap, -1 - lap)
      const view = db.snapshot()
      db.set(number, lap, lap)
      expectEqual('snapshot', view.get(number, lap), -1 - lap)
      view.dispose()
    }
  }
}

/** A write that reaches ten cells, which are read. */
function reachIn(size: number): Run {
  const { db, number } = filled(size)
  const ten = derived('ten', (q, key: number) => (q.get(number, 0) ?? 0) + key)
  for (let key = 0; key < 10; key++) db.get(ten, key)
  return () => {
    let sum = 0
    for (let lap = 0; lap < laps; lap++) {
      db.set(number, 0, lap + 1)
      for (let key = 0; key < 10; key++) sum += db.get(ten, key)
    }
    expectEqual('reached', sum, laps * 45 + (10 * laps * (laps + 1)) / 2)
  }
}

function serveIn(size: number): Run {
  const { db, number, next } = filled(size)
  return () => {
    let sum = 0
    for (let lap = 0; lap < laps; lap++) {
      const view = db.snapshot()
      for (let key = 0; key < 10; key++) sum += view.get(next, lap * 10 + key)
      view.dispose()
      db.set(number, lap, lap + 1)
      db.set(number, lap, lap)
    }
    expectEqual('served', sum, (laps * 10 * (laps * 10 + 1)) / 2)
  }
}

export const snapshotInMillion: Timed = contended({
  name: 'write, snapshot, write, of 1 000 000', group: 'views', suite: 'views', long: true, operations: laps,
  contenders: [{ peer: 'pebre', prepare: () => takeIn(1_000_000) }, { peer: 'of 1 000', prepare: () => takeIn(1000) }],
})

export const reached: Timed = contended({
  name: 'write that reaches ten cells, of 1 000 000', group: 'views', suite: 'views', long: true, operations: laps,
  contenders: [{ peer: 'pebre', prepare: () => reachIn(1_000_000) }, { peer: 'of 1 000', prepare: () => reachIn(1000) }],
})

export const requests: Timed = contended({
  name: 'a snapshot for each request, ten reads', group: 'views', suite: 'views', operations: laps,
  contenders: [{ peer: 'pebre', prepare: () => serveIn(100_000) }, { peer: 'of 1 000', prepare: () => serveIn(1000) }],
})
