/** Streams as async iterables: loops that are slower than what they follow. */
import { Observable } from 'rxjs'
import { flush, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input, InvalidDefinitionError, type Stream } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { rejectionOf, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })
const double = derived('double', (q) => q.get(x) * 2)

describe('loops', () => {
  it('[LIVE-13] over every kind of stream: what is there at once, then what follows', async () => {
    const db = createDatabase()
    const streams: Record<string, { readonly stream: Stream<unknown>; readonly expected: readonly unknown[] }> = {
      watch: { stream: db.watch(double), expected: [{ status: 'ready', value: 0 }, { status: 'ready', value: 2 }] },
      observe: { stream: db.observe(double), expected: [0, 2] },
      live: { stream: db.live((q) => q.get(double) + 1), expected: [1, 3] },
      node: { stream: db.node(x), expected: [0, 1] },
      revision: { stream: db.revision$, expected: [0, 1] },
    }
    const seen: Record<string, unknown[]> = {}
    const loops = Object.entries(streams).map(async ([name, { stream }]) => {
      const list: unknown[] = (seen[name] = [])
      for await (const value of stream) {
        list.push(value)
        if (list.length === 2) break
      }
    })
    const events: string[] = []
    const loop = (async () => {
      for await (const { type } of db.events$) {
        events.push(type)
        if (events.length === 1) break
      }
    })()
    await flush()
    db.set(x, 1)
    await Promise.all([...loops, loop])
    expect(seen).toEqual(Object.fromEntries(Object.entries(streams).map(([name, { expected }]) => [name, expected])))
    expect(events).toEqual(['revisionBumped'])
    const made = db.stats().events
    db.set(x, 2)
    expect(db.stats().events).toBe(made)
  })

  it('[LIVE-13] a loop that is slow gets the latest, and nothing is queued', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const seen: number[] = []
    const loop = (async () => {
      for await (const value of db.observe(double)) {
        seen.push(value)
        await stops.at('loop')
        if (value === 200_000) break
      }
    })()
    await flush()
    for (let i = 1; i <= 100_000; i++) db.set(x, i)
    await stops.openAll()
    await loop
    expect(seen).toEqual([0, 200_000])
  })

  it('[LIVE-13] a buffer holds so many, the oldest go, and they are counted', async () => {
    const db = createDatabase()
    const dropped: number[] = []
    const iterator = db.observe(double).iterate({ buffer: 3, onDropped: (count) => dropped.push(count) })
    expect(await iterator.next()).toEqual({ done: false, value: 0 })
    for (let i = 1; i <= 5; i++) db.set(x, i)
    const seen: unknown[] = [(await iterator.next()).value]
    db.set(x, 6)
    db.set(x, 7)
    for (let i = 0; i < 3; i++) seen.push((await iterator.next()).value)
    expect([dropped, seen]).toEqual([[1, 2, 3], [6, 10, 12, 14]])
    await iterator.return?.()
    expect(() => db.observe(double).iterate({ buffer: 0 })).toThrow(InvalidDefinitionError)
  })

  it('[LIVE-13 LIVE-9] break, return and throw unsubscribe; what was asked for ends', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = derived('slow', async (q) => {
      await stops.at('slow')
      return q.get(x)
    })
    const first = db.observe(slow)[Symbol.asyncIterator]()
    const asked = [track(first.next()), track(first.next())]
    expect(db.stats().jobs).toBe(1)
    await first.return?.()
    await flush()
    expect([db.stats().jobs, ...asked.map(({ value }) => value)]).toEqual([0, { done: true, value: undefined }, { done: true, value: undefined }])
    expect(await first.next()).toEqual({ done: true, value: undefined })
    const second = db.observe(slow)[Symbol.asyncIterator]()
    const pending = track(second.next())
    expect(await rejectionOf(second.throw?.('enough') as Promise<unknown>)).toBe('enough')
    await flush()
    expect([db.stats().jobs, pending.value]).toEqual([0, { done: true, value: undefined }])
    await stops.openAll()
  })

  it('[LIVE-13 LIVE-6] a failure ends the loop with the error, after what came before it', async () => {
    const db = createDatabase()
    const thrown = new Error('negative')
    const root = derived('root', (q) => {
      if (q.get(x) < 0) throw thrown
      return q.get(x)
    })
    const iterator = db.observe(root)[Symbol.asyncIterator]()
    await iterator.next()
    db.set(x, 4)
    db.set(x, -1)
    expect(await iterator.next()).toEqual({ done: false, value: 4 })
    expect(await rejectionOf(iterator.next())).toBe(thrown)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('[LIVE-13 CAN-8] closing the database ends every loop', async () => {
    const db = createDatabase()
    const seen: unknown[] = []
    const stream = db.observe(double)
    const loop = (async () => {
      for await (const value of stream) seen.push(value)
    })()
    await flush()
    db.close()
    await loop
    expect(seen).toEqual([0])
    for await (const value of stream) seen.push(value)
    expect(seen).toEqual([0])
  })

  it('[LIVE-13] a stream is an Observable first: RxJS takes it as one', () => {
    const db = createDatabase()
    expect(db.observe(double)).toBeInstanceOf(Observable)
    const seen: unknown[] = []
    new Observable<number>((subscriber) => db.observe(double).subscribe(subscriber)).subscribe((value) => seen.push(value))
    expect(seen).toEqual([0])
  })
})
