/** A change that one asynchronous query makes invisible to the thousand that read it: it runs, and they do not. */
import { createDatabase, derived, input } from 'pebre'
import { expectEqual, type Run, type Timed } from '../harness/workload.js'
import { type Memo, Stamps } from '../peers/stamps.js'

const width = 1000
const keys = Array.from({ length: width }, (_, i) => i)
const expected = (width * (width - 1)) / 2
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

async function preparePebre(): Promise<Run> {
  let runs = 0
  let gateRuns = 0
  const head = input<[], number>('head', { initial: 0 })
  const gate = derived('gate', async (q) => {
    gateRuns++
    return q.get(head) < 0 ? 1 : 0
  })
  const below = derived('below', async (q, i: number) => {
    runs++
    return (await q.get(gate)) + i
  })
  const db = createDatabase()
  await Promise.all(keys.map((i) => db.get(below, i)))
  let writes = 0
  return async () => {
    gateRuns = 0
    db.set(head, ++writes)
    const values = await Promise.all(keys.map((i) => db.get(below, i)))
    expectEqual('cutoff: sum', total(values), expected)
    expectEqual('cutoff: runs of the gate', gateRuns, 1)
    expectEqual('cutoff: runs below', runs, width)
  }
}

async function prepareStamps(): Promise<Run> {
  let runs = 0
  let gateRuns = 0
  const stamps = new Stamps()
  const head = stamps.source(0)
  const gate = stamps.memo(async (get) => {
    gateRuns++
    return get(head) < 0 ? 1 : 0
  })
  const memos = new Map<number, Memo<number>>()
  for (const i of keys) {
    const memo = stamps.memo(async (get) => {
      runs++
      return (await get(gate)) + i
    })
    memos.set(i, memo)
    await stamps.get(memo)
  }
  let writes = 0
  return async () => {
    gateRuns = 0
    stamps.set(head, ++writes)
    const values = await Promise.all(keys.map((i) => stamps.get(memos.get(i) as Memo<number>)))
    expectEqual('cutoff: sum', total(values), expected)
    expectEqual('cutoff: runs of the gate', gateRuns, 1)
    expectEqual('cutoff: runs below', runs, width)
  }
}

export const cutoff: Timed = {
  kind: 'time', name: 'cutoff with 1000 downstream', group: 'async', operations: 1,
  contenders: [{ peer: 'pebre', prepare: preparePebre }, { peer: 'stamps', prepare: prepareStamps }],
}
