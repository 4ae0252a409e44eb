/** Closing a database, at every moment. */
import type { Observable } from 'rxjs'
import { flush, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { ClosedError, type Database, derived, input, type View } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { rejectionOf, thrownBy, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const keyed = input<[key: string], number>('keyed')
const double = derived('double', (q) => q.get(x) * 2)

function counted(stops: Stops) {
  const aborted: unknown[] = []
  const query = derived('query', async (q, name: string) => {
    q.signal.addEventListener('abort', () => aborted.push(q.signal.reason))
    const value = q.get(x)
    await stops.at(name)
    return value
  })
  return { aborted, query }
}

/** Counts what an Observable says. */
function listen(observable: Observable<unknown>) {
  const heard = { next: 0, error: 0, complete: 0 }
  observable.subscribe({ next: () => heard.next++, error: () => heard.error++, complete: () => heard.complete++ })
  return heard
}

const streamsOf = (db: View): Observable<unknown>[] => [
  db.watch(double),
  db.observe(double),
  db.live((q) => q.get(double)),
  db.revision$,
  db.events$,
  db.events('hit'),
  db.node(x),
]

describe('close', () => {
  it('[CAN-8] pending gets reject with ClosedError, and all signals fire once', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const { aborted, query } = counted(stops)
    const parent = derived('parent', async (q) => (await q.get(query, 'a')) + 1)
    const pending = [db.get(query, 'a'), db.get(parent), db.with({ signal: new AbortController().signal }).get(query, 'b'), db.read((q) => q.get(query, 'c')), db.touch(query, 'd')]
    db.set(x, 2)
    pending.push(db.get(query, 'a'), db.snapshot().get(query, 'e'))
    const errors = Promise.all(pending.map(rejectionOf))
    db.close()
    db.close()
    expect(db.stats().jobs).toBe(0)
    expect((await errors).map((error) => error instanceof ClosedError)).toEqual(pending.map(() => true))
    expect(aborted).toHaveLength(6)
    expect(aborted.every((reason) => reason instanceof ClosedError)).toBe(true)
    await stops.openAll()
  })

  it('[CAN-8] all streams complete once, those of snapshots too, and say nothing afterwards', () => {
    const db = createDatabase()
    const snapshot = db.snapshot()
    const heard = [...streamsOf(db), ...streamsOf(snapshot)].map(listen)
    const values = heard.map(({ next }) => next)
    db.close()
    db.close()
    expect(heard.map(({ complete, error }) => [complete, error])).toEqual(heard.map(() => [1, 0]))
    expect(heard.map(({ next }) => next)).toEqual(values)
  })

  it('[CAN-8] streams that are pending or failed complete as well, and late subscribers complete at once', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const { query } = counted(stops)
    const failing = derived('failing', () => {
      throw new Error('failed')
    })
    const streams = [db.watch(query, 'a'), db.observe(query, 'a'), db.watch(failing)]
    const heard = streams.map(listen)
    db.close()
    await stops.openAll()
    expect(heard).toEqual([
      { next: 1, error: 0, complete: 1 },
      { next: 0, error: 0, complete: 1 },
      { next: 1, error: 0, complete: 1 },
    ])
    expect(streams.map(listen)).toEqual(streams.map(() => ({ next: 0, error: 0, complete: 1 })))
  })

  it('[CAN-8] later calls throw ClosedError, on the database and on its snapshots', () => {
    const db = createDatabase()
    const node = db.node(x)
    const snapshot = db.snapshot()
    db.get(double)
    db.close()
    const calls: ((view: View) => unknown)[] = [
      (view) => view.get(x),
      (view) => view.get(double),
      (view) => view.has(x),
      (view) => view.keys(keyed),
      (view) => view.entries(keyed),
      (view) => view.read((q) => q.get(x)),
      (view) => view.with({ signal: new AbortController().signal }).get(double),
      (view) => view.touch(double),
      (view) => view.prefetch(double),
      (view) => view.set(x, 2),
      (view) => view.remove(x),
      (view) => view.update(x, () => 3),
      (view) => view.replaceAll(keyed, []),
      (view) => view.batch(() => {}),
      (view) => view.invalidate(double),
      (view) => view.watch(double),
      (view) => view.observe(double),
      (view) => view.live((q) => q.get(x)),
      (view) => view.effect(() => {}),
      (view) => view.bind(x, [1]),
      (view) => view.node(x),
      (view) => view.snapshot(),
      () => node.next(5),
    ]
    for (const view of [db, snapshot]) {
      expect(calls.map((call) => thrownBy(() => call(view))).map((error) => error instanceof ClosedError)).toEqual(calls.map(() => true))
    }
  })

  it('[CAN-8] closing inside a subscriber of any stream is safe, and nobody hears more', () => {
    for (const at of streamsOf(createDatabase()).keys()) {
      const db = createDatabase()
      const before = listen(db.watch(double))
      const source = streamsOf(db)[at] as Observable<unknown>
      let armed = false
      const heard = { next: 0, complete: 0 }
      source.subscribe({
        next: () => {
          heard.next++
          if (armed) db.close()
        },
        complete: () => heard.complete++,
      })
      const after = listen(db.watch(double))
      armed = true
      const told = heard.next
      const write = (): unknown => [db.set(x, 2), db.get(double), db.get(double)]
      expect(thrownBy(write)).toBeInstanceOf(ClosedError)
      expect(heard).toEqual({ next: told + 1, complete: 1 })
      expect([before.complete, after.complete]).toEqual([1, 1])
      expect(thrownBy(() => db.get(x))).toBeInstanceOf(ClosedError)
    }
  })

  it('[CAN-8] writes that subscribers had queued are dropped with the rest', () => {
    const db = createDatabase()
    const seen: unknown[] = []
    db.watch(double).subscribe((state) => {
      seen.push(state)
      if (db.revision === 1) {
        db.set(x, 100)
        db.close()
      }
    })
    db.set(x, 2)
    expect(seen).toEqual([
      { status: 'ready', value: 2 },
      { status: 'ready', value: 4 },
    ])
    expect(db.revision).toBe(1)
  })

  it('[CAN-8] closing in the synchronous part of a body ends its get, in a synchronous and an asynchronous query', async () => {
    const closers: ((db: Database) => () => unknown)[] = [
      (db) => {
        const closer = derived('closer', () => {
          db.close()
          return 1
        })
        return () => db.get(closer)
      },
      (db) => {
        const closer = derived('closer', async () => {
          db.close()
          await Promise.resolve()
          return 1
        })
        return () => db.get(closer)
      },
    ]
    for (const closer of closers) {
      const db = createDatabase()
      const get = closer(db)
      expect(await rejectionOf(Promise.resolve().then(get))).toBeInstanceOf(ClosedError)
      expect(db.stats().jobs).toBe(0)
    }
  })

  it('[CAN-8] closing in a batch, an equality function or an abort listener leaves nothing running', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const fussy = input<[], number>('fussy', {
      equals: () => {
        db.close()
        return false
      },
    })
    const { query } = counted(stops)
    const outcome = track(db.get(query, 'a'))
    db.set(fussy, 1)
    expect(() => db.set(fussy, 2)).toThrow(ClosedError)
    await flush()
    expect(outcome.error).toBeInstanceOf(ClosedError)

    const second = createDatabase()
    expect(() =>
      second.batch((tx) => {
        tx.set(x, 5)
        second.close()
      }),
    ).toThrow(ClosedError)
    expect(second.revision).toBe(0)

    const third = createDatabase()
    const listening = derived('listening', async (q) => {
      q.signal.addEventListener('abort', () => third.close())
      await stops.at('listening')
    })
    const leaver = new AbortController()
    const left = rejectionOf(third.with({ signal: leaver.signal }).get(listening))
    leaver.abort('gone')
    expect(await left).toBe('gone')
    expect(() => third.get(x)).toThrow(ClosedError)
    await stops.openAll()
  })

  it('[CAN-8] a body that goes on after the close can neither read nor be heard', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const seen: unknown[] = []
    const query = derived('query', async (q) => {
      await stops.at('query')
      seen.push(thrownBy(() => q.get(x)), await rejectionOf(Promise.resolve().then(() => db.get(double))))
      return 1
    })
    const error = rejectionOf(db.get(query))
    db.close()
    expect(await error).toBeInstanceOf(ClosedError)
    await stops.openAll()
    expect(seen.map((thrown) => thrown instanceof ClosedError)).toEqual([true, true])
  })
})
