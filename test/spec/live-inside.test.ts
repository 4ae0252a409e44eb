/** Streams of keys, and subscriptions where there must be none. */
import { combineLatest, map, type Observable, observeOn, queueScheduler, Subject, switchMap } from 'rxjs'
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input, type QueryState, WriteInQueryError } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })
const file = input<[path: string], string>('file')
const open = input<[], string>('open', { initial: 'a' })
const title = derived('title', (q, path: string) => `${path}: ${q.get(file, path)}`)

describe('key streams', () => {
  it('[LIVE-10] a key that is an input switches cells within one commit, and the old one is silent', () => {
    const db = createDatabase()
    const seen: string[] = []
    db.node(open).pipe(switchMap((path) => db.observe(title, path))).subscribe((value) => seen.push(value))
    const log = record(db)
    db.batch((tx) => {
      tx.set(file, 'a', 'old')
      tx.set(file, 'b', 'new')
      tx.set(open, 'b')
    })
    expect(log.take()).toEqual(['run title(b)'])
    db.set(file, 'a', 'older')
    expect([log.take(), seen]).toEqual([[], ['a: undefined', 'b: new']])
  })

  it('[LIVE-10] a subscriber that switches before the old cell is told', () => {
    const db = createDatabase()
    const seen: string[] = []
    const keys = new Subject<string>()
    db.observe(derived('first', (q) => q.get(file, 'a'))).subscribe((value) => keys.next(value === undefined ? 'a' : 'b'))
    keys.pipe(switchMap((path) => db.observe(title, path))).subscribe((value) => seen.push(value))
    keys.next('a')
    db.set(file, 'a', '1')
    expect(seen).toEqual(['a: undefined', 'b: undefined'])
  })

  it('[LIVE-10] an evaluation of the old key that ends after the switch is not told', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = derived('slow', async (q, path: string) => {
      await stops.at(path)
      return `${path}: ${q.get(file, path)}`
    })
    const keys = new Subject<string>()
    const seen: QueryState<string>[] = []
    keys.pipe(switchMap((path) => db.watch(slow, path))).subscribe((state) => seen.push(state))
    keys.next('a')
    const kept = db.get(slow, 'a')
    keys.next('b')
    await stops.open('a')
    await stops.open('b')
    expect(await kept).toBe('a: undefined')
    expect(seen).toEqual([{ status: 'pending' }, { status: 'pending' }, { status: 'ready', value: 'b: undefined' }])
  })
})

describe('inside bodies', () => {
  it('[LIVE-11] every stream refuses a subscription from the synchronous part of a body', async () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const snapshot = db.snapshot()
    const streams: Record<string, Observable<unknown>> = {
      watch: db.watch(title, 'a'), observe: db.observe(title, 'a'), live: db.live((q) => q.get(x)), node: db.node(x), revision: db.revision$,
      events: db.events$, category: db.events('hit'), policy: db.with({ policy: 'every' }).watch(title, 'a'), activity: db.activity$,
      snapshot: snapshot.watch(title, 'a'), operator: db.watch(title, 'a').pipe(map(({ status }) => status)),
      combined: combineLatest([db.node(x), db.revision$]),
    }
    for (const [name, stream] of Object.entries(streams)) {
      for (const isAsync of [false, true]) {
        const told: unknown[] = []
        const body = (): void => {
          stream.subscribe({ next: () => told.push('next'), error: (error: unknown) => told.push(error) })
        }
        if (isAsync) await db.get(derived(`eager ${name} async`, async () => body()))
        else db.get(derived(`eager ${name}`, () => body()))
        expect(told).toEqual([expect.any(WriteInQueryError)])
        expect(String(told[0])).toContain(`eager ${name}`)
      }
    }
    const made = db.stats().events
    db.set(x, 1)
    expect([reported, db.stats().events]).toEqual([[], made])
    snapshot.dispose()
  })

  it('[LIVE-11] a refusal nobody handles is reported, and the loop in a body is refused too', async () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    db.get(derived('eager', () => void db.node(x).subscribe()))
    expect(reported).toEqual([expect.any(WriteInQueryError)])
    const loop = derived('loop', () => {
      const next = db.node(x)[Symbol.asyncIterator]().next()
      next.catch((error: unknown) => reported.push(error))
    })
    db.get(loop)
    await flush()
    expect(reported).toEqual([expect.any(WriteInQueryError), expect.any(WriteInQueryError)])
    expect(() => db.get(derived('effect', () => void db.effect(() => {})))).toThrow(WriteInQueryError)
  })

  it('[LIVE-11] after an await the body is a caller like any other', async () => {
    const db = createDatabase()
    const seen: unknown[] = []
    const late = derived('late', async () => {
      await flush()
      db.node(x).subscribe((value) => seen.push(value))
    })
    await db.get(late)
    db.set(x, 1)
    expect(seen).toEqual([0, 1])
  })
})

describe('schedulers', () => {
  it('[LIVE-3] observeOn takes any scheduler, and the order of a commit is kept', () => {
    const db = createDatabase()
    const seen: string[] = []
    db.observe(title, 'a').pipe(observeOn(queueScheduler)).subscribe((value) => seen.push(`first ${value}`))
    db.observe(title, 'a').pipe(observeOn(queueScheduler)).subscribe((value) => seen.push(`second ${value}`))
    db.set(file, 'a', '1')
    expect(seen).toEqual(['first a: undefined', 'second a: undefined', 'first a: 1', 'second a: 1'])
  })
})
