/** Files that pass through programs which know only some of their definitions. */
import { createDatabase, type Database, derived, type Derived, input } from 'pebre'
import { loadCache, MemoryPort, saveCache } from 'pebre/persist'
import { describe, expect, it } from 'vitest'
import { rejectionOf, turnsDuring } from '../support/turns.js'

const log: string[] = []
const ran = (): string[] => log.splice(0)
const place = (): { port: MemoryPort; name: string } => ({ port: new MemoryPort(), name: 'c' })

const base = input<[], number>('base')
const size = input<[key: string], number>('size')

/** 0 reads 1, that reads 2 …; the last one reads the query below. */
function chain(length: number, below: Derived<[], number>): Derived<[at: number], number> {
  const link: Derived<[at: number], number> = derived('link', (q, at: number): number => (at === length ? q.get(below) : q.get(link, at + 1)))
  return link
}

async function loaded(at: ReturnType<typeof place>, definitions: Parameters<typeof loadCache>[2] & object): Promise<Database> {
  const db = createDatabase()
  await loadCache(db, at, definitions)
  return db
}

describe('results of definitions that are not known', () => {
  it('[PER-9 PER-13] that lose what they were made from: the event loop is not held, however long the chain', async () => {
    const middle = (options: object): Derived<[], number> => derived('middle', (q) => q.get(base) ?? 0, options)
    for (const length of [3, 20_000]) {
      const link = chain(length, middle({}))
      const one = createDatabase()
      one.set(base, 1)
      for (let at = length; at >= 0; at--) one.get(link, at)
      const at = place()
      await saveCache(one, at)
      const db = await loaded(at, { definitions: [base, middle({ version: 2 })] })
      let saved: unknown
      const turns = await turnsDuring(async () => void (saved = await saveCache(db, place())))
      expect([saved, (turns.at(-1) as number) < 500]).toMatchObject([{ retained: [], queries: 0, inputs: 1 }, true])
    }
  }, 60_000)

  it('[PER-9 PER-13] that are kept: the event loop is not held for more than 10 ms', async () => {
    const shown = derived('shown', (q, key: string) => ({ key, size: q.get(size, key) }))
    const one = createDatabase()
    one.batch((tx) => {
      for (let i = 0; i < 60_000; i++) tx.set(size, `key ${i}`, i)
    })
    for (let i = 0; i < 60_000; i++) one.get(shown, `key ${i}`)
    const at = place()
    await saveCache(one, at)
    for (const definitions of [[size], []]) {
      const db = await loaded(at, { definitions })
      await saveCache(db, place())
      const turns: number[] = []
      for (let save = 0; save < 3; save++) turns.push(...(await turnsDuring(() => saveCache(db, place()))))
      turns.sort((a, b) => a - b)
      // A collection of garbage may fall into a turn, not into one of each save.
      expect({ turns: turns.length > 15, typical: (turns[Math.floor(turns.length / 2)] as number) < 10, longOnes: (turns.at(-3) as number) < 40 })
        .toEqual({ turns: true, typical: true, longOnes: true })
    }
  }, 60_000)

  it('[PER-9 PER-11] go with what they were made from, and take along the empty slots that only they have read', async () => {
    const other = input<[key: string], number>('other')
    const middle = (options: object): Derived<[key: string], number> => derived('middle', (q, key: string) => q.get(size, key) ?? 0, options)
    const known = middle({})
    const left = derived('left', (q, key: string) => q.get(known, key) + (q.get(other, key) ?? 0))
    const right = derived('right', (q, key: string) => q.get(left, key) + q.keys(other).length)
    const apart = derived('apart', (q, key: string) => q.get(other, key) ?? -1)
    const one = createDatabase()
    one.set(size, 'a', 1)
    one.get(right, 'a')
    one.get(apart, 'b')
    const at = place()
    expect((await saveCache(one, at)).sections).toMatchObject([{ name: 'other', count: 2 }, { name: 'size', count: 1 }, {}, {}, {}, {}])
    const db = await loaded(at, { definitions: [size, middle({ version: 2 })] })
    const saved = await saveCache(db, at)
    expect(saved).toMatchObject({ retained: ['other', 'apart'], sections: [{ name: 'other', count: 1 }, { name: 'size', count: 1 }, { name: 'apart', count: 1 }] })
    const again = await loaded(at, { definitions: [size, other, known, left, right, apart] })
    expect([again.get(right, 'a'), again.get(apart, 'b')]).toEqual([1, -1])
  })

  it('[PER-11 PER-9] count as results for maxBytes: they are left out first, with what depends on them, and inputs never', async () => {
    const big = derived('big', (q, key: string) => {
      log.push(`big ${key}`)
      return 'x'.repeat(q.get(size, key) ?? 0)
    })
    const upon = derived('upon', (q, key: string) => {
      log.push(`upon ${key}`)
      return q.get(big, key).length
    })
    const long = derived('long', (q, key: string) => {
      log.push(`long ${key}`)
      return 'y'.repeat(q.get(size, key) ?? 0)
    })
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
    const one = createDatabase()
    for (const key of keys) {
      one.set(size, key, 1000)
      one.get(upon, key)
      one.get(long, key)
    }
    const at = place()
    const whole = await saveCache(one, at)
    const db = await loaded(at, { definitions: [size, long] })
    for (const key of keys.slice(0, 5)) db.get(long, key)
    ran()
    const { bytes: pruned } = await saveCache(db, place(), { prune: true })
    expect(whole.bytes - pruned).toBeGreaterThan(20_000)
    await loadCache(db, at)
    for (const key of keys.slice(0, 5)) db.get(long, key)
    for (const [maxBytes, knows] of [[whole.bytes - 2500, 20], [pruned + 200, 20], [9000, 8], [500, 0]] as const) {
      const to = place()
      const saved = await saveCache(db, to, { maxBytes })
      expect(saved.bytes).toBeLessThanOrEqual(maxBytes)
      const again = await loaded(to, { definitions: [size, big, upon, long] })
      ran()
      for (const key of keys) expect([again.get(upon, key), again.get(long, key).length]).toEqual([1000, 1000])
      const runs = ran()
      expect([saved.inputs, saved.dropped, runs.filter((run) => run.startsWith('long')).length]).toEqual([20, runs.length, 20 - Math.min(20, saved.queries)])
      expect(saved.queries).toBeGreaterThanOrEqual(knows - 1)
    }
    // What has been asked for since the load goes last.
    const to = place()
    await saveCache(db, to, { maxBytes: 5900 })
    const again = await loaded(to, { definitions: [size, long] })
    for (const key of keys) again.get(long, key)
    expect(ran()).toEqual(keys.slice(5).map((key) => `long ${key}`))
    const error = await rejectionOf(saveCache(db, at, { maxBytes: 50 }))
    expect(error).toMatchObject({ code: 'too-large', message: expect.stringMatching(/^Inputs and interned values alone take \d{3} bytes, and maxBytes is 50\. Nothing/) as unknown })
  })

  it('[PER-11 PER-9] inputs of theirs are not left out, and the error says what can be', async () => {
    const one = createDatabase()
    for (let i = 0; i < 50; i++) one.set(size, `key ${i}`, i)
    const at = place()
    await saveCache(one, at)
    const db = await loaded(at, {})
    await expect(saveCache(db, place(), { maxBytes: 200 })).rejects.toMatchObject({ code: 'too-large', message: expect.stringContaining('prune: true') as unknown })
    expect(await saveCache(db, place(), { maxBytes: 200, prune: true })).toMatchObject({ sections: [], dropped: 0 })
  })
})
