/** A chain of a hundred asynchronous queries, read at its top after each change at its bottom. */
import { createDatabase, derived, type Derived, input } from 'pebre'
import { expectEqual, type Run, type Timed } from '../harness/workload.js'
import { type Memo, Stamps } from '../peers/stamps.js'

const length = 100

async function preparePebre(): Promise<Run> {
  let runs = 0
  const bottom = input<[], number>('bottom', { initial: 0 })
  const link: Derived<[i: number], Promise<number>> = derived('link', async (q, i: number) => {
    runs++
    return i === 1 ? q.get(bottom) + 1 : (await q.get(link, i - 1)) + 1
  })
  const db = createDatabase()
  await db.get(link, length)
  let writes = 0
  return async () => {
    runs = 0
    db.set(bottom, ++writes)
    expectEqual('chain: value', await db.get(link, length), writes + length)
    expectEqual('chain: runs', runs, length)
  }
}

async function prepareStamps(): Promise<Run> {
  let runs = 0
  const stamps = new Stamps()
  const bottom = stamps.source(0)
  const links: Memo<number>[] = []
  for (let i = 0; i < length; i++) {
    const below = links[i - 1]
    const memo = stamps.memo(async (get) => {
      runs++
      return below === undefined ? get(bottom) + 1 : (await get(below)) + 1
    })
    links.push(memo)
  }
  const last = links.at(-1) as Memo<number>
  await stamps.get(last)
  let writes = 0
  return async () => {
    runs = 0
    stamps.set(bottom, ++writes)
    expectEqual('chain: value', await stamps.get(last), writes + length)
    expectEqual('chain: runs', runs, length)
  }
}

export const chain: Timed = {
  kind: 'time', name: 'chain of 100', group: 'async', operations: 1,
  contenders: [{ peer: 'pebre', prepare: preparePebre }, { peer: 'stamps', prepare: prepareStamps }],
}
