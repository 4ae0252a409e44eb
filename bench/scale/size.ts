/** What a write and a snapshot cost in small and large databases. */
import { Map as ImmutableMap } from 'immutable'
import { createDatabase, input, type Input } from 'pebre'
import { expectEqual, type Task, type Timed } from '../harness/workload.js'
import { openRecords, readAll } from './records.js'

const counts = [1_000, 100_000, 1_000_000]

type Prepare = Timed['prepare']

const operations = 500

/** Scattered over all records. */
const placeOf = (write: number, count: number): number => (write * 7919) % count

/** One input is written, and the computation over it read; all others are there, and have been read before. */
const write =
  (count: number): Prepare =>
  async (peer) => {
    const records = await openRecords(peer)
    records.fill(count)
    readAll(records, count)
    let writes = 0
    return {
      run: () => {
        let sum = 0
        let expected = 0
        for (let i = 0; i < operations; i++) {
          const place = placeOf(++writes, count)
          records.set(place, -writes)
          sum += records.readDouble(place)
          expected -= 2 * writes
        }
        expectEqual('write: sum', sum, expected)
      },
    }
  }

const value: Input<[i: number], number> = input('value')

/** One input is written, a copy of the state taken, and the value read in the copy. */
function snapshotTask(count: number, peer: string): Task {
  const take = takers[peer]
  if (take === undefined) throw new Error(`There is no ${peer}.`)
  const copyWith = take(count)
  let writes = 0
  return {
    run: () => {
      writes++
      expectEqual('snapshot: value', copyWith(placeOf(writes, count), -writes), -writes)
    },
  }
}

/** Writes a value, and reads it in a copy made after that. */
type CopyWith = (place: number, value: number) => number | undefined

const entries = (count: number): [number, number][] => Array.from({ length: count }, (_, i) => [i, i])

const takers: Readonly<Record<string, (count: number) => CopyWith>> = {
  pebre: (count) => {
    const db = createDatabase()
    db.replaceAll(value, entries(count))
    return (place, next) => {
      db.set(value, place, next)
      const snapshot = db.snapshot()
      const seen = snapshot.get(value, place)
      snapshot.dispose()
      return seen
    }
  },
  'immutable map': (count) => {
    let map = ImmutableMap(entries(count))
    return (place, next) => {
      map = map.set(place, next)
      return map.get(place)
    }
  },
  'copied map': (count) => {
    const map = new Map(entries(count))
    return (place, next) => {
      map.set(place, next)
      return new Map(map).get(place)
    }
  },
}

function timed(what: string, count: number, perRun: number, peers: readonly string[], prepare: Prepare): Timed {
  const name = `${what} ${count.toLocaleString('en')}`
  return { unit: 'ns', name, group: what, suite: 'scale', operations: perRun, peers, long: count === 1_000_000, remarks: {}, prepare, verify: prove }

  async function prove(peer: string): Promise<void> {
    const { run } = await prepare(peer)
    await run()
  }
}

export const sizeWorkloads: readonly Timed[] = [
  ...counts.map((count) => timed('write among', count, operations, ['pebre', 'alien-signals'], write(count))),
  ...counts.map((count) => timed('snapshot of', count, 1, Object.keys(takers), async (peer) => snapshotTask(count, peer))),
]
