/** Inputs and synchronous computations held by number: what a library takes for each, and what a write costs among many of them. */
import { createDatabase, derived, input, type Input } from 'pebre'
import { expectEqual } from '../harness/workload.js'
import { signalPeers } from '../peers/signals/index.js'
import type { Peer } from '../shapes/graph.js'

export interface Records {
  /** Makes the inputs from 0 to `count`; each holds its number. */
  fill(count: number): void
  set(i: number, value: number): void
  /** A computation for each input: twice its value. Made at its first read. */
  readDouble(i: number): number
}

const value: Input<[i: number], number> = input('value')
const double = derived('double', (q, i: number) => 2 * (q.get(value, i) ?? 0))

function openPebre(): Records {
  const db = createDatabase()
  return {
    fill: (count) =>
      db.batch((tx) => {
        for (let i = 0; i < count; i++) tx.set(value, i, i)
      }),
    set: (i, next) => db.set(value, i, next),
    readDouble: (i) => db.get(double, i),
  }
}

function openGraph<Q, Node>(peer: Peer<Q, Node>): Records {
  const graph = peer.open()
  const signals = new Map<number, Node>()
  const doubles = new Map<number, Node>()
  const doubleOf = (i: number): Node => {
    const known = doubles.get(i)
    if (known !== undefined) return known
    const signal = signals.get(i) as Node
    const made = graph.computed((q) => 2 * graph.get(q, signal), [signal])
    doubles.set(i, made)
    return made
  }
  return {
    fill: (count) => {
      for (let i = 0; i < count; i++) signals.set(i, graph.signal(i))
    },
    set: (i, next) => graph.set(signals.get(i) as Node, next),
    readDouble: (i) => graph.read(doubleOf(i)),
  }
}

export async function openRecords(peer: string): Promise<Records> {
  return peer === 'pebre' ? openPebre() : openGraph((await (signalPeers[peer] as () => Promise<unknown>)()) as Peer<unknown, unknown>)
}

export function readAll(records: Records, count: number): void {
  let sum = 0
  for (let i = 0; i < count; i++) sum += records.readDouble(i)
  expectEqual('sum of all', sum, count * (count - 1))
}
