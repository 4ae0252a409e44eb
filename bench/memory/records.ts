/** What an input and a synchronous cell take, with everything that comes with them, at a hundred thousand of each. */
import { computed, signal } from 'alien-signals'
import { createDatabase, type Database, derived, input, type Input } from 'pebre'
import { expectEqual, type Heavy, type Weighed } from '../harness/workload.js'
import { Stamps } from '../peers/stamps.js'

const count = 100_000

const value: Input<[i: number], number> = input('value')
const double = derived('double', (q, i: number) => 2 * (q.get(value, i) ?? 0))

function fill(db: Database): Database {
  db.batch((tx) => {
    for (let i = 0; i < count; i++) tx.set(value, i, i)
  })
  return db
}

function readAll(db: Database): Database {
  let sum = 0
  for (let i = 0; i < count; i++) sum += db.get(double, i)
  expectEqual('memory: sum', sum, count * (count - 1))
  return db
}

/** Signals by key, as a keyed library must hold them. */
const alienSignals = (): Map<number, () => number> => new Map(Array.from({ length: count }, (_, i) => [i, signal(i)]))

function alienComputeds(signals: ReadonlyMap<number, () => number>): Map<number, () => number> {
  const computeds = new Map<number, () => number>()
  let sum = 0
  for (const [i, source] of signals) {
    const twice = computed(() => 2 * source())
    sum += twice()
    computeds.set(i, twice)
  }
  expectEqual('memory: sum', sum, count * (count - 1))
  return computeds
}

const pebreInputs: Heavy = {
  peer: 'pebre',
  prepare: () => {
    const db = createDatabase()
    return () => fill(db)
  },
}

const alienInputs: Heavy = { peer: 'alien-signals', prepare: () => alienSignals }

const stampsInputs: Heavy = {
  peer: 'stamps',
  prepare: () => {
    const stamps = new Stamps()
    return () => new Map(Array.from({ length: count }, (_, i) => [i, stamps.source(i)]))
  },
}

const pebreCells: Heavy = {
  peer: 'pebre',
  prepare: () => {
    const db = fill(createDatabase())
    return () => readAll(db)
  },
}

const alienCells: Heavy = {
  peer: 'alien-signals',
  prepare: () => {
    const signals = alienSignals()
    return () => [signals, alienComputeds(signals)]
  },
}

export const inputBytes: Weighed = { kind: 'memory', name: 'an input', group: 'memory', operations: count, contenders: [pebreInputs, alienInputs, stampsInputs] }

export const cellBytes: Weighed = { kind: 'memory', name: 'a synchronous cell', group: 'memory', operations: count, contenders: [pebreCells, alienCells] }
