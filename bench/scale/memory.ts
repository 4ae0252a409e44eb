/** What an input, a synchronous cell, and an asynchronous one that has handed out its promise take, with all that comes with them. */
import { createDatabase, input } from 'pebre'
import { expectEqual, type Weighed } from '../harness/workload.js'
import { queryPeers } from '../peers/queries/index.js'
import { sizes } from '../queries/parts.js'
import type { QueryPeer } from '../queries/store.js'

type Prepare = Weighed['prepare']

const weighInputs =
  (count: number): Prepare =>
  async (peer) => {
    const { openRecords } = await import('./records.js')
    const records = await openRecords(peer)
    return () => {
      records.fill(count)
      return records
    }
  }

const weighCells =
  (count: number): Prepare =>
  async (peer) => {
    const { openRecords, readAll } = await import('./records.js')
    const records = await openRecords(peer)
    records.fill(count)
    return () => {
      readAll(records, count)
      return records
    }
  }

const weighAsyncCells =
  (count: number): Prepare =>
  async (peer) => {
    const loaded = (await (queryPeers[peer] as () => Promise<unknown>)()) as QueryPeer<unknown, unknown, unknown>
    const store = loaded.open()
    const { size, double } = sizes(store, () => {})
    for (let i = 0; i < count; i++) store.set(size, i, i)
    return async () => {
      let sum = 0
      for (let i = 0; i < count; i++) sum += await store.get(double, i)
      expectEqual('sum of all', sum, count * (count - 1))
      return store
    }
  }

/** A snapshot makes the frozen form of all inputs; later ones share it. */
const weighSnapshot =
  (count: number): Prepare =>
  async () => {
    const number = input<[key: number], number>('number')
    const db = createDatabase()
    db.batch((tx) => {
      for (let key = 0; key < count; key++) tx.set(number, key, key)
    })
    return () => ({ db, snapshot: db.snapshot() })
  }

const many = 100_000
const million = 1_000_000

const syncPeers = ['pebre', 'alien-signals', 'reactively', 'preact', 'mobx', 'rxjs', 'jotai']
const asyncPeers = ['pebre', 'mobx', 'nanostores', 'jotai', 'reatom', 'rxjs', 'stamps']

function weighed(what: string, count: number, peers: readonly string[], make: (count: number) => Prepare): Weighed {
  const name = `bytes of ${what} among ${count.toLocaleString('en')}`
  return { unit: 'bytes', name, group: 'memory', suite: 'memory', operations: count, peers, long: count === million, remarks: {}, prepare: make(count) }
}

export const memoryWorkloads: readonly Weighed[] = [
  weighed('an input', many, syncPeers, weighInputs),
  weighed('a synchronous cell', many, syncPeers, weighCells),
  weighed('an asynchronous cell', many, asyncPeers, weighAsyncCells),
  weighed('an input', million, ['pebre', 'alien-signals'], weighInputs),
  weighed('a synchronous cell', million, ['pebre', 'alien-signals'], weighCells),
  weighed('an asynchronous cell', million, ['pebre', 'stamps'], weighAsyncCells),
  weighed('what a snapshot adds to an input', many, ['pebre'], weighSnapshot),
  weighed('what a snapshot adds to an input', million, ['pebre'], weighSnapshot),
]
