/** What it costs to be watched: a hit, a run and a write with nobody listening, with somebody counting, and with a trace being recorded. */
import { createDatabase, type Database, derived, type Derived, input, type TotalInput } from 'pebre'
import { CacheStats, TraceCollector } from 'pebre/debug'
import { contended, type Contender, expectEqual, type Run, type Timed } from '../harness/workload.js'

const laps = 1000

interface Fixture {
  readonly db: Database
  readonly x: TotalInput<[n: number], number>
  readonly double: Derived<[n: number], number>
}

function open(): Fixture {
  const x = input<[n: number], number>('x', { initial: 0 })
  const double = derived('double', (q, n: number) => q.get(x, n) * 2)
  const db = createDatabase()
  for (let n = 0; n < laps; n++) db.get(double, n)
  return { db, x, double }
}

/** The same work with nobody listening first, then watched. */
function contenders(work: (fixture: Fixture) => Run): Contender[] {
  return [
    { peer: 'nobody', prepare: () => work(open()) },
    {
      peer: 'counted',
      prepare() {
        const fixture = open()
        CacheStats.count(fixture.db)
        return work(fixture)
      },
    },
    {
      peer: 'traced',
      prepare() {
        const fixture = open()
        TraceCollector.start(fixture.db, { capacity: 10_000 })
        return work(fixture)
      },
    },
  ]
}

function hits({ db, double }: Fixture): Run {
  return () => {
    let sum = 0
    for (let n = 0; n < laps; n++) sum += db.get(double, n)
    expectEqual('hit', sum, 0)
  }
}

function runs({ db, x, double }: Fixture): Run {
  let value = 0
  return () => {
    value++
    db.batch((tx) => {
      for (let n = 0; n < laps; n++) tx.set(x, n, value)
    })
    let sum = 0
    for (let n = 0; n < laps; n++) sum += db.get(double, n)
    expectEqual('run', sum, value * 2 * laps)
  }
}

function writes({ db, x }: Fixture): Run {
  let value = 0
  return () => {
    value++
    for (let n = 0; n < laps; n++) db.set(x, n, value)
    expectEqual('write', db.get(x, laps - 1), value)
  }
}

export const watchedHit: Timed = contended({ name: 'watched: hit', group: 'debug', suite: 'debug', operations: laps, contenders: contenders(hits) })
export const watchedRun: Timed = contended({ name: 'watched: batched write and run', group: 'debug', suite: 'debug', operations: laps, contenders: contenders(runs) })
export const watchedWrite: Timed = contended({ name: 'watched: write', group: 'debug', suite: 'debug', operations: laps, contenders: contenders(writes) })
