/** liveReload: batches of changed roots. */
import { flush, record, Scheduler, Stops } from 'pebre/testing'
import { expect, it } from 'vitest'
import { derived, input, InvalidDefinitionError, InvalidKeyError } from '../../src/index.js'
import { liveReload, type Root, root, type RootChange } from '../../src/operators/index.js'
import { countedDatabases } from '../support/databases.js'
import { marbles } from '../support/marbles.js'
import { forSeeds } from '../support/random.js'

const createDatabase = countedDatabases()
const file = input<[path: string], string>('file')
const theme = input<[], string>('theme', { initial: 'light' })
const page = derived('page', (q, path: string) => {
  const text = q.get(file, path) ?? ''
  if (text.startsWith('bad')) throw new Error(text)
  return `${text.trim()} ${q.get(theme)}`
})
const style = derived('style', (q) => q.get(theme).toUpperCase())

const show = (batch: readonly RootChange[]): string => batch.map(({ kind, root: { query, args } }) => `${kind} ${query.name}(${args.join(', ')})`).join('; ')

function followed(roots: Parameters<typeof liveReload>[1], options?: Parameters<typeof liveReload>[2]) {
  const db = createDatabase()
  for (const path of ['a', 'b']) db.set(file, path, path)
  const seen: string[] = []
  const end: unknown[] = []
  const subscription = liveReload(db, roots, options).subscribe({ next: (batch) => seen.push(show(batch)), error: (error) => end.push(error), complete: () => end.push('complete') })
  return { db, seen, end, subscription }
}

const pages: readonly Root[] = [root(page, 'a'), root(page, 'b'), root(style)]

it('tells the roots that one turn changed in one batch, and nothing of those that are as they were', async () => {
  const { db, seen } = followed(pages)
  await flush()
  expect(seen).toEqual([])
  db.set(file, 'a', 'A')
  db.set(file, 'b', ' b ')
  await flush()
  expect(seen.splice(0)).toEqual(['changed page(a)'])
  db.set(theme, 'dark')
  await flush()
  expect(seen.splice(0)).toEqual(['changed page(a); changed page(b); changed style()'])
})

it('[LIVE-6] tells those that now fail, those that fail in another way, and those that are healed', async () => {
  const { db, seen } = followed(pages)
  db.set(file, 'a', 'bad one')
  await flush()
  db.set(file, 'a', 'bad two')
  db.set(file, 'b', 'B')
  await flush()
  db.set(file, 'a', 'a')
  await flush()
  expect(seen).toEqual(['failed page(a)', 'failed page(a); changed page(b)', 'healed page(a)'])
})

it('[ERR-7] a root that fails as before, or is back where it was, is not told', async () => {
  const { db, seen } = followed(pages)
  db.set(file, 'a', 'bad')
  db.set(file, 'a', 'a')
  await flush()
  expect(seen).toEqual([])
  db.set(file, 'a', 'bad')
  await flush()
  seen.length = 0
  db.set(theme, 'dark')
  db.set(file, 'a', 'a')
  db.set(file, 'a', 'bad')
  await flush()
  expect(seen).toEqual(['changed page(b); changed style()'])
})

it('[LIVE-7] a root that still runs comes in a later batch', async () => {
  const stops = new Stops()
  const slow = derived('slow', async (q) => {
    const text = q.get(theme)
    await stops.at(text)
    return text
  })
  const { db, seen } = followed([root(slow), root(style)])
  await stops.open('light')
  db.set(theme, 'dark')
  await flush()
  expect(seen.splice(0)).toEqual(['changed style()'])
  await stops.open('dark')
  expect(seen).toEqual(['changed slow()'])
})

it('batches in time', () => {
  marbles(({ cold, expectObservable, flush: end }) => {
    const { db } = followed([])
    cold('-ab-----c--(dD)').subscribe((step) => {
      if (step === 'a') db.set(file, 'a', 'A')
      if (step === 'b') db.set(file, 'b', 'bad')
      if (step === 'c') db.set(file, 'b', 'B')
      if (step === 'd') db.set(file, 'a', 'x')
      if (step === 'D') db.set(file, 'a', 'A')
    })
    const batches = liveReload(db, pages, { window: 5 })
    expectObservable(batches, '20ms !').toBe('------x------y', {
      x: [
        { root: pages[0], kind: 'changed', state: { status: 'ready', value: 'A light' } },
        { root: pages[1], kind: 'failed', state: { status: 'failed', error: new Error('bad'), value: 'b light' } },
      ],
      y: [{ root: pages[1], kind: 'healed', state: { status: 'ready', value: 'B light' } }],
    })
    end()
  })
})

it('[LIVE-5] roots that come and go are followed from where they begin, the others go on, and nobody is watched after the end', async () => {
  const { db, seen, subscription } = followed((q) => q.keys(file).map((path) => root(page, path)))
  const log = record(db)
  db.set(file, 'c', 'c')
  await flush()
  expect(log.take()).toEqual(['run live()', 'run page(c)'])
  expect(seen).toEqual([])
  db.batch((tx) => {
    tx.remove(file, 'b')
    tx.set(file, 'a', 'A')
    tx.set(file, 'c', 'C')
  })
  await flush()
  expect(seen.splice(0)).toEqual(['changed page(a); changed page(c)'])
  log.take()
  db.set(theme, 'dark')
  expect(log.take()).toEqual(['run page(a)', 'run page(c)'])
  subscription.unsubscribe()
  db.set(theme, 'light')
  await flush()
  expect(log.take()).toEqual([])
  expect(seen).toEqual([])
})

it('[ERR-10] while the list of roots fails, those known are followed', async () => {
  const reported: unknown[] = []
  const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
  const error = new Error('no list')
  const seen: string[] = []
  db.set(file, 'a', 'a')
  liveReload(db, async (q) => {
    if (q.get(theme) === 'none') throw error
    return q.keys(file).map((path) => root(page, path))
  }).subscribe((batch) => seen.push(show(batch)))
  await flush()
  db.set(theme, 'none')
  await flush()
  expect(reported.splice(0)).toEqual([error])
  expect(seen.splice(0)).toEqual(['changed page(a)'])
  db.set(theme, 'dark')
  await flush()
  expect(seen).toEqual(['changed page(a)'])
})

it('[KEY-3] roots with equal arguments are one; arguments that are no primitives', async () => {
  const sum = derived('sum', (q, { a }: { readonly a: string; readonly b?: number }, [n]: readonly number[]) => `${q.get(theme)} ${a} ${n}`)
  const { seen, db } = followed([root(sum, { a: 'x', b: 1 }, [1]), root(sum, { b: 1, a: 'x' }, [1]), root(sum, { a: 'y' }, [1]), root(style), root(style)])
  db.set(theme, 'dark')
  await flush()
  expect(seen).toEqual(['changed sum([object Object], 1); changed sum([object Object], 1); changed style()'])
})

it('[IN-9 CAN-8] errors where a root cannot be a key, and completes with the database', () => {
  const bad = followed([root(page, Symbol('no key') as unknown as string)])
  expect(bad.end).toEqual([expect.any(InvalidKeyError)])
  const closing = followed(pages)
  closing.db.close()
  expect(closing.end).toEqual(['complete'])
  expect(() => liveReload(createDatabase(), pages, { window: -1 })).toThrow(InvalidDefinitionError)
})

it('random writes: who applies each batch to what was there first has what the roots show', async () => {
  await forSeeds(40, async (random, seed) => {
    const db = createDatabase()
    const scheduler = new Scheduler(seed)
    const slow = derived('slow', async (q, path: string) => {
      const text = `${q.get(file, path)} ${q.get(theme)}`
      if (random.chance(0.3)) await scheduler.step(path)
      if (text.startsWith('bad')) throw new Error(text)
      return text
    })
    const paths = ['a', 'b', 'c']
    const roots = paths.flatMap((path) => [root(page, path), root(slow, path)])
    const idOf = ({ query, args }: Root): string => `${query.name}(${String(args[0])})`
    const textOf = (one: Root): Promise<string> => Promise.resolve(one.query === slow ? db.get(slow, one.args[0] as string) : undefined).catch(String).then((text) => text ?? sync(one))
    const sync = ({ args }: Root): string => {
      try {
        return db.get(page, args[0] as string)
      } catch (error) {
        return String(error)
      }
    }
    for (const path of paths) db.set(file, path, path)
    const shown = new Map<string, string>()
    liveReload(db, roots).subscribe((batch) => {
      expect(batch.length).toBeGreaterThan(0)
      for (const { root: one, kind, state } of batch) {
        const text = state.status === 'ready' ? String(state.value) : String(state.error)
        expect(text).not.toBe(shown.get(idOf(one)))
        expect(kind).toBe(state.status === 'failed' ? 'failed' : shown.get(idOf(one))?.startsWith('Error') === true ? 'healed' : 'changed')
        shown.set(idOf(one), text)
      }
    })
    await scheduler.run()
    for (const one of roots) shown.set(idOf(one), (await Promise.all([textOf(one), scheduler.run()]))[0])
    for (let i = 0; i < 30; i++) {
      const action = random.pick(['write', 'write', 'theme', 'step', 'flush'])
      if (action === 'write') db.set(file, random.pick(paths), random.pick(['1', '2', 'bad', 'bad 2']))
      else if (action === 'theme') db.set(theme, random.pick(['light', 'dark']))
      else if (action === 'step' && scheduler.size > 0) scheduler.release()
      else await flush()
    }
    await scheduler.run()
    const ends = await Promise.all([...roots.map(textOf), scheduler.run()])
    await flush()
    expect(roots.map((one) => shown.get(idOf(one)))).toEqual(ends.slice(0, -1))
  })
})
