/** A thousand keys are read again after a write that none of them depends on. No body runs. */
import { createDatabase, derived, input } from 'pebre'
import { expectEqual, type Run, type Timed } from '../harness/workload.js'
import { type Memo, Stamps } from '../peers/stamps.js'

const keys = Array.from({ length: 1000 }, (_, i) => `pages/chapter-${i}/index.md`)
const expected = keys.reduce((sum, key) => sum + key.length, 0)

async function preparePebre(): Promise<Run> {
  let runs = 0
  const text = input<[path: string], string>('text', { initial: '' })
  const unrelated = input<[], number>('unrelated')
  const size = derived('size', async (q, path: string) => {
    runs++
    return q.get(text, path).length
  })
  const db = createDatabase()
  for (const key of keys) {
    db.set(text, key, key)
    await db.get(size, key)
  }
  let writes = 0
  return async () => {
    db.set(unrelated, ++writes)
    let sum = 0
    for (const key of keys) sum += await db.get(size, key)
    expectEqual('reread: sum', sum, expected)
    expectEqual('reread: runs', runs, keys.length)
  }
}

async function prepareStamps(): Promise<Run> {
  let runs = 0
  const stamps = new Stamps()
  const unrelated = stamps.source(0)
  const memos = new Map<string, Memo<number>>()
  for (const key of keys) {
    const source = stamps.source(key)
    const memo = stamps.memo(async (get) => {
      runs++
      return get(source).length
    })
    memos.set(key, memo)
    await stamps.get(memo)
  }
  let writes = 0
  return async () => {
    stamps.set(unrelated, ++writes)
    let sum = 0
    for (const key of keys) sum += await stamps.get(memos.get(key) as Memo<number>)
    expectEqual('reread: sum', sum, expected)
    expectEqual('reread: runs', runs, keys.length)
  }
}

export const reread: Timed = {
  kind: 'time', name: 'reread after unrelated write', group: 'async', operations: keys.length,
  contenders: [{ peer: 'pebre', prepare: preparePebre }, { peer: 'stamps', prepare: prepareStamps }],
}
