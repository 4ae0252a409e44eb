/** A thousand asynchronous queries read one input; all are read again after each change. */
import { createDatabase, derived, input } from 'pebre'
import { expectEqual, type Run, type Timed } from '../harness/workload.js'
import { Stamps } from '../peers/stamps.js'

const width = 1000
const keys = Array.from({ length: width }, (_, i) => i)
const sumOf = (writes: number): number => width * writes + (width * (width - 1)) / 2
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

async function preparePebre(): Promise<Run> {
  let runs = 0
  const head = input<[], number>('head', { initial: 0 })
  const branch = derived('branch', async (q, i: number) => {
    runs++
    return q.get(head) + i
  })
  const db = createDatabase()
  await Promise.all(keys.map((i) => db.get(branch, i)))
  let writes = 0
  return async () => {
    runs = 0
    db.set(head, ++writes)
    const values = await Promise.all(keys.map((i) => db.get(branch, i)))
    expectEqual('fan-out: sum', total(values), sumOf(writes))
    expectEqual('fan-out: runs', runs, width)
  }
}

async function prepareStamps(): Promise<Run> {
  let runs = 0
  const stamps = new Stamps()
  const head = stamps.source(0)
  const memos = new Map(
    keys.map((i) => [
      i,
      stamps.memo(async (get) => {
        runs++
        return get(head) + i
      }),
    ]),
  )
  const get = (i: number): Promise<number> => stamps.get(memos.get(i) ?? stamps.memo(async () => i))
  await Promise.all(keys.map(get))
  let writes = 0
  return async () => {
    runs = 0
    stamps.set(head, ++writes)
    const values = await Promise.all(keys.map(get))
    expectEqual('fan-out: sum', total(values), sumOf(writes))
    expectEqual('fan-out: runs', runs, width)
  }
}

export const fanOut: Timed = {
  kind: 'time', name: 'fan-out of 1000', group: 'async', operations: 1,
  contenders: [{ peer: 'pebre', prepare: preparePebre }, { peer: 'stamps', prepare: prepareStamps }],
}
