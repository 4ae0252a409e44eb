/** Evaluations answer for the revision at which they were asked, whatever is written meanwhile. */
import { record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input, MissingInputError, type Query } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { rejectionOf, track } from '../support/turns.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })
const y = input<[], number>('y', { initial: 0 })
const other = input<[], number>('other', { initial: 0 })
const file = input<[path: string], string>('file')
const needed = input<[path: string], string>('needed', { required: true })
const config = input<[], string>('config', { initial: 'rest' })

/** Everything an evaluation can read without waiting. */
const lengths = derived('lengths', (q, path: string) => (q.get(file, path) ?? '').length)
const fresh = derived('fresh', (q, path: string, step: number) => `${q.get(lengths, path)}:${step}`)
const all = derived('all', (q) => [...q.entries(file)].map(([path, text]) => `${path}=${text}`))

function look(q: Query, step: number): unknown {
  return {
    revision: q.revision,
    a: q.get(file, 'a'),
    peeked: q.peek(file, 'a'),
    has: q.has(file, 'b'),
    keys: q.keys(file),
    entries: q.entries(file).toJS(),
    config: q.get(config),
    length: q.get(lengths, 'a'),
    neverComputedBefore: q.get(fresh, 'a', step),
    nested: q.get(all),
  }
}

describe('bound to a revision', () => {
  it('[BIND-1] every read between any two awaits is of the revision at which it began', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const log: string[] = []
    const view = derived('view', async (q, name: string) => {
      log.push(name)
      const looks = [look(q, 0)]
      for (let step = 1; step <= 4; step++) {
        await stops.at('view')
        looks.push(look(q, step))
      }
      return looks
    })
    db.set(file, 'a', 'one')
    const expected = { revision: 1, a: 'one', peeked: 'one', has: false, keys: ['a'], entries: { a: 'one' }, config: 'rest', length: 3, nested: ['a=one'] }
    const looks = db.get(view, 'old')
    db.set(file, 'a', 'changed')
    db.set(config, 'busy')
    await stops.open('view')
    db.set(file, 'b', 'new')
    await stops.open('view')
    db.replaceAll(file, [])
    db.remove(config)
    await stops.open('view')
    db.set(file, 'a', 'again')
    db.invalidate(lengths, 'a')
    expect(db.get(lengths, 'a')).toBe(5)
    await stops.open('view')
    expect(log).toEqual(['old'])
    expect(await looks).toEqual([0, 1, 2, 3, 4].map((step) => ({ ...expected, neverComputedBefore: `3:${step}` })))
    expect(db.get(fresh, 'a', 4)).toBe('5:4')
    const after = db.get(view, 'old')
    await stops.openAll()
    expect(log).toEqual(['old', 'old'])
    expect((await after)[4]).toMatchObject({ revision: db.revision, a: 'again', keys: ['a'], neverComputedBefore: '5:4' })
  })

  it('[BIND-1] also for nested asynchronous queries that are first asked for after the write', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const leaf = derived('leaf', async (q, step: number) => {
      await stops.at(`leaf ${step}`)
      return q.get(x) * 100 + step
    })
    const branch = derived('branch', async (q, step: number) => {
      await stops.at(`branch ${step}`)
      return [q.get(x), await q.get(leaf, step), await q.get(leaf, step + 10)]
    })
    const root = derived('root', async (q) => {
      await stops.at('root')
      const first = await q.get(branch, 1)
      const rest = await Promise.all([q.get(branch, 2), q.get(leaf, 1), q.get(leaf, 99)])
      return [first, ...rest]
    })
    const older = db.get(root)
    let written = 0
    const write = (): number => db.set(x, ++written)
    for (const stop of ['root', 'branch 1', 'leaf 1', 'leaf 11', 'leaf 99', 'branch 2', 'leaf 2', 'leaf 12']) {
      write()
      await stops.open(stop)
    }
    expect(await older).toEqual([[0, 1, 11], [0, 2, 12], 1, 99])
    const newer = db.get(root)
    await stops.openAll()
    expect(await newer).toEqual([[8, 801, 811], [8, 802, 812], 801, 899])
  })

  it('[BIND-1] an ad-hoc read is bound as well', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const seen = db.read(async (q) => {
      await stops.at('read')
      return [q.get(x), q.get(lengths, 'a'), q.revision]
    })
    db.set(x, 5)
    db.set(file, 'a', 'text')
    await stops.open('read')
    expect(await seen).toEqual([0, 0, 0])
  })

  it('[BIND-1] each of many overlapping evaluations keeps its own revision, ending in any order', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const pair = derived('pair', async (q, name: string) => {
      await stops.at(name)
      return [q.revision, q.get(x), q.get(y), q.get(lengths, 'a')]
    })
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const answers = names.map((name, i) => {
      db.batch((tx) => {
        tx.set(x, i)
        tx.set(y, i * 2)
        tx.set(file, 'a', 'z'.repeat(i))
      })
      return db.get(pair, name)
    })
    for (const name of ['d', 'a', 'f', 'c', 'b', 'e']) await stops.open(name)
    expect(await Promise.all(answers)).toEqual(names.map((_, i) => [1 + i, i, i * 2, i]))
  })

  it('[BIND-2] an old answer is not taken as valid at a newer revision', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const runs: number[] = []
    const query = derived('query', async (q) => {
      runs.push(q.revision)
      await stops.at('query')
      return q.get(x)
    })
    const dependent = derived('dependent', async (q) => (await q.get(query)) * 10)
    const older = db.get(dependent)
    db.set(x, 7)
    await stops.open('query')
    expect(await older).toBe(0)
    const newer = db.get(dependent)
    await stops.open('query')
    expect(runs).toEqual([0, 1])
    expect(await newer).toBe(70)
  })

  it('[BIND-2] one that is proved there is taken without a run', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const query = derived('query', async (q) => {
      await stops.at('query')
      return { x: q.get(x), length: q.get(lengths, 'a') }
    })
    const log = record(db)
    const older = db.get(query)
    db.set(other, 1)
    await stops.open('query')
    db.set(other, 2)
    expect(await db.get(query)).toBe(await older)
    expect(log.take()).toEqual(['run query()', 'run lengths(a)'])
  })

  it('[BIND-3] writes between any two microtasks neither delay an evaluation nor make it run again', async () => {
    const db = createDatabase()
    let turns = 0
    const log: string[] = []
    const step = derived('step', async (q, i: number) => {
      log.push(`step ${i}`)
      await Promise.resolve()
      return q.get(x) + i
    })
    const busy = derived('busy', async (q) => {
      log.push('busy')
      let sum = q.get(x)
      for (let i = 0; i < 10; i++) sum += await q.get(step, i)
      return sum
    })
    const answer = track(db.get(busy))
    while (answer.state === 'pending' && turns < 500) {
      db.set(x, ++turns)
      db.set(other, turns)
      await Promise.resolve()
    }
    expect(log).toEqual(['busy', ...Array.from({ length: 10 }, (_, i) => `step ${i}`)])
    expect(answer.value).toBe(45)
    expect(turns).toBeLessThan(200)
  })

  it('[BIND-5] a removal does not hide the record from an evaluation on its way', async () => {
    const db = createDatabase()
    const stops = new Stops()
    db.set(file, 'a', 'text')
    db.set(needed, 'a', 'must')
    const query = derived('query', async (q) => {
      await stops.at('query')
      return [q.get(file, 'a'), q.has(file, 'a'), q.keys(file), q.entries(file).toJS(), q.get(needed, 'a')]
    })
    const removals = [() => db.remove(file, 'a'), () => db.replaceAll(file, []), () => db.batch((tx) => tx.remove(file, 'a'))]
    for (const remove of removals) {
      db.set(file, 'a', 'text')
      db.set(needed, 'a', 'must')
      const older = db.get(query)
      remove()
      db.remove(needed, 'a')
      const newer = rejectionOf(db.get(query))
      await stops.openAll()
      expect(await older).toEqual(['text', true, ['a'], { a: 'text' }, 'must'])
      expect(await newer).toBeInstanceOf(MissingInputError)
    }
  })

  it('[BIND-6] a set that returned is visible to every get that starts afterwards', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const query = derived('query', async (q) => {
      const before = q.get(x)
      await stops.at('query')
      return [before, q.get(x)]
    })
    const answers: Promise<number[]>[] = []
    const sync: number[] = []
    const double = derived('double', (q) => q.get(x) * 2)
    for (let i = 1; i <= 5; i++) {
      db.set(x, i)
      sync.push(db.get(double))
      answers.push(db.get(query))
    }
    await stops.openAll()
    expect(sync).toEqual([2, 4, 6, 8, 10])
    expect(await Promise.all(answers)).toEqual([1, 2, 3, 4, 5].map((i) => [i, i]))
  })

  it('[BIND-6] also inside the body of another query that began before, past its q', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const quick = derived('quick', async (q) => q.get(x))
    const outer = derived('outer', async (q) => {
      await stops.at('outer')
      db.set(x, 9)
      return [q.get(x), await q.get(quick), db.get(x), await db.get(quick)]
    })
    const answer = db.get(outer)
    await stops.open('outer')
    expect(await answer).toEqual([0, 0, 9, 9])
  })
})
