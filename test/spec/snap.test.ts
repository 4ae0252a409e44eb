/** Snapshots: what they cost, what they show, and that nothing passes between them and the head. */
import { gate, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, DisposedError, input, type Snapshot, type View } from '../../src/index.js'
import { forSeeds } from '../support/random.js'

const file = input<[path: string], string>('file')
const level = input<[], number>('level', { initial: 1 })
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const names = derived('names', (q) => q.keys(file).join())
const all = derived('all', (q) => `${q.get(level)} ${JSON.stringify(q.entries(file).sortBy((_, key) => key))}`)

/** Milliseconds a call takes, the best of a few. */
function time(call: () => void): number {
  let best = Infinity
  for (let i = 0; i < 3; i++) {
    const start = performance.now()
    call()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

/** A database with so many inputs and as many computed cells. */
function filled(count: number): Database {
  const db = createDatabase({ freeze: false })
  db.batch((tx) => {
    for (let i = 0; i < count; i++) tx.set(file, `k${i}`, 'x')
  })
  for (let i = 0; i < count; i++) db.get(size, `k${i}`)
  return db
}

describe('what a snapshot costs', () => {
  it('[SNAP-1] it is there at once, as a view', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const snapshot: Snapshot = db.snapshot()
    expect([snapshot.get(file, 'a'), snapshot.revision, snapshot.get(size, 'a')]).toEqual(['x', 1, 1])
  })

  it('[SNAP-1] what has changed since the last one, not what exists', () => {
    const db = filled(30_000)
    const start = performance.now()
    db.snapshot().dispose()
    const first = performance.now() - start
    const later = time(() => {
      for (let i = 0; i < 100; i++) {
        db.set(file, 'k1', String(i))
        db.snapshot().dispose()
      }
    })
    expect(later / 100).toBeLessThan(Math.max(first, 1) / 10)
  })

  it('[SNAP-1] no more with many slots, cells and held snapshots than with few', () => {
    const cost = (db: Database): number => {
      const held = Array.from({ length: 100 }, () => db.snapshot())
      const taken = time(() => {
        for (let i = 0; i < 200; i++) db.snapshot().dispose()
      })
      for (const snapshot of held) snapshot.dispose()
      return taken
    }
    const [small, big] = [filled(10), filled(20_000)]
    cost(small)
    expect(cost(big)).toBeLessThan(Math.max(cost(small), 0.5) * 20)
  })

  it('[SNAP-1 SNAP-2] nor does a snapshot of a snapshot that has computed much', () => {
    const cost = (count: number): number => {
      const db = filled(count)
      db.set(level, 2)
      const snapshot = db.snapshot()
      for (let i = 0; i < count; i++) snapshot.get(size, `k${i}`)
      return time(() => {
        for (let i = 0; i < 100; i++) snapshot.snapshot().dispose()
      })
    }
    cost(10)
    expect(cost(20_000)).toBeLessThan(Math.max(cost(10), 0.5) * 20)
  })
})

/** Everything a view shows of the inputs and the queries over them. */
function shown(view: View): unknown[] {
  return [view.get(file, 'a'), view.has(file, 'b'), view.keys(file), view.entries(file).toJS(), view.get(level), view.get(size, 'a'), view.get(names), view.get(all)]
}

describe('what a snapshot shows', () => {
  it('[SNAP-2] it keeps reading its revision: writes to the head are invisible in it', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const before = db.snapshot()
    const state = shown(db)
    db.batch((tx) => {
      tx.remove(file, 'a')
      tx.set(file, 'b', 'y')
      tx.set(level, 2)
    })
    db.set(file, 'c', 'z')
    expect([shown(before), before.revision, before.read((q) => [q.revision, q.keys(file)])]).toEqual([state, 1, [1, ['a']]])
    expect(shown(db)).toEqual([undefined, true, ['b', 'c'], { b: 'y', c: 'z' }, 2, 0, 'b,c', '2 {"b":"y","c":"z"}'])
  })

  it('[SNAP-2] writes to it are invisible in the head, in its siblings and in its own snapshots taken before', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const [one, two] = [db.snapshot(), db.snapshot()]
    const below = one.snapshot()
    const state = shown(db)
    one.set(file, 'b', 'one')
    one.remove(file, 'a')
    one.set(level, 7)
    const after = one.snapshot()
    one.replaceAll(file, [])
    for (const view of [db, two, below]) expect(shown(view)).toEqual(state)
    expect([shown(after).at(-1), shown(one).at(-1)]).toEqual(['7 {"b":"one"}', '7 {}'])
  })

  it('[SNAP-2 REV-1] it starts at the revision of its parent and goes on by itself', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const snapshot = db.snapshot()
    const revisions: number[] = []
    snapshot.revision$.subscribe((revision) => revisions.push(revision))
    db.set(file, 'a', 'y')
    expect([snapshot.set(file, 'a', 'x'), snapshot.set(file, 'a', 'z'), snapshot.remove(file, 'never'), snapshot.invalidate(size, 'a'), snapshot.batch((tx) => (tx.set(file, 'b', '1'), tx.set(file, 'c', '1')))]).toEqual([1, 2, 2, 3, 4])
    const below = snapshot.snapshot()
    expect([revisions, db.revision, snapshot.revision, below.revision, below.set(file, 'a', '!'), snapshot.read((q) => q.revision)]).toEqual([[1, 2, 3, 4], 2, 4, 4, 5, 4])
  })

  it('[SNAP-2] it has its own events and live queries, before and after its first write', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const snapshot = db.snapshot()
    const [inHead, inSnapshot] = [record(db, 'revision', 'input', 'run'), record(snapshot, 'revision', 'input', 'run')]
    const seen: unknown[] = []
    snapshot.observe(all).subscribe((value) => seen.push(value))
    snapshot.live((q) => q.get(size, 'a') + q.get(level)).subscribe((value) => seen.push(value))
    expect([inHead.take(), inSnapshot.take()]).toEqual([[], ['run all()', 'run live()', 'run size(a)']])
    db.set(file, 'a', 'head')
    inHead.take()
    expect([seen, inSnapshot.take()]).toEqual([['1 {"a":"x"}', 2], []])
    snapshot.set(file, 'a', 'xxx')
    expect([inHead.take(), inSnapshot.take()]).toEqual([[], ['revision 2', 'set file(a)', 'run all()', 'run size(a)', 'run live()']])
    snapshot.set(level, 5)
    expect(seen).toEqual(['1 {"a":"x"}', 2, '1 {"a":"xxx"}', 4, '5 {"a":"xxx"}', 8])
  })

  it('[SNAP-2] keys and entries are tracked in it: a query runs again for its writes alone', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const snapshot = db.snapshot()
    const log = record(snapshot)
    expect([snapshot.get(names), snapshot.get(all), log.take()]).toEqual(['a', '1 {"a":"x"}', ['run names()', 'run all()']])
    db.set(file, 'b', 'head')
    expect([snapshot.get(names), snapshot.get(all), log.take()]).toEqual(['a', '1 {"a":"x"}', []])
    snapshot.set(file, 'a', 'y')
    expect([snapshot.get(names), snapshot.get(all), log.take()]).toEqual(['a', '1 {"a":"y"}', ['run all()']])
    snapshot.set(file, 'c', 'new')
    expect([snapshot.get(names), snapshot.get(all), log.take()]).toEqual(['a,c', '1 {"a":"y","c":"new"}', ['run names()', 'run all()']])
    expect([db.get(names), snapshot.keys(file), db.keys(file)]).toEqual(['a,b', ['a', 'c'], ['a', 'b']])
  })

  it('[SNAP-2] an evaluation in it is bound to its state, however the head and it are written to meanwhile', async () => {
    const opened = gate()
    const slow = derived('slow', async (q) => {
      const before = q.get(file, 'a')
      await opened.promise
      return [before, q.get(file, 'a'), q.get(names), q.get(size, 'b'), q.revision]
    })
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const snapshot = db.snapshot()
    const pending = snapshot.get(slow)
    db.set(file, 'a', 'head')
    snapshot.set(file, 'a', 'snapshot')
    snapshot.set(file, 'b', 'bb')
    const again = snapshot.get(slow)
    const below = snapshot.snapshot().get(slow)
    snapshot.remove(file, 'a')
    const inHead = db.get(slow)
    opened.open()
    expect(await Promise.all([pending, again, below, inHead])).toEqual([['x', 'x', 'a', 0, 1], ['snapshot', 'snapshot', 'a,b', 2, 3], ['snapshot', 'snapshot', 'a,b', 2, 3], ['head', 'head', 'a', 0, 2]])
    expect(await snapshot.get(slow)).toEqual([undefined, undefined, 'b', 2, 4])
  })

  it('[SNAP-2] views written at random show what they would show alone', async () => {
    await forSeeds(25, (random) => {
      const views: { readonly view: View; readonly model: Map<string, string> }[] = [{ view: createDatabase(), model: new Map() }]
      for (let step = 0; step < 80; step++) {
        const { view, model } = random.pick(views)
        const key = `k${random.int(4)}`
        if (views.length < 8 && random.chance(0.15)) views.push({ view: view.snapshot(), model: new Map(model) })
        else if (random.chance(0.4)) {
          const value = `v${random.int(3)}`
          view.set(file, key, value)
          model.set(key, value)
        } else if (random.chance(0.3)) {
          view.remove(file, key)
          model.delete(key)
        }
        if (!random.chance(0.5)) continue
        const { view: reader, model: expected } = random.pick(views)
        expect(reader.get(names).split(',').toSorted()).toEqual([...expected.keys()].join().split(',').toSorted())
        expect(JSON.parse(reader.get(all).slice(2))).toEqual(Object.fromEntries(expected))
        expect(reader.entries(file).toJS()).toEqual(Object.fromEntries(expected))
        expect(reader.get(size, key)).toBe(expected.get(key)?.length ?? 0)
      }
    })
  })
})

describe('where a snapshot is taken', () => {
  it('[SNAP-3] inside a batch callback it sees none of the batch, before and after the commit', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const state = shown(db)
    const taken: Snapshot[] = []
    db.batch((tx) => {
      tx.set(file, 'a', 'y')
      db.set(file, 'b', 'y')
      taken.push(db.snapshot())
      tx.set(level, 2)
      taken.push(db.snapshot())
      expect(shown(taken[0] as Snapshot)).toEqual(state)
    })
    for (const snapshot of taken) expect([shown(snapshot), snapshot.revision]).toEqual([state, 1])
    expect(db.get(file, 'a')).toBe('y')
  })

  it('[SNAP-3] what is written to it there is no part of the batch either', () => {
    const db = createDatabase()
    let taken: Snapshot | null = null
    expect(() => db.batch((tx) => {
      tx.set(file, 'a', 'batch')
      taken = db.snapshot()
      taken.set(file, 'a', 'snapshot')
      throw new Error('no')
    })).toThrow('no')
    expect([(taken as Snapshot | null)?.get(file, 'a'), db.get(file, 'a'), db.revision]).toEqual(['snapshot', undefined, 0])
  })

  it('[SNAP-3 REV-5] inside a subscriber it sees the commit that is told, and none that is queued', () => {
    const db = createDatabase()
    const seen: unknown[] = []
    db.events('input').subscribe(({ revision }) => {
      if (revision === 1) db.set(file, 'a', 'second')
      const snapshot = db.snapshot()
      seen.push([snapshot.revision, snapshot.get(file, 'a'), snapshot.get(names)])
    })
    db.set(file, 'a', 'first')
    expect(seen).toEqual([[1, 'first', 'a'], [2, 'second', 'a']])
  })

  it('[SNAP-2] disposing of one leaves the others and the head as they are', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const [one, two] = [db.snapshot(), db.snapshot()]
    const below = one.snapshot()
    db.set(file, 'a', 'yy')
    db.get(size, 'a')
    const log = record(two)
    one.dispose()
    expect(() => one.get(file, 'a')).toThrow(DisposedError)
    expect([two.get(size, 'a'), below.get(size, 'a'), db.get(size, 'a'), two.get(file, 'a'), log.take().length]).toEqual([1, 1, 2, 'x', 1])
  })

  it('[DER-17 SHARE-1] a result of a later revision that holds in a snapshot is dated as the snapshot is', () => {
    const db = createDatabase()
    db.set(level, 2)
    const snapshot = db.snapshot()
    db.set(level, 3)
    db.set(level, 2)
    const doubled = derived('doubled', (q) => q.get(level) * 2)
    expect([db.get(doubled), db.touch(doubled)]).toEqual([4, 3])
    const log = record(snapshot)
    expect([snapshot.touch(doubled), snapshot.get(doubled), snapshot.revision]).toEqual([1, 4, 1])
    expect(log.take().filter((line) => line.startsWith('run'))).toEqual([])
  })
})
