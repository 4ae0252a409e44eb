/** Writes made by subscribers: they wait for their turn, and do not go on for ever. */
import { record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, input, NestedCommitError } from '../../src/index.js'

const count = input<[name: string], number>('count')
const double = derived('double', (q, name: string) => 2 * (q.get(count, name) ?? 0))

describe('a write of a subscriber', () => {
  it('[REV-5] everybody is told all of a commit before the next one starts, whoever wrote it', () => {
    const db = createDatabase()
    db.set(count, 'a', 0)
    db.set(count, 'b', 0)
    const log: string[] = []
    db.events('input').subscribe((event) => {
      log.push(`event ${event.revision}`)
      if (event.revision === 3) db.set(count, 'b', 10)
    })
    db.node(count, 'a').subscribe((value) => {
      log.push(`node ${value}`)
      if (value === 1) db.set(count, 'a', 2)
    })
    db.revision$.subscribe((revision) => log.push(`revision ${revision}`))
    db.live((q) => q.get(double, 'a')).subscribe((value) => {
      log.push(`live ${value}`)
      if (value === 2) db.set(count, 'c', 7)
    })
    db.watch(double, 'a').subscribe((state) => log.push(`watch ${state.status === 'ready' ? state.value : state.status}`))
    log.length = 0
    const returned = db.set(count, 'a', 1)
    expect(log).toEqual([
      'event 3', 'node 1', 'revision 3', 'live 2', 'watch 2',
      'event 4', 'revision 4',
      'event 5', 'node 2', 'revision 5', 'live 4', 'watch 4',
      'event 6', 'revision 6',
    ])
    expect([returned, db.revision, db.get(count, 'b'), db.get(count, 'c')]).toEqual([3, 6, 10, 7])
  })

  it('[REV-5] two subscribers hear the same sequence, the one who writes and the one before and after', () => {
    const db = createDatabase()
    const logs = [record(db, 'revision', 'input'), record(db, 'revision', 'input')]
    db.events('revision').subscribe(({ revision }) => {
      if (revision === 1) db.batch((tx) => (tx.set(count, 'x', 1), tx.set(count, 'y', 1), undefined))
      if (revision === 2) db.remove(count, 'x')
    })
    logs.push(record(db, 'revision', 'input'))
    db.set(count, 'a', 1)
    for (const log of logs) expect(log.take()).toEqual(['revision 1', 'set count(a)', 'revision 2', 'set count(x)', 'set count(y)', 'revision 3', 'remove count(x)'])
  })

  it('[REV-5 REV-2] changes nothing until the present commit has been told, and returns the revision it will have', () => {
    const db = createDatabase()
    const seen: unknown[] = []
    const events = db.events('input').subscribe(() => {
      events.unsubscribe()
      seen.push([db.set(count, 'a', 2), db.set(count, 'b', 3), db.remove(count, 'a'), db.invalidate(double, 'a')])
      seen.push([db.revision, db.get(count, 'a'), db.has(count, 'b'), db.keys(count), db.get(double, 'a')])
    })
    db.node(count, 'a').subscribe((value) => seen.push([value, db.revision]))
    db.set(count, 'a', 1)
    expect(seen).toEqual([[undefined, 0], [2, 3, 4, 5], [1, 1, false, ['a'], 2], [1, 1], [2, 2], [undefined, 4]])
    expect([db.revision, db.keys(count)]).toEqual([5, ['b']])
  })

  it('[REV-5 IN-11] builds on the writes that are queued before it', () => {
    const db = createDatabase()
    const updates: unknown[] = []
    for (const step of [1, 10, 100]) {
      db.events('input').subscribe((event) => {
        if (event.revision > 1) return
        updates.push(db.update(count, 'sum', (old = 0) => old + step))
      })
    }
    db.node(count, 'sum').subscribe((value) => updates.push(value))
    db.set(count, 'a', 1)
    expect(updates).toEqual([undefined, 2, 3, 4, 1, 11, 111])
  })

  it('[REV-5 IN-5 BAT-3] is compared with what is queued, not with the present state', () => {
    const db = createDatabase()
    const log = record(db, 'revision', 'input')
    const returned: unknown[] = []
    const events = db.events('input').subscribe(() => {
      events.unsubscribe()
      returned.push(db.set(count, 'a', 2), db.set(count, 'a', 2), db.set(count, 'a', 1), db.remove(count, 'b'))
      returned.push(db.replaceAll(count, [['a', 1]]), db.replaceAll(count, [['c', 3]]))
    })
    db.set(count, 'a', 1)
    expect(log.take()).toEqual(['revision 1', 'set count(a)', 'revision 2', 'set count(a)', 'revision 3', 'set count(a)', 'revision 4', 'remove count(a)', 'set count(c)'])
    expect(returned).toEqual([2, 2, 3, 3, 3, 4])
  })

  it('[REV-5] waits too when a run is told, and no commit', () => {
    const db = createDatabase()
    db.set(count, 'a', 1)
    const log = record(db, 'revision', 'run', 'change')
    const seen: unknown[] = []
    db.events('run').subscribe((event) => {
      if (event.type === 'queryStarted' && event.id === 'double(a)') seen.push(db.set(count, 'b', 1), db.has(count, 'b'))
    })
    db.get(double, 'a')
    expect([log.take(), seen]).toEqual([['run double(a)', 'changed double(a)', 'revision 2'], [2, false]])
  })

  it('[REV-5] to another view waits as well: the snapshot of a subscriber is told afterwards', () => {
    const db = createDatabase()
    const snapshot = db.snapshot()
    const log: string[] = []
    snapshot.revision$.subscribe((revision) => log.push(`snapshot ${revision}`))
    db.events('input').subscribe(() => {
      log.push('head event')
      snapshot.set(count, 'a', 5)
      log.push(`snapshot shows ${snapshot.get(count, 'a')}`)
    })
    db.revision$.subscribe((revision) => log.push(`head ${revision}`))
    log.length = 0
    db.set(count, 'a', 1)
    expect(log).toEqual(['head event', 'snapshot shows undefined', 'head 1', 'snapshot 1'])
    expect([snapshot.get(count, 'a'), db.get(count, 'a')]).toEqual([5, 1])
  })

  it('[REV-5] who leaves or comes during delivery: the first hears nothing more, the second from the next commit on', () => {
    const db = createDatabase()
    const log: string[] = []
    db.events('input').subscribe((event) => {
      log.push(`first ${event.revision}`)
      second.unsubscribe()
      if (event.revision === 1) {
        db.events('input').subscribe((later) => log.push(`late ${later.revision}`))
        db.set(count, 'a', 2)
      }
    })
    const second = db.events('input').subscribe((event) => log.push(`second ${event.revision}`))
    db.events('input').subscribe((event) => log.push(`third ${event.revision}`))
    db.set(count, 'a', 1)
    expect(log).toEqual(['first 1', 'third 1', 'first 2', 'third 2', 'late 2'])
  })

  it('[REV-5 EVT-7] one that throws after its write has written', () => {
    const errors: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => errors.push(String(error)) })
    const log = record(db, 'revision')
    db.revision$.subscribe((revision) => {
      if (revision !== 1) return
      db.set(count, 'a', 2)
      throw new Error('after the write')
    })
    db.set(count, 'a', 1)
    expect([log.take(), errors, db.get(count, 'a')]).toEqual([['revision 1', 'revision 2'], ['Error: after the write'], 2])
  })

  it('[REV-5] the one who is told of errors may write as well', () => {
    const db: Database = createDatabase({ onUnhandledError: () => void db.update(count, 'errors', (old = 0) => old + 1) })
    db.events('input').subscribe(({ revision }) => {
      if (revision <= 2) throw new Error('no')
    })
    const log = record(db, 'input')
    db.set(count, 'a', 1)
    expect([log.take(), db.get(count, 'errors')]).toEqual([['set count(a)', 'set count(errors)', 'set count(errors)'], 2])
  })

  it('[REV-5 BAT-5] is no part of a batch that happens to be open when it is told of a run', () => {
    const db = createDatabase()
    db.set(count, 'a', 1)
    const events = db.events('run').subscribe(() => {
      events.unsubscribe()
      db.set(count, 'told', 1)
    })
    expect(() => db.batch((tx) => {
      tx.set(count, 'a', 2)
      db.get(double, 'a')
      throw new Error('no')
    })).toThrow('no')
    expect([db.get(count, 'a'), db.get(count, 'told'), db.revision]).toEqual([1, 1, 2])
  })
})

describe('chains', () => {
  /** Answers each change of `from` by a higher `to`; keeps what the write threw. */
  function answer(db: Database, from: string, to: string, errors: unknown[]): void {
    db.node(count, from).subscribe((value) => {
      if (value === undefined) return
      try {
        db.set(count, to, value + 1)
      } catch (error) {
        errors.push(error)
      }
    })
  }

  it('[REV-6] a subscriber that answers its own writes is stopped by a typed error, and what was committed stays', () => {
    const db = createDatabase({ limits: { nestedCommits: 5 } })
    const errors: unknown[] = []
    const log = record(db, 'revision')
    answer(db, 'a', 'a', errors)
    db.set(count, 'a', 1)
    expect(log.take()).toEqual(['revision 1', 'revision 2', 'revision 3', 'revision 4', 'revision 5', 'revision 6'])
    expect(errors).toEqual([expect.any(NestedCommitError)])
    expect(errors[0]).toMatchObject({ limit: 5, subscriber: 'node count(a)' })
    expect([db.get(count, 'a'), db.get(double, 'a')]).toEqual([6, 12])
    // The database goes on, and so does the next chain.
    db.set(count, 'b', 1)
    db.set(count, 'a', 0)
    expect([log.take().length, errors.length, db.get(count, 'a')]).toEqual([7, 2, 5])
  })

  it('[REV-6] the limit is 100 unless set, and 0 refuses every nested write', () => {
    const errors: unknown[] = []
    const db = createDatabase()
    answer(db, 'a', 'a', errors)
    db.set(count, 'a', 1)
    expect([db.revision, db.get(count, 'a'), errors.length]).toEqual([101, 101, 1])
    const strict = createDatabase({ limits: { nestedCommits: 0 } })
    answer(strict, 'a', 'a', errors)
    strict.set(count, 'a', 1)
    expect([strict.revision, strict.get(count, 'a'), errors.length]).toEqual([1, 1, 2])
  })

  it('[REV-6] two subscribers that answer each other are one chain, across views too', () => {
    const errors: unknown[] = []
    const db = createDatabase({ limits: { nestedCommits: 4 }, onUnhandledError: (error) => errors.push(error) })
    answer(db, 'ping', 'pong', errors)
    answer(db, 'pong', 'ping', errors)
    db.set(count, 'ping', 1)
    expect([db.get(count, 'ping'), db.get(count, 'pong'), errors.length]).toEqual([5, 4, 1])
    const snapshot = db.snapshot()
    db.events('input').subscribe(({ revision }) => revision > 5 && snapshot.update(count, 'x', (old = 0) => old + 1))
    snapshot.events('input').subscribe(() => void db.update(count, 'x', (old = 0) => old + 1))
    db.set(count, 'x', 0)
    expect([db.get(count, 'x'), snapshot.get(count, 'x'), errors.length]).toEqual([2, 2, 2])
  })

  it.each<[string, (db: Database, write: () => void) => void]>([
    ['event inputSet', (db, write) => db.events('input').subscribe(write)],
    ['revision$', (db, write) => db.revision$.subscribe((revision) => revision > 0 && write())],
    ['watch double(a)', (db, write) => db.watch(double, 'a').subscribe((state) => state.status === 'ready' && db.revision > 0 && write())],
  ])('[REV-6] the error names the subscriber: %s', (name, subscribe) => {
    const errors: unknown[] = []
    const db = createDatabase({ limits: { nestedCommits: 3 }, onUnhandledError: (error) => errors.push(error) })
    subscribe(db, () => void db.update(count, 'a', (old = 0) => old + 1))
    db.set(count, 'a', 1)
    expect(errors).toEqual([expect.any(NestedCommitError)])
    expect(errors[0]).toMatchObject({ limit: 3, subscriber: name, message: expect.stringContaining(name) as string })
    expect([db.revision, db.get(count, 'a')]).toEqual([4, 4])
  })

  it('[REV-6] a chain of batches and invalidations is one too', () => {
    const errors: unknown[] = []
    const db = createDatabase({ limits: { nestedCommits: 3 }, onUnhandledError: (error) => errors.push(error) })
    db.revision$.subscribe((revision) => {
      if (revision === 0) return
      if (revision % 2 === 0) db.invalidate(double, 'a')
      else db.batch((tx) => tx.set(count, 'a', revision))
    })
    db.set(count, 'b', 1)
    expect([db.revision, errors]).toEqual([4, [expect.any(NestedCommitError)]])
  })

  it('[REV-6] many writes in answer to one commit are no chain', () => {
    const db = createDatabase({ limits: { nestedCommits: 2 } })
    db.node(count, 'go').subscribe((value) => {
      if (value !== undefined) for (let i = 0; i < 500; i++) db.set(count, `n${i}`, value)
    })
    db.set(count, 'go', 1)
    expect([db.revision, db.keys(count).length]).toEqual([501, 501])
  })

  it('[REV-6] the one who goes too far does not keep others from being told', () => {
    const errors: unknown[] = []
    const db = createDatabase({ limits: { nestedCommits: 2 }, onUnhandledError: (error) => errors.push(error) })
    db.events('input').subscribe(() => void db.update(count, 'a', (old = 0) => old + 1))
    const log = record(db, 'input')
    const live: unknown[] = []
    db.observe(double, 'a').subscribe((value) => live.push(value))
    db.set(count, 'a', 1)
    expect([log.take(), live, errors.length]).toEqual([['set count(a)', 'set count(a)', 'set count(a)'], [0, 2, 4, 6], 1])
  })
})
