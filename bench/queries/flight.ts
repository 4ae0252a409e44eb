/** A thousand callers ask for one stale key at once: one run, and one answer for all. */
import { createDatabase, derived, input } from 'pebre'
import { expectEqual, type Run, type Timed } from '../harness/workload.js'
import { type Memo, Stamps } from '../peers/stamps.js'

const key = 'pages/index.md'
const callers = Array.from({ length: 1000 }, () => key)
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

function preparePebre(): Run {
  let runs = 0
  const size = input<[path: string], number>('size', { initial: 0 })
  const double = derived('double', async (q, path: string) => {
    runs++
    return 2 * q.get(size, path)
  })
  const db = createDatabase()
  let writes = 0
  return async () => {
    runs = 0
    db.set(size, key, ++writes)
    const values = await Promise.all(callers.map((path) => db.get(double, path)))
    expectEqual('flight: sum', total(values), 2 * writes * callers.length)
    expectEqual('flight: runs', runs, 1)
  }
}

function prepareStamps(): Run {
  let runs = 0
  const stamps = new Stamps()
  const size = stamps.source(0)
  const memo = stamps.memo(async (get) => {
    runs++
    return 2 * get(size)
  })
  const memos = new Map([[key, memo]])
  let writes = 0
  return async () => {
    runs = 0
    stamps.set(size, ++writes)
    const values = await Promise.all(callers.map((path) => stamps.get(memos.get(path) as Memo<number>)))
    expectEqual('flight: sum', total(values), 2 * writes * callers.length)
    expectEqual('flight: runs', runs, 1)
  }
}

function prepareMap(): Run {
  let runs = 0
  let writes = 0
  const promises = new Map<string, Promise<number>>()
  const get = (path: string): Promise<number> => {
    const known = promises.get(path)
    if (known !== undefined) return known
    const promise = double()
    promises.set(path, promise)
    return promise
  }
  const double = async (): Promise<number> => {
    runs++
    return 2 * writes
  }
  return async () => {
    runs = 0
    writes++
    promises.delete(key)
    const values = await Promise.all(callers.map(get))
    expectEqual('flight: sum', total(values), 2 * writes * callers.length)
    expectEqual('flight: runs', runs, 1)
  }
}

export const flight: Timed = {
  kind: 'time', name: '1000 gets of one key', group: 'async', operations: 1,
  contenders: [{ peer: 'pebre', prepare: preparePebre }, { peer: 'bare map', prepare: prepareMap }, { peer: 'stamps', prepare: prepareStamps }],
}
