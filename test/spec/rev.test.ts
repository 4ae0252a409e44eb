/** Revisions: what raises them, when a commit is told, `invalidate`, and linearizability. */
import { take } from 'rxjs'
import { flush, type Gate, gate, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, input, type Revision, type View } from '../../src/index.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const file = input<[path: string], string>('file')
const count = input<[], number>('count')
const config = input<[], { readonly theme: string }>('config', { initial: { theme: 'light' } })
const title = derived('title', (q, path: string) => q.get(file, path)?.split('\n')[0] ?? 'untitled')
const index = derived('index', (q) => q.keys(file).map((path) => q.get(title, path)).join())

describe('what raises the revision', () => {
  it('[REV-1] a new database is at 0, and each write that changes something adds exactly one', () => {
    const db = createDatabase()
    const fresh = db.revision
    const returned = [
      db.set(file, 'a', '1'),
      db.set(file, 'a', '2'),
      db.update(file, 'a', (old) => `${old}!`),
      db.remove(file, 'a'),
      db.replaceAll(file, [['b', '1'], ['c', '1'], ['d', '1']]),
      db.batch((tx) => {
        tx.set(file, 'b', '2')
        tx.remove(file, 'c')
        tx.set(config, { theme: 'dark' })
      }),
      db.invalidate(title, 'b'),
    ]
    expect([fresh, ...returned, db.revision]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 7])
  })

  it('[REV-1] nothing else does: no-ops, reads, runs, refused writes, snapshots and what is written to them', async () => {
    const slow = derived('slow', async (q, path: string) => (await Promise.resolve(), q.get(file, path)))
    const db = createDatabase()
    db.set(file, 'a', '1')
    const seen: Revision[] = []
    db.revision$.subscribe((revision) => seen.push(revision))
    const noOps = [db.set(file, 'a', '1'), db.remove(file, 'zzz'), db.update(file, 'a', (old) => old ?? ''), db.replaceAll(file, [['a', '1']]), db.batch(() => {})]
    db.get(index)
    db.read((q) => q.get(index))
    db.touch(title, 'a')
    db.prefetch(slow, 'a')
    await db.get(slow, 'a')
    db.watch(slow, 'a').subscribe().unsubscribe()
    db.node(file, 'a').subscribe().unsubscribe()
    const snapshot = db.snapshot()
    snapshot.set(file, 'a', 'elsewhere')
    snapshot.dispose()
    thrownBy(() => db.set(file, Symbol('no key') as never, '1'))
    thrownBy(() => db.batch((tx) => {
      tx.set(file, 'a', 'lost')
      throw new Error('no')
    }))
    await flush()
    expect([seen, noOps, db.revision]).toEqual([[1], [1, 1, 1, 1, 1], 1])
  })
})

/** Everything a subscriber might read. */
function look(view: View): unknown[] {
  const inside = view.read((q) => [q.revision, q.get(file, 'a'), q.get(title, 'b'), q.keys(file)])
  const snapshot = view.snapshot()
  const kept = [snapshot.revision, snapshot.get(file, 'b'), snapshot.get(index)]
  snapshot.dispose()
  return [view.revision, view.get(file, 'a'), view.has(file, 'a'), view.keys(file), view.entries(file).toJS(), view.get(title, 'a'), view.get(index), inside, kept]
}

describe('when a commit is told', () => {
  it('[REV-2] every kind of subscriber reads the new state, whole, from its first notification on', () => {
    const db = createDatabase()
    db.set(file, 'a', 'old a')
    const seen = new Map<string, unknown[]>()
    const looking = (who: string) => (): void => {
      if (!seen.has(who)) seen.set(who, look(db))
    }
    db.events$.subscribe(looking('events'))
    db.revision$.subscribe(looking('revision$'))
    db.node(file, 'a').subscribe(looking('node'))
    db.watch(index).subscribe(looking('watch'))
    db.observe(index).subscribe(looking('observe'))
    db.live((q) => q.entries(file)).subscribe(looking('live'))
    seen.clear()
    const revision = db.revision
    db.batch((tx) => {
      tx.remove(file, 'a')
      tx.set(file, 'b', 'new b')
    })
    const state = [
      revision + 1, undefined, false, ['b'], { b: 'new b' }, 'untitled', 'new b',
      [revision + 1, undefined, 'new b', ['b']], [revision + 1, 'new b', 'new b'],
    ]
    expect([...seen]).toEqual(['events', 'node', 'revision$', 'watch', 'observe', 'live'].map((who) => [who, state]))
  })

  it('[REV-2] so do subscribers of revision$ and of a node where nobody else listens', () => {
    const double = derived('double', (q) => (q.get(count) ?? 0) * 2)
    const top = derived('top', (q) => q.get(double) + 1)
    for (const listen of [(db: Database, next: () => void) => db.revision$.subscribe(next), (db: Database, next: () => void) => db.node(count).subscribe(next)]) {
      const db = createDatabase()
      db.set(count, 1)
      const seen: unknown[] = []
      listen(db, () => seen.push([db.revision, db.get(double), db.get(top), db.keys(count).length]))
      db.set(count, 2)
      expect(seen).toEqual([[1, 2, 3, 1], [2, 4, 5, 1]])
    }
  })

  it('[REV-2] a subscriber that throws does not make the write fail', () => {
    const errors: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => errors.push(error) })
    db.revision$.subscribe((revision) => {
      if (revision > 0) throw new Error(`at ${revision}`)
    })
    expect([db.set(file, 'a', '1'), String(errors), db.get(file, 'a')]).toEqual([1, 'Error: at 1', '1'])
  })

  it('[REV-3] revision$ replays the current revision, then gives each later one once and in order', () => {
    const db = createDatabase()
    const early: Revision[] = []
    const late: Revision[] = []
    const first: Revision[] = []
    db.revision$.subscribe((revision) => early.push(revision))
    db.set(file, 'a', '1')
    db.set(file, 'a', '2')
    db.revision$.subscribe((revision) => late.push(revision))
    db.revision$.pipe(take(1)).subscribe((revision) => first.push(revision))
    db.set(file, 'a', '3')
    db.set(file, 'a', '3')
    db.invalidate(title, 'a')
    expect([early, late, first]).toEqual([[0, 1, 2, 3, 4], [2, 3, 4], [2]])
  })

  it('[REV-3] a subscriber that comes while a commit is told has heard of it, and hears of it once', () => {
    const db = createDatabase()
    const inner: Revision[] = []
    const events = db.events('input').subscribe(() => {
      events.unsubscribe()
      db.revision$.subscribe((revision) => inner.push(revision))
    })
    db.set(file, 'a', '1')
    db.set(file, 'a', '2')
    expect(inner).toEqual([1, 2])
  })

  it('[REV-3] a subscriber that writes in answer to the replay misses no revision', () => {
    const db = createDatabase()
    const seen: Revision[] = []
    db.revision$.subscribe((revision) => {
      seen.push(revision)
      if (revision === 0) db.set(file, 'a', '1')
    })
    db.set(file, 'a', '2')
    expect(seen).toEqual([0, 1, 2])
  })
})

describe('invalidate', () => {
  /** A query of something the database does not know. */
  function clock(db: Database): { log: ReturnType<typeof record>; turn: (to: number) => void; read: () => string; invalidate: () => Revision } {
    let time = 0
    const now = derived('now', () => time)
    const hour = derived('hour', (q) => Math.floor(q.get(now) / 60))
    const day = derived('day', (q) => `${q.get(file, 'a')} at ${q.get(hour)}`)
    const log = record(db, 'revision', 'invalidation', 'run')
    return { log, turn: (to) => void (time = to), read: () => db.get(day), invalidate: () => db.invalidate(now) }
  }

  it('[REV-4] makes one revision; the cell runs at its next need, and a dependent only if the value changed', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const { log, turn, read, invalidate } = clock(db)
    read()
    log.take()
    turn(10)
    const revision = invalidate()
    expect(log.take()).toEqual(['revision 2', 'stale now()', 'stale hour()', 'stale day()'])
    expect([revision, read(), log.take()]).toEqual([2, 'x at 0', ['run now()', 'run hour()', 'same hour()']])
    turn(70)
    expect([read(), log.take()]).toEqual(['x at 0', []])
    invalidate()
    log.take()
    expect([read(), log.take()]).toEqual(['x at 1', ['run now()', 'run hour()', 'run day()']])
    db.set(file, 'other', 'y')
    log.take()
    expect([read(), log.take()]).toEqual(['x at 1', []])
  })

  it('[REV-4] of a cell that never ran, and twice before the next read: a revision each, one run', () => {
    const db = createDatabase()
    const { log, read, invalidate } = clock(db)
    expect([invalidate(), invalidate()]).toEqual([1, 2])
    log.take()
    expect([read(), log.take()]).toEqual(['undefined at 0', ['run day()', 'run hour()', 'run now()']])
  })

  it('[REV-4] concerns one view: a snapshot taken before keeps its memo, and one that is invalidated leaves the head alone', () => {
    let time = 1
    const now = derived('now', () => time)
    const db = createDatabase()
    db.get(now)
    const before = db.snapshot()
    const other = db.snapshot()
    const log = record(db)
    const inOther = record(other)
    time = 2
    db.invalidate(now)
    expect([before.get(now), db.get(now), log.take()]).toEqual([1, 2, ['run now()']])
    time = 3
    expect([other.invalidate(now), other.get(now), inOther.take()]).toEqual([1, 3, ['run now()']])
    expect([before.get(now), db.get(now), db.revision, log.take()]).toEqual([1, 2, 1, []])
  })

  it('[REV-4] while the cell runs: who asks later gets a run of his own', async () => {
    const gates: Gate<string>[] = []
    const page = derived('page', () => {
      const opened = gate<string>()
      gates.push(opened)
      return opened.promise
    })
    const db = createDatabase()
    const first = db.get(page)
    db.invalidate(page)
    const second = db.get(page)
    expect([gates.length, db.revision]).toEqual([2, 1])
    gates[1]?.open('second')
    gates[0]?.open('first')
    expect([await first, await second, await db.get(page), gates.length]).toEqual(['first', 'second', 'second', 2])
  })

  it('[REV-4 IN-7] any name is free for definitions of the user', () => {
    const mine = input<[], number>('pebre:invalidated')
    const db = createDatabase()
    db.set(mine, 1)
    expect([db.invalidate(title, 'a'), db.get(mine), db.keys(mine).length]).toEqual([2, 1, 1])
  })
})

describe('linearizability', () => {
  it('[REV-7] every read answers for the moment of its call, whenever it ends', async () => {
    await forSeeds(20, async (random) => {
      const waiting: Gate<void>[] = []
      const pair = derived('pair', async (q, left: string, right: string) => {
        const before = q.get(file, left)
        const opened = gate()
        waiting.push(opened)
        await opened.promise
        return `${before}${q.get(file, right)}${q.keys(file).length}`
      })
      const db = createDatabase()
      const model = new Map<string, string>()
      const names = ['a', 'b', 'c']
      const answers: Promise<void>[] = []
      for (let step = 0; step < 60; step++) {
        const [name, other] = [random.pick(names), random.pick(names)]
        if (random.chance(0.3)) {
          model.set(name, String(step))
          db.set(file, name, String(step))
        } else if (random.chance(0.2)) {
          model.delete(name)
          db.remove(file, name)
        } else if (random.chance(0.5)) {
          const expected = `${model.get(name)}${model.get(other)}${model.size}`
          answers.push(db.get(pair, name, other).then((answer) => expect(answer).toBe(expected)))
        } else {
          waiting.splice(random.int(waiting.length + 1), 1)[0]?.open()
          await flush()
        }
        expect([db.get(file, name), db.has(file, other), db.keys(file).length]).toEqual([model.get(name), model.has(other), model.size])
      }
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        next.open()
        await flush()
      }
      await Promise.all(answers)
    })
  })
})
