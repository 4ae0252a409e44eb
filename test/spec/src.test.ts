/** Sources: inputs that Observables feed while somebody needs them. */
import { BehaviorSubject, EMPTY, interval, NEVER, Observable, of, Subject, throwError } from 'rxjs'
import { flush, record } from 'pebre/testing'
import { describe, expect, it, vi } from 'vitest'
import { createDatabase as create, derived, EmptySourceError, EqualityError, input, InvalidDefinitionError, LimitExceededError, queryPath, source, WriteInQueryError } from '../../src/index.js'
import { HandClock } from '../support/clock.js'
import { countedDatabases } from '../support/databases.js'
import { feeding } from '../support/feeding.js'
import { rejectionOf, thrownBy, track } from '../support/turns.js'
import { unhandledDuring } from '../support/unhandled.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })

function timed(options: object = {}) {
  const clock = new HandClock()
  const db = createDatabase({ clock, ...options })
  return { clock, db, log: record(db) }
}

describe('connecting', () => {
  it('[SRC-1] the first read of a key connects once, however many readers there are', async () => {
    const { db, log } = timed()
    const { feed, take, last } = feeding<number>()
    const plus = derived('plus', async (q, n: number) => (await q.get(feed, 'a')) + n)
    expect(take()).toEqual([])
    const answers = [db.get(plus, 1), db.get(plus, 2), Promise.resolve(db.get(feed, 'a')), db.get(plus, 1)]
    const seen: unknown[] = []
    db.watch(plus, 3).subscribe((state) => seen.push(state))
    expect(take()).toEqual(['+a'])
    last().next(10)
    expect(await Promise.all(answers)).toEqual([11, 12, 10, 11])
    expect(log.take()).toEqual(['run plus(1)', 'run plus(2)', 'run plus(3)'])
    expect([take(), seen]).toEqual([[], [{ status: 'pending' }, { status: 'ready', value: 13 }]])
    void db.get(feed, 'b')
    expect(take()).toEqual(['+b'])
    last().next(1)
    await flush()
  })

  it('[SRC-1 IN-12] a value that comes at once needs no wait, also from inside a body, and is no write', () => {
    const { db, log } = timed()
    const { feed } = feeding<number>({}, () => 5)
    const double = derived('double', (q) => (q.get(feed, 'a') as number) * 2)
    const quad = derived('quad', (q) => q.get(double) * 2)
    expect([db.get(quad), db.get(double), db.get(feed, 'a'), db.revision]).toEqual([20, 10, 5, 0])
    expect(log.take()).toEqual(['run quad()', 'run double()'])
    const seen: unknown[] = []
    db.watch(feed, 'b').subscribe((state) => seen.push(state))
    expect(seen).toEqual([{ status: 'ready', value: 5 }])
  })

  it('[SRC-1 LIVE-2] a synchronous query that makes do with the promise is told when the value is there', async () => {
    const { db, log } = timed()
    const { feed, last } = feeding<number>()
    const shown = derived('shown', (q) => {
      const value = q.get(feed, 'a')
      return typeof value === 'number' ? `value ${value}` : 'loading'
    })
    const above = derived('above', (q) => q.get(shown).length)
    const seen: unknown[] = []
    db.observe(shown).subscribe((value) => seen.push(value))
    expect(db.get(above)).toBe(7)
    last().next(42)
    await flush()
    expect([seen, db.get(shown), db.get(above)]).toEqual([['loading', 'value 42'], 'value 42', 8])
    expect(log.take()).toEqual(['run shown()', 'run above()', 'run shown()', 'run above()'])
  })

  it.each(['no commit', 'a commit', 'a commit and a look'])('[SRC-1 LIVE-1] of the first value all are told who made do with the promise, with %s before it, in every view', async (before) => {
    const subject = new Subject<number>()
    const fed = source<[], number>('fed', () => subject)
    const runs: string[] = []
    const shown = derived('shown', (q) => {
      const value = q.get(fed)
      runs.push(typeof value === 'number' ? `${value}` : 'loading')
      return typeof value === 'number' ? value : null
    })
    const above = derived('above', (q) => `<${q.get(shown)}>`)
    const db = createDatabase()
    const written = db.snapshot()
    written.set(input('unrelated'), 1)
    const views = [db, db.snapshot(), db.snapshot(), written]
    const seen = views.map((view) => {
      const told: string[] = []
      view.observe(above).subscribe((value) => told.push(value))
      return told
    })
    const apart = db.snapshot()
    expect([apart.get(above), new Set(runs)]).toEqual(['<null>', new Set(['loading'])])
    if (before !== 'no commit') db.set(x, 1)
    if (before === 'a commit and a look') expect(db.get(above)).toBe('<null>')
    runs.length = 0
    subject.next(7)
    await flush()
    expect(seen).toEqual(views.map(() => ['<null>', '<7>']))
    expect([apart.get(above), db.get(shown), db.snapshot().get(above), new Set(runs)]).toEqual(['<7>', 7, '<7>', new Set(['7'])])
    runs.length = 0
    subject.next(8)
    expect([seen.map((told) => told.at(-1)), runs]).toEqual([['<8>', '<7>', '<7>', '<7>'], ['8']])
  })

  it('[SRC-2] what comes before anybody has seen a value: the latest wins, at once and later', async () => {
    const { db } = timed()
    const many = source('many', () => of(1, 2, 3))
    expect([db.get(many), db.revision]).toEqual([3, 0])
    const { feed, last } = feeding<number>()
    const answer = db.get(derived('reader', async (q) => await q.get(feed, 'a')))
    last().next(1)
    last().next(2)
    expect([await answer, db.get(feed, 'a'), db.revision]).toEqual([2, 2, 0])
  })

  it('[SRC-1] a value that is known is given as it is, without a promise', async () => {
    const { db } = timed()
    const { feed, last } = feeding<number>()
    const answer = db.get(feed, 'a')
    expect(answer).toBeInstanceOf(Promise)
    last().next(1)
    await answer
    expect([db.get(feed, 'a'), db.get(derived('sync', (q) => (q.get(feed, 'a') as number) + 1))]).toEqual([1, 2])
  })

  it('[SRC-1] anything RxJS can follow will do: promises, iterables, async iterables', async () => {
    const { db } = timed()
    const promised = source('promised', async (n: number) => n + 1)
    const listed = source('listed', (n: number) => [n, n + 1])
    const iterated = source('iterated', async function* (n: number) {
      yield n
    })
    expect([await db.get(promised, 1), db.get(listed, 1), await db.get(iterated, 1)]).toEqual([2, 2, 1])
  })

  it('[SRC-1 DER-8] several keys and branches in one body are attributed rightly', async () => {
    const { db, log } = timed()
    const { feed, connections } = feeding<number>()
    const sum = derived('sum', async (q) => (await Promise.all([q.get(feed, 'a'), q.get(feed, 'b')])).join())
    const answer = db.get(sum)
    connections[1]?.next(2)
    connections[0]?.next(1)
    expect(await answer).toBe('1,2')
    connections[1]?.next(3)
    expect(await db.get(sum)).toBe('1,3')
    expect(log.take()).toEqual(['run sum()', 'run sum()'])
  })
})

describe('values', () => {
  it('[SRC-2 EVT-1] later values are commits: one revision each, told in order, with the source as what was set', () => {
    const { db } = timed()
    const { feed, last } = feeding<number>({}, () => 1)
    const double = derived('double', (q) => (q.get(feed, 'a') as number) * 2)
    const seen: number[] = []
    db.observe(double).subscribe((value) => seen.push(value))
    const log = record(db, 'revision', 'input', 'invalidation', 'run', 'change')
    last().next(2)
    expect(log.take()).toEqual(['revision 1', 'set feed(a)', 'stale double()', 'run double()', 'changed double()'])
    last().next(3)
    expect([seen, db.revision, db.get(double)]).toEqual([[2, 4, 6], 2, 6])
    expect(db.stats()).toMatchObject({ inputs: 1, queries: 1 })
  })

  it('[SRC-2 IN-5] an equal value is no commit, by the equality of the source, asked once a value', () => {
    const { db, log } = timed()
    let asked = 0
    const { feed, last } = feeding<{ n: number; at: number }>({ equals: (a, b) => (asked++, a.n === b.n) }, () => ({ n: 1, at: 0 }))
    const n = derived('n', (q) => (q.get(feed, 'a') as { n: number }).n)
    const before = (db.get(n), db.get(feed, 'a'))
    last().next({ n: 1, at: 1 })
    expect([db.revision, db.get(feed, 'a') === before, asked]).toEqual([0, true, 1])
    last().next({ n: 2, at: 2 })
    expect([db.revision, db.get(n), asked]).toEqual([1, 2, 2])
    expect(log.take()).toEqual(['run n()', 'run n()'])
  })

  it('[SRC-2 VAL-9] with equals false every value is a commit', () => {
    const { db } = timed()
    const { feed, last } = feeding<number>({ equals: false }, () => 1)
    const seen: unknown[] = []
    db.observe(feed, 'a').subscribe((value) => seen.push(value))
    last().next(1)
    expect([seen, db.revision]).toEqual([[1, 1], 1])
  })

  it('[SRC-2 IN-10 KEY-4] values are frozen, and undefined is one', () => {
    const { db } = timed()
    const { feed, last } = feeding<{ a: number[] } | undefined>({}, () => ({ a: [1] }))
    expect(Object.isFrozen((db.get(feed, 'a') as { a: number[] }).a)).toBe(true)
    last().next(undefined)
    expect(db.get(feed, 'a')).toBe(undefined)
  })

  it('[SRC-2 REV-5] what comes during delivery, in a batch or in a body waits for its turn, and none is lost', () => {
    const { db } = timed()
    const { feed, last } = feeding<number>({}, () => 1)
    const seen: string[] = []
    db.live((q) => `${q.get(x)} ${q.get(feed, 'a') as number}`).subscribe((value) => seen.push(value))
    const stop = db.node(x).subscribe((value) => {
      if (value !== 1) return
      last().next(2)
      last().next(3)
    })
    db.set(x, 1)
    expect(seen).toEqual(['0 1', '1 1', '1 2', '1 3'])
    stop.unsubscribe()
    db.batch((tx) => {
      tx.set(x, 2)
      last().next(4)
      expect(db.get(feed, 'a')).toBe(3)
    })
    expect(seen.slice(4)).toEqual(['1 4', '2 4'])
    expect(db.get(derived('impure', (q) => (last().next(5), q.get(feed, 'a'))))).toBe(4)
    expect([seen.at(-1), db.get(feed, 'a')]).toEqual(['2 5', 5])
  })

  it('[SRC-2 BIND-1] an evaluation keeps the value it has seen, whatever comes meanwhile', async () => {
    const { db } = timed()
    const { feed, last } = feeding<number>({}, () => 1)
    const twice = derived('twice', async (q) => {
      const first = q.get(feed, 'a')
      await flush()
      return [first, q.get(feed, 'a')]
    })
    const answer = db.get(twice)
    last().next(2)
    expect(await answer).toEqual([1, 1])
    expect(await db.get(twice)).toEqual([2, 2])
  })

  it('[SRC-1 BIND-1 BIND-4] a first value that comes after commits is one for all who waited', async () => {
    const { db } = timed()
    const { feed, last } = feeding<number>()
    const both = derived('both', async (q) => {
      const at = q.get(x)
      const value = await q.get(feed, 'a')
      return [at, q.get(x), value, q.get(feed, 'a')]
    })
    const answers = [db.get(both)]
    db.set(x, 1)
    answers.push(db.get(both))
    last().next(7)
    last().next(8)
    db.set(x, 2)
    await flush()
    last().next(9)
    expect(await Promise.all(answers)).toEqual([[0, 0, 8, 8], [1, 1, 8, 8]])
    expect(await db.get(both)).toEqual([2, 2, 9, 9])
  })
})

describe('grace', () => {
  it('[SRC-3] the connection ends when no live query has needed it for so long; the next read connects again', async () => {
    const { db, clock, log } = timed()
    const { feed, take, last } = feeding<number>({ grace: 1000 }, (connection) => connection)
    const double = derived('double', (q) => (q.get(feed, 'a') as number) * 2)
    const subscription = db.observe(double).subscribe()
    await clock.pass(5000)
    expect([take(), clock.waiting]).toEqual([['+a'], 0])
    subscription.unsubscribe()
    await clock.pass(999)
    expect(take()).toEqual([])
    await clock.pass(1)
    expect([take(), clock.waiting]).toEqual([['-a'], 0])
    log.take()
    expect(db.get(double)).toBe(4)
    expect([take(), log.take()]).toEqual([['+a'], ['run double()']])
    last().next(5)
    expect(db.get(double)).toBe(10)
    await clock.pass(1000)
    expect(take()).toEqual(['-a'])
  })

  it('[SRC-3] each key has a grace of its own: the end of one is not that of another', async () => {
    const { db, clock } = timed()
    const { feed, take } = feeding<number>({ grace: 100 }, () => 1)
    const first = db.observe(feed, 'a').subscribe()
    const second = db.observe(feed, 'b').subscribe()
    first.unsubscribe()
    await clock.pass(60)
    second.unsubscribe()
    await clock.pass(40)
    expect(take()).toEqual(['+a', '+b', '-a'])
    await clock.pass(59)
    expect(take()).toEqual([])
    await clock.pass(1)
    expect(take()).toEqual(['-b'])
  })

  it('[SRC-3] no timer runs while it is needed, and whoever comes back in time keeps the connection', async () => {
    const { db, clock } = timed()
    const { feed, take, last } = feeding<number>({ grace: 100 }, () => 1)
    const double = derived('double', (q) => (q.get(feed, 'a') as number) * 2)
    for (let i = 0; i < 5; i++) {
      const subscription = db.watch(double).subscribe()
      expect(clock.waiting).toBe(i === 0 ? 0 : 1)
      await clock.pass(100)
      last().next(i + 10)
      expect(clock.waiting).toBe(0)
      subscription.unsubscribe()
      await clock.pass(50)
    }
    expect(take()).toEqual(['+a'])
    await clock.pass(50)
    expect(take()).toEqual(['-a'])
  })

  it('[SRC-3 LIVE-12] live functions, effects, policies and streams of states need it; a get does not', async () => {
    const { db, clock } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, () => 1)
    const double = derived('double', async (q) => (await q.get(feed, 'a')) * 2)
    const kinds = [
      () => db.live((q) => q.get(double)).subscribe(),
      () => db.watch(feed, 'a').subscribe(),
      () => db.effect((q) => void q.get(feed, 'a')),
      () => db.with({ policy: 'every' }).watch(double).subscribe(),
      () => db.observe(double).subscribe(),
    ]
    for (const start of kinds) {
      const handle = start()
      await clock.pass(50)
      expect(take()).toEqual(['+a'])
      handle.unsubscribe()
      await clock.pass(9)
      expect(take()).toEqual([])
      await clock.pass(1)
      expect(take()).toEqual(['-a'])
    }
    await db.get(double)
    await clock.pass(9)
    expect(take()).toEqual(['+a'])
    await clock.pass(1)
    expect(take()).toEqual(['-a'])
  })

  it('[SRC-3] a pin needs it: the last one of a query above it, or of the key itself', async () => {
    const { db, clock } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, () => 1)
    const double = derived('double', (q) => (q.get(feed, 'a') as number) * 2)
    for (const pin of [() => db.pin(double), () => db.pin(feed, 'a')]) {
      const [first, second] = [pin(), pin()]
      db.get(double)
      await clock.pass(50)
      first.dispose()
      await clock.pass(50)
      expect(take()).toEqual(['+a'])
      second.dispose()
      await clock.pass(9)
      expect(take()).toEqual([])
      await clock.pass(1)
      expect([take(), clock.waiting]).toEqual([['-a'], 0])
    }
  })

  it('[SRC-3 DER-4] a live query that takes another branch needs it no longer', async () => {
    const { db, clock } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, () => 1)
    const inner = derived('inner', (q, key: string) => q.get(feed, key))
    const picks = derived('picks', (q) => q.get(inner, q.get(x) === 0 ? 'a' : 'b'))
    db.observe(picks).subscribe()
    await clock.pass(100)
    db.set(x, 1)
    await clock.pass(9)
    expect(take()).toEqual(['+a', '+b'])
    await clock.pass(1)
    expect([take(), clock.waiting]).toEqual([['-a'], 0])
  })

  it('[SRC-3 SRC-1] while an evaluation waits for the first value it is needed; when the last one leaves it is not', async () => {
    const { db, clock } = timed()
    const { feed, take, last } = feeding<number>({ grace: 10 })
    const leaving = new AbortController()
    const left = track(db.with({ signal: leaving.signal }).get(feed, 'a') as Promise<number>)
    await clock.pass(1000)
    expect([take(), clock.waiting]).toEqual([['+a'], 0])
    leaving.abort('enough')
    await clock.pass(9)
    expect([left.error, take()]).toEqual(['enough', []])
    await clock.pass(1)
    expect(take()).toEqual(['-a'])
    const answer = db.get(feed, 'a') as Promise<number>
    last().next(3)
    expect([await answer, take()]).toEqual([3, ['+a']])
    await clock.pass(10)
    expect(take()).toEqual(['-a'])
  })

  it('[SRC-3 VAL-1] after a reconnect an equal value runs nothing that depends on it', async () => {
    const { db, clock, log } = timed()
    const { feed, last } = feeding<{ n: number }>({ grace: 10 })
    const n = derived('n', async (q) => (await q.get(feed, 'a')).n)
    const next = derived('next', async (q) => (await q.get(n)) + 1)
    for (let i = 0; i < 3; i++) {
      const answer = db.get(next)
      last().next({ n: 1 })
      expect(await answer).toBe(2)
      await clock.pass(10)
    }
    expect(log.take()).toEqual(['run next()', 'run n()'])
  })

  it('[SRC-3 REV-1] what is disconnected is not known any more: a commit', async () => {
    const { db, clock } = timed()
    const { feed } = feeding<number>({ grace: 10 }, () => 1)
    const double = derived('double', (q) => (q.get(feed, 'a') as number) * 2)
    db.get(double)
    const log = record(db, 'revision', 'input', 'invalidation')
    await clock.pass(10)
    expect([log.take(), db.revision]).toEqual([['revision 1', 'remove feed(a)', 'stale double()'], 1])
  })

  it('[SRC-3 REV-1] keys that end together are unknown from one revision on', async () => {
    const { db, clock } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, () => 1)
    const sum = derived('sum', (q) => ['a', 'b', 'c'].reduce((before, key) => before + (q.get(feed, key) as number), 0))
    db.get(sum)
    const log = record(db, 'revision', 'input', 'invalidation')
    await clock.pass(10)
    expect([log.take(), db.revision]).toEqual([['revision 1', 'remove feed(a)', 'stale sum()', 'remove feed(b)', 'remove feed(c)'], 1])
    take()
    expect([db.get(sum), take()]).toEqual([3, ['+a', '+b', '+c']])
  })

  it('[SRC-3 LIVE-2] a connection ends for who is above it by whatever way, rings and diamonds too', async () => {
    const { db, clock } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, () => 1)
    const ring = derived('ring', (q, i: number): number => Math.min(9, q.get(ring, (i + 1) % 5) + (i === 0 ? (q.get(feed, 'ring') as number) : 0) + (i === 3 ? (q.get(feed, 'side') as number) : 0)), { cycle: { initial: 0 } })
    const left = derived('left', (q) => q.get(ring, 2))
    const right = derived('right', (q) => (q.get(feed, 'ring') as number) + (q.get(x) === 0 ? 0 : q.get(left)))
    const top = derived('top', (q) => (q.get(x) < 2 ? q.get(left) : 0) + q.get(right))
    db.get(left)
    const subscription = db.observe(top).subscribe()
    await clock.pass(100)
    expect(take().toSorted()).toEqual(['+ring', '+side'])
    db.set(x, 1)
    await clock.pass(100)
    expect(take()).toEqual([])
    db.set(x, 2)
    await clock.pass(100)
    expect([take(), clock.waiting]).toEqual([[], 0])
    db.set(x, 0)
    await clock.pass(5)
    subscription.unsubscribe()
    await clock.pass(9)
    expect(take()).toEqual([])
    await clock.pass(1)
    expect([take().toSorted(), clock.waiting]).toEqual([['-ring', '-side'], 0])
  })

  it('[SRC-3] by default the timers of the platform serve, and hold no process', async () => {
    vi.useFakeTimers()
    try {
      const db = create()
      const { feed, take } = feeding<number>({}, () => 1)
      db.observe(feed, 'a').subscribe().unsubscribe()
      await vi.advanceTimersByTimeAsync(999)
      expect([take(), vi.getTimerCount()]).toEqual([['+a'], 1])
      await vi.advanceTimersByTimeAsync(1)
      expect([take(), vi.getTimerCount()]).toEqual([['-a'], 0])
      db.close()
    } finally {
      vi.useRealTimers()
    }
  })

  it('[SRC-3 LIVE-9] twenty thousand live queries of one key come and go in near-linear time', async () => {
    const { db, clock } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, () => 1)
    const plus = derived('plus', (q, n: number) => (q.get(feed, 'a') as number) + n)
    const start = performance.now()
    const subscriptions = Array.from({ length: 20_000 }, (_, n) => db.observe(plus, n).subscribe())
    for (const subscription of subscriptions) subscription.unsubscribe()
    await clock.pass(10)
    expect(take()).toEqual(['+a', '-a'])
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

describe('failures', () => {
  it('[SRC-4 ERR-3] an error is a failure of the key: the same object, catchable, kept', async () => {
    const { db, log } = timed()
    const thrown = new Error('offline')
    const { feed, last, take } = feeding<number>({}, () => 1)
    const plain = derived('plain', (q) => (q.get(feed, 'a') as number) + 1)
    const careful = derived('careful', (q) => {
      try {
        return q.get(plain)
      } catch (error) {
        return error
      }
    })
    const states: unknown[] = []
    db.watch(plain).subscribe((state) => states.push(state))
    expect(db.get(careful)).toBe(2)
    log.take()
    last().error(thrown)
    expect(db.get(careful)).toBe(thrown)
    expect(() => db.get(plain)).toThrow(thrown)
    expect(queryPath(thrown)).toEqual(['plain()', 'feed(a)'])
    expect(states).toEqual([{ status: 'ready', value: 2 }, { status: 'failed', error: thrown, value: 2 }])
    db.set(x, 1)
    expect(() => db.get(feed, 'a')).toThrow(thrown)
    expect([take(), log.take()]).toEqual([['+a', '-a'], ['run plain()', 'fail plain()', 'run careful()']])
  })

  it('[SRC-4] an error in place of the first value fails whoever waits, at once or later, and nothing is unhandled', async () => {
    const { db } = timed()
    const thrown = new Error('refused')
    const now = source('now', () => throwError(() => thrown))
    const connect = source('connect', (): Observable<number> => {
      throw thrown
    })
    expect(() => db.get(now)).toThrow(thrown)
    expect(() => db.get(connect)).toThrow(thrown)
    const { feed, last } = feeding<number>()
    const reader = derived('reader', async (q) => await q.get(feed, 'a'))
    const unhandled = await unhandledDuring(async () => {
      const answer = rejectionOf(db.get(reader))
      last().error(thrown)
      expect(await answer).toBe(thrown)
    })
    expect(unhandled).toEqual([])
    expect(() => db.get(feed, 'a')).toThrow(thrown)
  })

  it('[SRC-4] a failed key connects again once nobody has needed it for its grace', async () => {
    const { db, clock } = timed()
    const { feed, last, take } = feeding<number>({ grace: 10 })
    const failing = rejectionOf(db.get(feed, 'a') as Promise<number>)
    last().error('offline')
    expect(await failing).toBe('offline')
    await clock.pass(9)
    expect(thrownBy(() => db.get(feed, 'a'))).toBe('offline')
    await clock.pass(1)
    const answer = db.get(feed, 'a')
    last().next(1)
    expect([await answer, take()]).toEqual([1, ['+a', '-a', '+a']])
  })

  it('[SRC-4 ERR-8] a delay that throws is the failure: whoever waits is told', async () => {
    const { db } = timed()
    const lost = new Error('lost')
    const { feed, last } = feeding<number>({ retry: { times: 3, delay: () => { throw lost } } })
    const first = track(Promise.resolve(db.get(feed, 'a')))
    last().error(new Error('down'))
    await flush()
    expect(first).toEqual({ state: 'rejected', error: lost })
  })

  it('[SRC-4] retry connects again: readers see the failure in between, and the next value heals it', async () => {
    const { db, clock, log } = timed()
    const { feed, last, take } = feeding<number>({ retry: { times: 2, delay: 100 } })
    const next = derived('next', async (q) => (await q.get(feed, 'a')) + 1)
    const after = derived('after', async (q) => (await q.get(next)) + 1)
    const states: string[] = []
    db.watch(after).subscribe((state) => states.push('value' in state ? `${state.status} ${state.value}` : state.status))
    last().next(1)
    await flush()
    last().error('offline')
    await flush()
    expect(take()).toEqual(['+a', '-a'])
    await clock.pass(100)
    expect(take()).toEqual(['+a'])
    last().next(1)
    await flush()
    expect(states).toEqual(['pending', 'ready 3', 'stale 3', 'failed 3', 'stale 3', 'ready 3'])
    expect(log.take().filter((line) => line.includes('after'))).toEqual(['run after()', 'run after()', 'fail after()', 'run after()'])
    for (let i = 0; i < 2; i++) {
      last().error('again')
      await clock.pass(100)
    }
    expect(take()).toEqual(['-a', '+a', '-a', '+a'])
    last().error('for good')
    await clock.pass(1000)
    expect([take(), clock.waiting, states.at(-1)]).toEqual([['-a'], 0, 'failed 3'])
  })

  it('[SRC-4] whoever waits for the first value waits through the retries, and fails with the last error', async () => {
    const { db, clock } = timed()
    const { feed, last, take } = feeding<number>({ retry: { times: 1, delay: (failures) => failures * 50 } })
    const answer = track(db.get(feed, 'a') as Promise<number>)
    last().error('first')
    await clock.pass(50)
    expect([answer.state, take()]).toEqual(['pending', ['+a', '-a', '+a']])
    last().error('second')
    await flush()
    expect(answer.error).toBe('second')
  })

  it('[SRC-5] after a reconnect nothing of the old connection is heard', async () => {
    const { db, clock } = timed()
    const hostile: ((value: number) => void)[] = []
    const feed = source('feed', () => new Observable<number>((subscriber) => {
      hostile.push((value) => subscriber.next(value))
    }), { grace: 10, retry: { times: 1 } })
    const first = db.get(feed)
    hostile[0]?.(1)
    await first
    await clock.pass(10)
    const second = db.get(feed)
    hostile[0]?.(2)
    hostile[1]?.(3)
    hostile[0]?.(4)
    expect([await second, db.get(feed)]).toEqual([3, 3])
    hostile[0]?.(5)
    hostile[1]?.(6)
    expect(db.get(feed)).toBe(6)
  })

  it('[SRC-5] a value that had to wait for its turn never overwrites what a reconnect brought', async () => {
    const { db, clock } = timed()
    const { feed, connections, take } = feeding<number>({ grace: 0 }, (connection) => connection * 100)
    void db.get(feed, 'a')
    const late = derived('late', (q) => {
      connections[0]?.next(1)
      clock.fire()
      return q.get(x)
    })
    expect([db.get(late), take(), db.get(feed, 'a')]).toEqual([0, ['+a', '-a'], 200])
    await flush()
    expect(db.get(feed, 'a')).toBe(200)
  })

  it('[SRC-4] completion keeps the last value, and nothing is connected or timed any more', async () => {
    const { db, clock } = timed()
    const { feed, last, take } = feeding<number>({ grace: 10 }, () => 1)
    const subscription = db.observe(feed, 'a').subscribe()
    last().next(2)
    last().complete()
    subscription.unsubscribe()
    await clock.pass(1000)
    expect([db.get(feed, 'a'), take(), clock.waiting]).toEqual([2, ['+a', '-a'], 0])
  })

  it('[SRC-4] completion without a value is a failure that says so', async () => {
    const { db } = timed()
    const empty = source('empty', (_key: string) => EMPTY)
    expect(() => db.get(empty, 'a')).toThrow(EmptySourceError)
    expect(() => db.get(empty, 'a')).toThrow('empty(a)')
  })

  it('[SRC-4 VAL-8] an equality that throws is a failure naming the source, and the next value heals it', () => {
    const { db } = timed()
    const { feed, last } = feeding<number>({ equals: (a, b) => { if (b === 2) throw new Error('cannot'); return a === b } }, () => 1)
    void db.get(feed, 'a')
    last().next(2)
    expect(() => db.get(feed, 'a')).toThrow(EqualityError)
    last().next(3)
    expect(db.get(feed, 'a')).toBe(3)
  })

  it('[SRC-4 MEM-6] a value over the limit is a failure, and the next one that fits heals it', () => {
    const { db } = timed({ limits: { stateBytes: 2000 } })
    const { feed, last } = feeding<string>({}, () => 'small')
    expect(db.get(feed, 'a')).toBe('small')
    last().next('x'.repeat(5000))
    expect(() => db.get(feed, 'a')).toThrow(LimitExceededError)
    last().next('y')
    expect(db.get(feed, 'a')).toBe('y')
    const big = source('big', () => of('x'.repeat(5000)))
    expect(() => db.get(big)).toThrow(LimitExceededError)
  })

  it('[SRC-4 MEM-6] failures and reconnects count nothing: a failure finds room, and the limit stays where it was', async () => {
    const { db, clock } = timed({ limits: { stateBytes: 2000 } })
    const failure = Object.assign(new Error('broken'), { stack: 'x'.repeat(5000) })
    const { feed, last } = feeding<string>({ grace: 10 }, (connection) => (connection < 50 ? 'small' : 'y'.repeat(900)))
    expect(db.get(feed, 'a')).toBe('small')
    last().error(failure)
    expect(thrownBy(() => db.get(feed, 'a'))).toBe(failure)
    const failing = source('failing', () => throwError(() => failure), { grace: 10 })
    expect(thrownBy(() => db.get(failing))).toBe(failure)
    for (let connection = 2; connection <= 50; connection++) {
      await clock.pass(10)
      expect(db.get(feed, 'a')).toHaveLength(connection < 50 ? 5 : 900)
    }
    expect(thrownBy(() => db.set(input<[], string>('filling'), 'x'.repeat(100)))).toBeInstanceOf(LimitExceededError)
    last().next('small again')
    expect(db.set(input<[], string>('filling too'), 'x'.repeat(850))).toBe(db.revision)
  })
})

describe('a limit', () => {
  it('[SRC-4 MEM-6] that refuses the last value of a source which completes is a failure until nobody needs it: then it connects again', async () => {
    const { db, clock } = timed({ limits: { stateBytes: 1000 } })
    const filling = input<[], string>('filling')
    db.set(filling, 'x'.repeat(300))
    const long = 'y'.repeat(300)
    const known = new Subject<string>()
    let connections = 0
    const sources = [
      source('at once', () => (connections++, of(long)), { grace: 10 }),
      source('later', () => (connections++, Promise.resolve(long)), { grace: 10 }),
      source('at last', () => (connections++, connections === 3 ? known : of(long)), { grace: 10 }),
    ]
    for (const feed of sources.slice(0, 2)) await expect((async () => await db.get(feed))()).rejects.toThrow(LimitExceededError)
    const [, , atLast] = sources as [unknown, unknown, (typeof sources)[0]]
    const subscription = db.watch(atLast).subscribe()
    known.next('short')
    await flush()
    expect(await db.get(atLast)).toBe('short')
    known.next(long)
    known.complete()
    expect(() => db.get(atLast)).toThrow(LimitExceededError)
    subscription.unsubscribe()
    db.remove(filling)
    for (const feed of sources) expect(() => db.get(feed)).toThrow(LimitExceededError)
    await clock.pass(10)
    expect([connections, clock.waiting]).toEqual([3, 0])
    expect(await db.get(sources[0] as (typeof sources)[0])).toBe(long)
    expect([connections, db.collect().inputs]).toEqual([4, 3])
  })
})

describe('hostile Observables', () => {
  it('[SRC-2] a million values at once: the latest fills; fifty thousand one by one: each is a commit, and told', () => {
    const { db } = timed()
    const burst = source('burst', () => new Observable<number>((subscriber) => {
      for (let i = 1; i <= 1_000_000; i++) subscriber.next(i)
    }))
    expect([db.get(burst), db.revision]).toEqual([1_000_000, 0])
    const { feed, last } = feeding<number>({}, () => 0)
    let told = 0
    db.observe(feed, 'a').subscribe(() => told++)
    for (let i = 1; i <= 50_000; i++) last().next(i)
    expect([told, db.revision, db.get(feed, 'a')]).toEqual([50_001, 50_000, 50_000])
  })

  it('[SRC-1 LIVE-11 IN-12] connecting is part of a body: subscribing to the database and writing fail the key', () => {
    const { db } = timed()
    const own = source('own', () => db.node(x))
    const writes = source('writes', () => new Observable<number>((subscriber) => subscriber.next(db.set(x, 1))))
    expect(() => db.get(own)).toThrow(WriteInQueryError)
    expect(() => db.get(writes)).toThrow(WriteInQueryError)
    expect(db.revision).toBe(0)
  })

  it('[SRC-1 SCALE-2] connecting below a chain that is deeper than the stack connects once', () => {
    const { db } = timed()
    const { feed, take } = feeding<number>({}, () => 1)
    const chain = derived('chain', (q, i: number): number => (i === 0 ? (q.get(feed, 'a') as number) : q.get(chain, i - 1) + 1))
    expect([db.get(chain, 5000), take()]).toEqual([5001, ['+a']])
  })

  it('[SRC-3 ERR-10] a teardown that throws is reported, and harms nothing', async () => {
    const reported: unknown[] = []
    const { db, clock } = timed({ onUnhandledError: (error: unknown) => reported.push(error) })
    const feed = source('feed', () => new Observable<number>((subscriber) => {
      subscriber.next(1)
      return () => {
        throw new Error('teardown')
      }
    }), { grace: 10 })
    void db.get(feed)
    await clock.pass(10)
    expect(reported).toHaveLength(1)
    expect(db.get(feed)).toBe(1)
  })

  it('[SRC-1 SRC-3] a teardown that reads what ends with it, or its own key, gets an answer, and so do others', async () => {
    const { db, clock } = timed()
    const log: string[] = []
    const answers: unknown[] = []
    const values = new Map([['b', new Subject<number>()], ['c', new Subject<number>()]])
    let isReading = true
    const feed = source('feed', (key: string) => new Observable<number>((subscriber) => {
      log.push(`+${key}`)
      if (key === 'a') subscriber.next(1)
      const subscription = values.get(key)?.subscribe(subscriber)
      return () => {
        log.push(`-${key}`)
        subscription?.unsubscribe()
        if (key === 'a' && isReading) for (const other of ['a', 'b', 'c']) answers.push(track(Promise.resolve(db.get(feed, other))))
      }
    }), { grace: 10 })
    const leaving = new AbortController()
    for (const key of ['b', 'a', 'c']) void Promise.resolve(key === 'a' ? db.get(feed, key) : db.with({ signal: leaving.signal }).get(feed, key)).catch(() => {})
    leaving.abort('enough')
    await clock.pass(10)
    isReading = false
    values.get('b')?.next(2)
    values.get('c')?.next(3)
    await flush()
    expect(answers).toEqual([1, 2, 3].map((value) => ({ state: 'fulfilled', value })))
    expect([db.get(feed, 'a'), log.splice(0)]).toEqual([1, ['+b', '+a', '+c', '-b', '-a', '+b', '+a']])
    await clock.pass(100)
    expect([log.toSorted(), clock.waiting]).toEqual([['-a', '-b', '-c'], 0])
  })

  it('[SRC-1 SRC-3] a teardown that reads its own key, of which nothing came, connects anew', async () => {
    const { db, clock } = timed()
    let connections = 0
    let value: unknown
    const feed = source('feed', () => new Observable<number>((subscriber) => {
      const connection = ++connections
      if (connection > 1) subscriber.next(connection)
      return () => {
        if (connection === 1) value = db.get(feed)
      }
    }), { grace: 10 })
    const leaving = new AbortController()
    const left = track(db.with({ signal: leaving.signal }).get(feed) as Promise<number>)
    await flush()
    leaving.abort('enough')
    await clock.pass(10)
    expect([left.error, value, db.get(feed), connections]).toEqual(['enough', 2, 2, 2])
    await clock.pass(100)
    expect([db.get(feed), connections]).toEqual([3, 3])
  })

  it('[LIVE-9 SRC-1] a source that never emits keeps nothing of those who came and went', async () => {
    const { db } = timed()
    const silent = source('silent', () => NEVER)
    for (let i = 0; i < 20_000; i++) db.watch(silent).subscribe().unsubscribe()
    expect(db.stats().jobs).toBe(0)
  })
})

describe('views and ends', () => {
  it('[SRC-2 SNAP-2] a snapshot reads what was there, and connects to nothing for it', async () => {
    const { db, clock } = timed()
    const { feed, last, take } = feeding<number>({ grace: 10 }, () => 1)
    const double = derived('double', (q) => (q.get(feed, 'a') as number) * 2)
    db.get(double)
    const snapshot = db.snapshot()
    last().next(2)
    expect([db.get(double), snapshot.get(double), snapshot.get(feed, 'a')]).toEqual([4, 2, 1])
    await clock.pass(10)
    take()
    snapshot.set(x, 9)
    expect([snapshot.get(double), snapshot.get(feed, 'a'), take()]).toEqual([2, 1, []])
    snapshot.dispose()
  })

  it('[SRC-2 SNAP-10] what sources show is not undone', () => {
    const { db } = timed()
    const { feed, last } = feeding<number>({}, () => 1)
    void db.get(feed, 'a')
    const before = db.snapshot()
    db.set(x, 1)
    last().next(2)
    db.restore(before)
    expect([db.get(x), db.get(feed, 'a'), before.get(feed, 'a')]).toEqual([0, 2, 1])
    before.set(x, 7)
    db.promote(before)
    expect([db.get(x), db.get(feed, 'a')]).toEqual([7, 2])
    before.dispose()
  })

  it('[SRC-1 SNAP-2 BIND-4] where nothing was there, it takes the first value there is, one for all its readers', async () => {
    const { db } = timed()
    const { feed, last } = feeding<number>()
    const a = derived('a', async (q) => ['a', await q.get(feed, 'a')])
    const b = derived('b', async (q) => ['b', await q.get(feed, 'a')])
    const snapshot = db.snapshot()
    const written = db.snapshot()
    written.set(x, 1)
    const early = snapshot.get(a)
    last().next(1)
    expect(await early).toEqual(['a', 1])
    expect(await db.get(b)).toEqual(['b', 1])
    last().next(2)
    expect([await db.get(b), await snapshot.get(b), await written.get(a), await written.get(b)]).toEqual([['b', 2], ['b', 1], ['a', 1], ['b', 1]])
    expect([db.get(feed, 'a'), snapshot.get(feed, 'a'), written.get(feed, 'a')]).toEqual([2, 1, 1])
    snapshot.dispose()
    written.dispose()
  })

  it('[SRC-3 CAN-8] closing the database disconnects everything, and stops every timer', async () => {
    const { db, clock } = timed()
    const { feed, take, last } = feeding<number>({ retry: { times: 5, delay: 100 } })
    db.observe(feed, 'a').subscribe()
    const answer = track(db.get(feed, 'b') as Promise<number>)
    last().error('offline')
    expect(clock.waiting).toBe(1)
    db.close()
    await flush()
    expect([take(), clock.waiting, answer.state]).toEqual([['+a', '+b', '-b', '-a'], 0, 'rejected'])
    await clock.pass(1000)
    expect(take()).toEqual([])
  })

  it('[SRC-3 REV-8] two databases connect each for itself', () => {
    const one = timed()
    const two = timed()
    const { feed, take, connections } = feeding<number>({}, (connection) => connection)
    expect([one.db.get(feed, 'a'), two.db.get(feed, 'a'), take()]).toEqual([1, 2, ['+a', '+a']])
    connections[0]?.next(9)
    expect([one.db.get(feed, 'a'), two.db.get(feed, 'a')]).toEqual([9, 2])
  })

  it('[SRC-1 IN-8] what makes no sense is refused', () => {
    const { db } = timed()
    const { feed } = feeding<number>()
    expect(() => source('', () => of(1))).toThrow(InvalidDefinitionError)
    expect(() => source('a', 5 as never)).toThrow(InvalidDefinitionError)
    for (const options of [{ grace: -1 }, { retry: { times: -1 } }, { equals: 1 }]) expect(() => source('a', () => of(1), options as object)).toThrow(InvalidDefinitionError)
    expect(() => db.set(feed as never, 'a', 1)).toThrow(InvalidDefinitionError)
    expect(() => db.keys(feed as never)).toThrow(InvalidDefinitionError)
    expect(() => db.get(derived('feed', () => 1))).toThrow('named "feed"')
    expect(() => createDatabase({ definitions: [feed, input('feed')] })).toThrow('named "feed"')
  })

  it('[SRC-2] a source that emits by itself: an interval, while somebody watches', async () => {
    vi.useFakeTimers()
    try {
      const db = create()
      const tick = source('tick', () => interval(100), { grace: 0 })
      const seen: unknown[] = []
      const subscription = db.observe(tick).subscribe((value) => seen.push(value))
      await vi.advanceTimersByTimeAsync(350)
      subscription.unsubscribe()
      await vi.advanceTimersByTimeAsync(350)
      expect([seen, vi.getTimerCount()]).toEqual([[0, 1, 2], 0])
      db.close()
    } finally {
      vi.useRealTimers()
    }
  })

  it('[SRC-1 SRC-2] a BehaviorSubject is known at once, now and after each reconnect', async () => {
    const { db, clock } = timed()
    const subject = new BehaviorSubject(1)
    const feed = source('feed', () => subject, { grace: 10 })
    const double = derived('double', (q) => (q.get(feed) as number) * 2)
    const seen: unknown[] = []
    const first = db.observe(double).subscribe((value) => seen.push(value))
    subject.next(2)
    first.unsubscribe()
    await clock.pass(10)
    subject.next(3)
    db.observe(double).subscribe((value) => seen.push(value))
    expect(seen).toEqual([2, 4, 6])
  })
})
