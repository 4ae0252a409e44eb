/** Keys of sources that nobody needs any more: what `collect` lets go, and what it must keep. */
import { of, Subject, throwError } from 'rxjs'
import { loadCache, MemoryPort, saveCache } from 'pebre/persist'
import { flush, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { type Database, derived, input, source } from '../../src/index.js'
import { branchOf } from '../model/invariants.js'
import { HandClock } from '../support/clock.js'
import { countedDatabases } from '../support/databases.js'
import { feeding } from '../support/feeding.js'
import { thrownBy, track } from '../support/turns.js'

const createDatabase = countedDatabases()

function timed(options: object = {}) {
  const clock = new HandClock()
  const db = createDatabase({ clock, ...options })
  return { clock, db, log: record(db) }
}

/** Records of sources, of queries and of hidden slots, and what the roots hold. */
function held(db: Database) {
  const { tables, root, written } = branchOf(db)
  let records = 0
  for (const { byPrimitive, byText, only } of tables.values()) records += byPrimitive.size + byText.size + (only === null ? 0 : 1)
  const { inputs, queries, definitions } = db.stats()
  return { inputs, queries, cells: definitions.reduce((sum, { cells }) => sum + cells, 0), records, rooted: root?.get('feed')?.records.size ?? 0, written: written.length }
}

describe('keys of sources, collected', () => {
  it('[MEM-5 SRC-3] a key that is disconnected goes, with all that was kept for it: 30 rounds of 100 keys', async () => {
    const { db, clock, log } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, (connection) => connection)
    const plus = derived('plus', (q, key: string, n: number) => (q.get(feed, key) as number) + n)
    const baseline = held(db)
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 100; i++) db.get(plus, `${round} ${i}`, 1)
      if (round % 2 === 0) db.snapshot().dispose()
      await clock.pass(10)
      if (round % 3 === 0) db.snapshot().dispose()
      expect(db.collect()).toEqual({ cells: 100, inputs: 100 })
      expect(held(db)).toEqual(baseline)
    }
    expect(clock.waiting).toBe(0)
    log.take()
    take()
    expect([db.get(plus, '0 0', 1), take(), log.take()]).toEqual([3002, ['+0 0'], ['run plus("0 0", 1)']])
  })

  it('[MEM-5 SRC-1] what is connected stays: watched, in its grace, waited for, and between two attempts', async () => {
    const { db, clock } = timed()
    const { feed, take, last } = feeding<number>({ grace: 10, retry: { times: 1, delay: 100 } })
    const subscription = db.observe(feed, 'watched').subscribe()
    last().next(1)
    await flush()
    void db.get(feed, 'in its grace')
    last().next(2)
    await flush()
    const answer = track(db.get(feed, 'waited for') as Promise<number>)
    const waitedFor = last()
    const failing = db.watch(feed, 'failing').subscribe()
    last().next(4)
    await flush()
    last().error(new Error('offline'))
    expect(take()).toEqual(['+watched', '+in its grace', '+waited for', '+failing', '-failing'])
    expect([db.collect(), db.stats().inputs]).toEqual([{ cells: 0, inputs: 0 }, 4])
    expect([db.get(feed, 'watched'), db.get(feed, 'in its grace'), thrownBy(() => db.get(feed, 'failing'))]).toEqual([1, 2, new Error('offline')])
    waitedFor.next(3)
    await flush()
    expect([answer.value, take()]).toEqual([3, []])
    await clock.pass(100)
    expect(take()).toEqual(['-in its grace', '-waited for', '+failing'])
    expect(db.collect()).toEqual({ cells: 0, inputs: 2 })
    for (const handle of [subscription, failing]) handle.unsubscribe()
    await clock.pass(10)
    expect([db.collect(), db.stats().inputs]).toEqual([{ cells: 0, inputs: 2 }, 0])
  })

  it('[MEM-5 SRC-4] a key that failed keeps its failure for its grace, and goes then', async () => {
    const { db, clock } = timed()
    let connections = 0
    const broken = source('broken', () => (connections++, throwError(() => new Error(`failure ${connections}`))), { grace: 10 })
    expect(() => db.get(broken)).toThrow('failure 1')
    expect(db.collect()).toEqual({ cells: 0, inputs: 0 })
    expect(() => db.get(broken)).toThrow('failure 1')
    await clock.pass(10)
    expect([db.collect(), db.stats().inputs]).toEqual([{ cells: 0, inputs: 1 }, 0])
    expect(() => db.get(broken)).toThrow('failure 2')
  })

  it('[MEM-5 SRC-4] a key that completed keeps its last value, read or not: nothing connects again', async () => {
    const { db, clock } = timed()
    let connections = 0
    const once = source('once', (n: number) => (connections++, of(n, n + connections)), { grace: 10 })
    const promised = source('promised', async (n: number) => n + ++connections, { grace: 10 })
    const plus = derived('plus', (q, n: number) => (q.get(once, n) as number) + 1)
    expect([db.get(plus, 10), await db.get(promised, 20)]).toEqual([12, 22])
    const unseen = db.get(promised, 30)
    await clock.pass(100)
    expect([db.collect(), db.stats().inputs]).toEqual([{ cells: 1, inputs: 0 }, 3])
    expect([db.get(plus, 10), db.get(promised, 20), await unseen, db.get(promised, 30), connections]).toEqual([12, 22, 33, 33, 3])
  })

  it('[MEM-5 SRC-2] a first value that is on its way to those who wait is not lost', async () => {
    const { db } = timed()
    const subject = new Subject<number>()
    let connections = 0
    const feed = source('feed', () => (connections++, subject))
    const leaving = new AbortController()
    const left = track(db.with({ signal: leaving.signal }).get(feed) as Promise<number>)
    leaving.abort('enough')
    await flush()
    subject.next(7)
    subject.complete()
    expect(db.collect().inputs).toBe(0)
    await flush()
    expect([left.error, db.get(feed), connections]).toEqual(['enough', 7, 1])
  })

  it('[MEM-5 SRC-3] pins and roots keep a disconnected key, and what is proved with it does not run', async () => {
    const { db, clock, log } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, () => 1)
    const double = derived('double', (q, key: string) => (q.get(feed, key) as number) * 2)
    for (const key of ['a', 'b', 'c']) db.get(double, key)
    await clock.pass(10)
    const pin = db.pin(feed, 'b')
    expect(db.collect({ roots: [[double, 'a']] })).toEqual({ cells: 2, inputs: 1 })
    log.take()
    take()
    expect([db.get(double, 'a'), take(), log.take()]).toEqual([2, ['+a'], []])
    expect([db.get(feed, 'b'), db.stats().inputs]).toEqual([1, 2])
    await clock.pass(1000)
    expect(take()).toEqual(['+b', '-a'])
    pin.dispose()
    await clock.pass(10)
    expect([take(), db.collect(), db.stats().inputs]).toEqual([['-b'], { cells: 1, inputs: 2 }, 0])
  })

  it('[MEM-5 SNAP-2] while a snapshot shows the value of a disconnected key nothing goes; then it does', async () => {
    const { db, clock } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, (connection) => connection)
    const double = derived('double', (q) => (q.get(feed, 'a') as number) * 2)
    db.get(double)
    const snapshot = db.snapshot()
    await clock.pass(10)
    expect([db.collect(), snapshot.get(double), snapshot.get(feed, 'a'), take()]).toEqual([{ cells: 0, inputs: 0 }, 2, 1, ['+a', '-a']])
    const later = db.snapshot()
    snapshot.dispose()
    later.dispose()
    expect(db.collect()).toEqual({ cells: 1, inputs: 1 })
    expect([held(db).records, held(db).rooted]).toEqual([0, 0])
    const fresh = db.snapshot()
    expect([db.get(double), fresh.get(double), take()]).toEqual([4, 4, ['+a']])
    fresh.dispose()
  })

  it('[MEM-5 MEM-1] with limits of values and of bytes the counts come back too', async () => {
    const { db, clock } = timed({ limits: { cells: 2, stateBytes: 1000 } })
    const { feed } = feeding<string>({ grace: 10 }, () => 'x'.repeat(300))
    const x = input<[], string>('x')
    const size = derived('size', (q, key: string) => (q.get(feed, key) as string).length, { lru: 1 })
    for (let round = 0; round < 20; round++) {
      expect([db.get(size, `${round}`), db.set(x, `${round}`)]).toEqual([300, db.revision])
      await clock.pass(10)
      expect(db.collect()).toEqual({ cells: 1, inputs: 1 })
      expect(db.stats().inputs).toBe(1)
    }
    expect(db.set(x, 'y'.repeat(450))).toBe(db.revision)
  })

  it('[MEM-5 SHARE-4] what a query remembers of a key that has gone is forgotten with it', async () => {
    const { db, clock, log } = timed()
    const { feed, last } = feeding<number>({ grace: 10 }, (connection) => connection)
    const which = input<[], string>('which', { initial: 'a' })
    const picks = derived('picks', (q) => q.get(feed, q.get(which)), { history: 3 })
    const subscription = db.observe(picks).subscribe()
    db.set(which, 'b')
    await clock.pass(10)
    expect(db.collect()).toEqual({ cells: 0, inputs: 1 })
    log.take()
    db.set(which, 'a')
    expect([db.get(picks), log.take()]).toEqual([3, ['run picks()']])
    last().next(9)
    expect(db.get(picks)).toBe(9)
    subscription.unsubscribe()
  })
  it('[MEM-5 PER-1] a state is saved and loaded alike, before and after', async () => {
    const { db, clock } = timed()
    const { feed, take } = feeding<number>({ grace: 10 }, () => 1)
    const x = input<[], number>('x')
    const double = derived('double', (q) => (q.get(x) ?? 0) * 2)
    const plus = derived('plus', (q) => (q.get(feed, 'a') as number) + q.get(double))
    db.set(x, 2)
    expect(db.get(plus)).toBe(5)
    await clock.pass(10)
    for (const collects of [false, true]) {
      if (collects) expect(db.collect()).toEqual({ cells: 2, inputs: 1 })
      const at = { port: new MemoryPort(), name: 'state' }
      await saveCache(db, at)
      const other = timed({ definitions: [feed, x, double, plus] })
      await loadCache(other.db, at)
      take()
      expect([other.db.get(plus), take()]).toEqual([5, ['+a']])
    }
  })
})
