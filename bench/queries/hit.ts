/** A valid memo of an asynchronous query, asked for by its key: the promise alone, and awaited. */
import { createDatabase, type Database, derived, type Derived, input } from 'pebre'
import { expectEqual, type Run, type Timed } from '../harness/workload.js'
import { type Memo, Stamps } from '../peers/stamps.js'

const keys = Array.from({ length: 100 }, (_, i) => `pages/chapter-${i}/index.md`)
const laps = 10
const operations = laps * keys.length
const expected = laps * keys.reduce((sum, key) => sum + key.length, 0)

async function openPebre(): Promise<{ readonly db: Database; readonly size: Derived<[path: string], Promise<number>> }> {
  const text = input<[path: string], string>('text', { initial: '' })
  const size = derived('size', async (q, path: string) => q.get(text, path).length)
  const db = createDatabase()
  for (const key of keys) {
    db.set(text, key, key)
    await db.get(size, key)
  }
  return { db, size }
}

async function openStamps(): Promise<{ readonly stamps: Stamps; readonly memos: Map<string, Memo<number>> }> {
  const stamps = new Stamps()
  const memos = new Map<string, Memo<number>>()
  for (const key of keys) {
    const source = stamps.source(key)
    memos.set(key, stamps.memo(async (get) => get(source).length))
  }
  for (const memo of memos.values()) await stamps.get(memo)
  return { stamps, memos }
}

const openMap = (): Map<string, Promise<number>> => new Map(keys.map((key) => [key, Promise.resolve(key.length)]))

async function awaitPebre(): Promise<Run> {
  const { db, size } = await openPebre()
  return async () => {
    let sum = 0
    for (let lap = 0; lap < laps; lap++) for (const key of keys) sum += await db.get(size, key)
    expectEqual('hit, awaited', sum, expected)
  }
}

async function awaitStamps(): Promise<Run> {
  const { stamps, memos } = await openStamps()
  return async () => {
    let sum = 0
    for (let lap = 0; lap < laps; lap++) for (const key of keys) sum += await stamps.get(memos.get(key) as Memo<number>)
    expectEqual('hit, awaited', sum, expected)
  }
}

function awaitMap(): Run {
  const promises = openMap()
  return async () => {
    let sum = 0
    for (let lap = 0; lap < laps; lap++) for (const key of keys) sum += await (promises.get(key) as Promise<number>)
    expectEqual('hit, awaited', sum, expected)
  }
}

async function getPebre(): Promise<Run> {
  const { db, size } = await openPebre()
  const known = keys.map((key) => db.get(size, key))
  return () => {
    let same = 0
    for (let lap = 0; lap < laps; lap++) for (let i = 0; i < keys.length; i++) if (db.get(size, keys[i] as string) === known[i]) same++
    expectEqual('hit', same, operations)
  }
}

async function getStamps(): Promise<Run> {
  const { stamps, memos } = await openStamps()
  const known = keys.map((key) => stamps.get(memos.get(key) as Memo<number>))
  return () => {
    let same = 0
    for (let lap = 0; lap < laps; lap++) for (let i = 0; i < keys.length; i++) if (stamps.get(memos.get(keys[i] as string) as Memo<number>) === known[i]) same++
    expectEqual('hit', same, operations)
  }
}

function getMap(): Run {
  const promises = openMap()
  const known = keys.map((key) => promises.get(key))
  return () => {
    let same = 0
    for (let lap = 0; lap < laps; lap++) for (let i = 0; i < keys.length; i++) if (promises.get(keys[i] as string) === known[i]) same++
    expectEqual('hit', same, operations)
  }
}

export const hitAwaited: Timed = {
  kind: 'time', name: 'hit, awaited', group: 'async', operations,
  contenders: [{ peer: 'pebre', prepare: awaitPebre }, { peer: 'bare map', prepare: awaitMap }, { peer: 'stamps', prepare: awaitStamps }],
}

export const hitGet: Timed = {
  kind: 'time', name: 'hit, get alone', group: 'async', operations,
  contenders: [{ peer: 'pebre', prepare: getPebre }, { peer: 'bare map', prepare: getMap }, { peer: 'stamps', prepare: getStamps }],
}
