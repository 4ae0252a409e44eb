/** What a write and a snapshot cost in small and large databases. */
import { contended, expectEqual, type Run, type Timed } from '../harness/workload.js'

const counts = [1_000, 100_000, 1_000_000]

type Prepare = (peer: string) => Promise<Run>

const operations = 500

/** Scattered over all records. */
const placeOf = (write: number, count: number): number => (write * 7919) % count

/** One input is written, and the computation over it read; all others are there, and have been read before. */
const write =
  (count: number): Prepare =>
  async (peer) => {
    const { openRecords, readAll } = await import('./records.js')
    const records = await openRecords(peer)
    records.fill(count)
    readAll(records, count)
    let writes = 0
    return () => {
      let sum = 0
      let expected = 0
      for (let i = 0; i < operations; i++) {
        const place = placeOf(++writes, count)
        records.set(place, -writes)
        sum += records.readDouble(place)
        expected -= 2 * writes
      }
      expectEqual('write: sum', sum, expected)
    }
  }

/** One input is written, a copy of the state taken, and the value read in the copy. */
const snapshot =
  (count: number): Prepare =>
  async (peer) => {
    const { takers } = await import('./copies.js')
    const copyWith = takers[peer]?.(count)
    if (copyWith === undefined) throw new Error(`There is no ${peer}.`)
    let writes = 0
    return () => {
      writes++
      expectEqual('snapshot: value', copyWith(placeOf(writes, count), -writes), -writes)
    }
  }

function sized(what: string, count: number, perRun: number, peers: readonly string[], prepare: Prepare): Timed {
  const contenders = peers.map((peer) => ({ peer, prepare: () => prepare(peer) }))
  return contended({ name: `${what} ${count.toLocaleString('en')}`, group: what, suite: 'scale', operations: perRun, long: count === 1_000_000, contenders })
}

export const sizeWorkloads: readonly Timed[] = [
  ...counts.map((count) => sized('write among', count, operations, ['pebre', 'alien-signals'], write(count))),
  ...counts.map((count) => sized('snapshot of', count, 1, ['pebre', 'immutable map', 'copied map'], snapshot(count))),
]
