/** Synchronous queries that hand on the promise of an asynchronous one without waiting for it, while that is on its way. */
import { flush, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'

const createDatabase = countedDatabases()
const early = input<[], number>('early', { initial: 0 })
const late = input<[], number>('late', { initial: 0 })

describe('a promise that is handed on', () => {
  it('[DER-7 REV-7] is that of the state of the call, also where what changed is read later on its way', async () => {
    const stops = new Stops()
    const slow = derived('slow', async (q) => {
      const first = q.get(early)
      await stops.at('slow')
      return [first, q.get(late)]
    })
    const holder = derived('holder', (q) => ({ later: q.get(slow) }), { equals: false })
    const above = derived('above', (q) => ({ later: q.get(holder).later }), { equals: false })
    const db = createDatabase()
    const answers = [db.get(above).later]
    expect(db.get(above)).toBe(db.get(above))
    db.set(late, 1)
    answers.push(db.get(above).later)
    db.set(early, 2)
    answers.push(db.get(above).later)
    await stops.openAll()
    expect(await Promise.all(answers)).toEqual([[0, 0], [0, 1], [2, 1]])
  })

  it('[DER-7 DER-2] is not kept beyond a change of what it comes from, where an older evaluation was joined that has read what is otherwise now', async () => {
    const stops = new Stops()
    const leaf = derived('leaf', async (q) => {
      const own = q.get(late)
      await stops.at('leaf')
      return own
    })
    const slow = derived('slow', async (q) => {
      const own = q.get(early)
      await stops.at('begin')
      const below = await q.get(leaf)
      await stops.at('end')
      return own + below
    })
    const holder = derived('holder', (q) => ({ later: q.get(slow) }), { equals: false })
    const db = createDatabase()
    void db.get(slow)
    void db.get(leaf)
    db.set(late, 2)
    const first = db.get(holder).later
    for (const label of ['begin', 'leaf']) await stops.open(label)
    db.set(early, 3)
    void db.get(slow)
    await flush()
    await stops.openAll()
    expect(await first).toBe(2)
    const second = db.get(holder).later
    await stops.openAll()
    expect(await second).toBe(5)
  })

  it('[DER-2 VAL-1] a promise where there was a plain value is a change to who looks at it, and so is the value where there was one', async () => {
    const isLater = input<[], boolean>('isLater', { initial: false })
    const either = derived('either', (q): number | Promise<number> => (q.get(isLater) ? Promise.resolve(1) : 1))
    const kind = derived('kind', (q) => (typeof q.get(either) === 'number' ? 'number' : 'promise'))
    const db = createDatabase()
    const heard: unknown[] = []
    db.observe(either).subscribe((value) => heard.push(value))
    const kinds: string[] = []
    for (const later of [false, true, false, true]) {
      db.set(isLater, later)
      await flush()
      kinds.push(db.get(kind))
    }
    expect(kinds).toEqual(['number', 'promise', 'number', 'promise'])
    expect(heard).toEqual([1])
  })
})
