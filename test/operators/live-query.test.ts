/** liveQuery: a stream of arguments to the states of a query. */
import { Subject } from 'rxjs'
import { flush, record, Scheduler, Stops } from 'pebre/testing'
import { expect, it } from 'vitest'
import { derived, input, InvalidKeyError, type QueryState } from '../../src/index.js'
import { liveQuery, values } from '../../src/operators/index.js'
import { countedDatabases } from '../support/databases.js'
import { marbles } from '../support/marbles.js'
import { forSeeds } from '../support/random.js'

const createDatabase = countedDatabases()
const file = input<[path: string], string>('file', { initial: '' })
const selected = input<[], string>('selected', { initial: 'a' })
const size = derived('size', (q, path: string) => q.get(file, path).length)
const sum = derived('sum', (_q, a: number, b: number) => a + b)

const show = (state: QueryState<unknown>): unknown => (state.status === 'ready' ? state.value : state.status)

it('[LIVE-10] emits the state of the newest key, and nothing of the one before', () => {
  const db = createDatabase()
  const log = record(db)
  const keys = new Subject<string>()
  const seen: unknown[] = []
  const subscription = keys.pipe(liveQuery(db, size), values()).subscribe((value) => seen.push(value))
  db.set(file, 'b', 'bb')
  keys.next('a')
  db.set(file, 'a', 'a')
  keys.next('b')
  db.set(file, 'a', 'aaaaa')
  db.set(file, 'b', 'bbb')
  expect(log.take()).toEqual(['run size(a)', 'run size(a)', 'run size(b)', 'run size(b)'])
  expect(seen).toEqual([0, 1, 2, 3])
  subscription.unsubscribe()
  db.set(file, 'b', '')
  expect(log.take()).toEqual([])
})

it('[LIVE-10] a commit that switches the key and changes the old cell emits the new one only', () => {
  const db = createDatabase()
  const seen: unknown[] = []
  const live = derived('live', (q) => q.get(selected))
  db.node(selected).pipe(liveQuery(db, size), values()).subscribe((value) => seen.push(['node', value]))
  db.observe(live).pipe(liveQuery(db, size), values()).subscribe((value) => seen.push(['live', value]))
  db.batch((tx) => {
    tx.set(file, 'a', 'old')
    tx.set(file, 'b', 'bb')
    tx.set(selected, 'b')
  })
  expect(seen).toEqual([['node', 0], ['live', 0], ['node', 2], ['live', 2]])
})

it('[LIVE-10] what a subscriber writes when it is told the new key is not emitted for the old one', () => {
  const db = createDatabase()
  const keys = new Subject<string>()
  const seen: unknown[] = []
  keys.pipe(liveQuery(db, size), values()).subscribe((value) => {
    seen.push(value)
    if (seen.length === 2) db.set(file, 'a', 'written')
  })
  keys.next('a')
  keys.next('b')
  expect(seen).toEqual([0, 0])
  expect(db.get(file, 'a')).toBe('written')
})

it('[LIVE-10] a result that arrives after the switch is not emitted, and its evaluation is left', async () => {
  const db = createDatabase()
  const stops = new Stops()
  const slow = derived('slow', async (q, path: string) => {
    await stops.at(path)
    return `${path} ${q.get(file, path)}`
  })
  const log = record(db)
  const keys = new Subject<string>()
  const seen: unknown[] = []
  keys.pipe(liveQuery(db, slow)).subscribe((state) => seen.push(show(state)))
  keys.next('a')
  keys.next('b')
  await stops.open('a')
  await stops.open('b')
  expect(log.take()).toEqual(['run slow(a)', 'run slow(b)', 'cancel slow(a)'])
  expect(seen).toEqual(['pending', 'pending', 'b '])
})

it('[LIVE-10] what both keys wait for is not begun again', async () => {
  const db = createDatabase()
  const stops = new Stops()
  const common = derived('common', async () => stops.at('common'))
  const page = derived('page', async (q, path: string) => {
    await q.get(common)
    return path
  })
  const log = record(db)
  const keys = new Subject<string>()
  const seen: unknown[] = []
  keys.pipe(liveQuery(db, page), values()).subscribe((value) => seen.push(value))
  keys.next('a')
  keys.next('b')
  await stops.openAll()
  expect(log.take()).toEqual(['run page(a)', 'run common()', 'run page(b)', 'cancel page(a)'])
  expect(seen).toEqual(['b'])
})

it('equal arguments are no switch; several arguments come as a list', async () => {
  const db = createDatabase()
  const log = record(db)
  const keys = new Subject<readonly [number, number]>()
  const seen: unknown[] = []
  keys.pipe(liveQuery(db, sum)).subscribe((state) => seen.push(show(state)))
  keys.next([1, 2])
  keys.next([1, 2])
  keys.next([2, 2])
  expect(log.take()).toEqual(['run sum(1, 2)', 'run sum(2, 2)'])
  expect(seen).toEqual([3, 4])
  await flush()
})

it('a subscriber may push the next key while it is told a state', () => {
  const db = createDatabase()
  db.set(file, 'b', 'bb')
  const keys = new Subject<string>()
  const seen: unknown[] = []
  keys.pipe(liveQuery(db, size), values()).subscribe((value) => {
    seen.push(value)
    if (value === 0) keys.next('b')
  })
  keys.next('a')
  db.set(file, 'a', 'aaaa')
  db.set(file, 'b', 'b')
  expect(seen).toEqual([0, 2, 1])
})

it('failures are states; the errors of the keys are errors; it completes with both its sources', () => {
  const db = createDatabase()
  const picky = derived('picky', (q, path: string) => {
    if (q.get(file, path) === '') throw new Error('empty')
    return path
  })
  const run = (): { keys: Subject<string>; seen: unknown[] } => {
    const keys = new Subject<string>()
    const seen: unknown[] = []
    keys.pipe(liveQuery(db, picky)).subscribe({
      next: (state) => seen.push(show(state)),
      error: (error: unknown) => seen.push(error),
      complete: () => seen.push('complete'),
    })
    return { keys, seen }
  }
  const failing = run()
  failing.keys.next('a')
  db.set(file, 'a', 'a')
  const error = new Error('no more keys')
  failing.keys.error(error)
  db.set(file, 'a', '')
  expect(failing.seen).toEqual(['failed', 'a', error])

  const refused = run()
  refused.keys.next('a')
  refused.keys.next(Symbol('no key') as unknown as string)
  expect(refused.seen).toEqual(['failed', expect.any(InvalidKeyError)])

  const closing = run()
  closing.keys.next('a')
  closing.keys.complete()
  expect(closing.seen).toEqual(['failed'])
  db.close()
  expect(closing.seen).toEqual(['failed', 'complete'])
})

it('keys that come in time', () => {
  marbles(({ cold, expectObservable }) => {
    const db = createDatabase()
    db.set(file, 'b', 'bb')
    expectObservable(cold('a-b-(ab)-|').pipe(liveQuery(db, size), values()), '---------!').toBe('x-y-(xy)', { x: 0, y: 2 })
  })
})

it('what a subscriber throws goes to the database, and the stream goes on', () => {
  const reported: unknown[] = []
  const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
  const seen: unknown[] = []
  const error = new Error('from a subscriber')
  db.node(selected).pipe(liveQuery(db, size)).subscribe((state) => {
    seen.push(show(state))
    throw error
  })
  db.set(file, 'a', 'a')
  expect(seen).toEqual([0, 1])
  expect(reported).toEqual([error, error])
})

it('[LIVE-10] random keys, writes and orders: what is shown belongs to the newest key, and in the end it is what the query gives', async () => {
  await forSeeds(40, async (random, seed) => {
    const db = createDatabase()
    const scheduler = new Scheduler(seed)
    const slow = derived('slow', async (q, path: string) => {
      const value = q.get(file, path)
      if (random.chance(0.5)) await scheduler.step(path)
      if (value === 'bad') throw new Error(path)
      return `${path}=${value}`
    })
    const paths = ['a', 'b', 'c']
    let path = ''
    const states: QueryState<string>[] = []
    const keys = new Subject<string>()
    const subscription = keys.pipe(liveQuery(db, slow)).subscribe((state) => {
      states.push(state)
      const text = state.status === 'failed' ? (state.error as Error).message : 'value' in state ? state.value : path
      expect(text[0]).toBe(path)
      const answer = random.int(20)
      if (answer === 0) keys.next((path = random.pick(paths)))
      else if (answer === 1) db.set(file, random.pick(paths), 'answer')
    })
    for (let i = 0; i < 40; i++) {
      const action = random.pick(['key', 'write', 'step', 'step', 'flush'])
      if (action === 'key') keys.next((path = random.pick(paths)))
      else if (action === 'write') db.set(file, random.pick(paths), random.pick(['1', '2', 'bad']))
      else if (action === 'step' && scheduler.size > 0) scheduler.release()
      else await flush()
    }
    await scheduler.run()
    const expected = path === '' ? undefined : await Promise.all([db.get(slow, path).catch((error: unknown) => error), scheduler.run()])
    await scheduler.run()
    const last = states.at(-1)
    if (expected !== undefined) expect(last?.status === 'failed' ? last.error : last?.status === 'ready' ? last.value : last?.status).toEqual(expected[0])
    subscription.unsubscribe()
    await scheduler.run()
  })
})
