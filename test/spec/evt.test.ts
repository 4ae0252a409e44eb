/** Events: what a commit announces and in which order, what events are made of, and who is told. */
import { List } from 'immutable'
import { gate, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Database, derived, type EventCategory, input, type RuntimeEvent } from '../../src/index.js'
import { rejectionOf, thrownBy } from '../support/turns.js'

const file = input<[path: string], unknown>('file')
const words = derived('words', (q, path: string) => JSON.stringify(q.get(file, path) ?? '').split(' ').length)
const total = derived('total', (q) => q.get(words, 'a') + q.get(words, 'b'))
const list = derived('list', (q) => q.keys(file).join())
const everything: readonly EventCategory[] = ['revision', 'input', 'invalidation', 'run', 'change', 'validation', 'hit', 'join', 'snapshot']

/** A database with a and b, and the cells that depend on them. */
function computed(): Database {
  const db = createDatabase()
  db.set(file, 'a', 'x')
  db.set(file, 'b', 'y')
  db.get(total)
  db.get(list)
  return db
}

describe('the order of a commit', () => {
  it('[EVT-1] a set: the revision, the input, then each dependent known', () => {
    const db = computed()
    const log = record(db, 'revision', 'input', 'invalidation')
    db.set(file, 'a', 'x y')
    expect(log.take()).toEqual(['revision 3', 'set file(a)', 'stale words(a)', 'stale total()'])
    db.set(file, 'c', 'z')
    expect(log.take()).toEqual(['revision 4', 'set file(c)', 'stale list()'])
    db.remove(file, 'b')
    expect(log.take()).toEqual(['revision 5', 'remove file(b)', 'stale words(b)', 'stale total()', 'stale list()'])
    db.set(file, 'c', 'w')
    expect(log.take()).toEqual(['revision 6', 'set file(c)'])
  })

  it('[EVT-1 EVT-2] again at the next commit, also when nobody has read in between', () => {
    const db = computed()
    db.set(file, 'a', '1')
    const log = record(db, 'invalidation')
    db.set(file, 'a', '2')
    expect(log.take()).toEqual(['stale words(a)', 'stale total()'])
  })

  it('[EVT-1 EVT-2] a batch: one revision, then each slot followed by what it invalidates, nobody twice', () => {
    const db = computed()
    const log = record(db, 'revision', 'input', 'invalidation')
    db.batch((tx) => {
      tx.set(file, 'b', 'changed')
      tx.set(file, 'c', 'new')
      tx.set(file, 'a', 'changed')
      tx.remove(file, 'b')
    })
    expect(log.take()).toEqual(['revision 3', 'remove file(b)', 'stale words(b)', 'stale total()', 'stale list()', 'set file(c)', 'set file(a)', 'stale words(a)'])
  })

  it('[EVT-1] a no-op announces nothing, and a commit nothing of a dependency that was given up', () => {
    const choice = derived('choice', (q) => q.get(file, String(q.get(file, 'which'))))
    const db = createDatabase()
    db.set(file, 'which', 'a')
    db.get(choice)
    db.set(file, 'which', 'b')
    db.get(choice)
    const log = record(db, 'revision', 'input', 'invalidation')
    db.set(file, 'which', 'b')
    db.set(file, 'a', '1')
    db.set(file, 'b', '1')
    expect(log.take()).toEqual(['revision 3', 'set file(a)', 'revision 4', 'set file(b)', 'stale choice()'])
  })

  it('[EVT-1] a failed query, and one on its way, are dependents like any other', async () => {
    const opened = gate()
    const fails = derived('fails', (q) => {
      throw new Error(String(q.get(file, 'a')))
    })
    const slow = derived('slow', async (q) => {
      q.get(file, 'a')
      await opened.promise
      return q.get(file, 'b')
    })
    const db = createDatabase()
    thrownBy(() => db.get(fails))
    const pending = db.get(slow)
    const log = record(db, 'invalidation')
    db.set(file, 'a', '1')
    expect(log.take()).toEqual(['stale fails()', 'stale slow()'])
    opened.open()
    await pending
  })

  it('[EVT-1 SNAP-2] of a snapshot: its own commits, with the dependents it has', () => {
    const db = computed()
    const snapshot = db.snapshot()
    const inHead = record(db, ...everything)
    const inSnapshot = record(snapshot, 'revision', 'input', 'invalidation')
    snapshot.get(total)
    snapshot.set(file, 'a', 'x y z')
    expect([inSnapshot.take(), inHead.take()]).toEqual([['revision 3', 'set file(a)', 'stale words(a)', 'stale total()'], []])
    snapshot.get(total)
    snapshot.set(file, 'b', 'x y z')
    expect(inSnapshot.take()).toEqual(['revision 4', 'set file(b)', 'stale words(b)', 'stale total()'])
    db.set(file, 'a', '1')
    expect([inSnapshot.take(), inHead.take().slice(0, 2)]).toEqual([[], ['revision 3', 'set file(a)']])
  })
})

describe('who and why', () => {
  it('[EVT-2] names the dependent and the input that caused it', () => {
    const place = derived('place', (q, at: { readonly x: number }, name: string) => [at.x, q.get(file, name)])
    const db = createDatabase()
    db.get(place, { x: 1 }, 'a')
    const events: RuntimeEvent[] = []
    db.events('invalidation').subscribe((event) => events.push(event))
    db.batch((tx) => (tx.set(file, 'b', '1'), tx.set(file, 'a', '1')))
    expect(events).toMatchObject([{
      type: 'queryInvalidated', definition: 'place', args: [{ x: 1 }, 'a'], id: 'place({x: 1}, a)', revision: 1,
      by: { definition: 'file', args: ['a'], id: 'file(a)' },
    }])
  })

  it('[EVT-2] a dependent reachable twice is announced once per commit, by the input that comes first', () => {
    const left = derived('left', (q) => q.get(words, 'a') + q.get(words, 'b'))
    const top = derived('top', (q) => q.get(left) + q.get(total) + q.get(words, 'a'))
    const db = computed()
    db.get(top)
    const causes: string[] = []
    db.events('invalidation').subscribe((event) => {
      if (event.type === 'queryInvalidated') causes.push(`${event.id} by ${event.by.id}`)
    })
    db.batch((tx) => (tx.set(file, 'b', '1 2'), tx.set(file, 'a', '1 2')))
    expect(causes.toSorted()).toEqual(['left() by file(b)', 'top() by file(b)', 'total() by file(b)', 'words(a) by file(a)', 'words(b) by file(b)'])
  })
})

describe('what events are made of', () => {
  /** One event of every type there is without files. */
  async function scenario(db: Database): Promise<RuntimeEvent[]> {
    const events: RuntimeEvent[] = []
    db.events(...everything).subscribe((event) => events.push(event))
    const opened = gate<number>()
    const slow = derived('slow', async (q, ..._args: unknown[]) => Number(q.get(file, 'a')) + (await opened.promise))
    const fails = derived('fails', () => {
      throw Object.assign(new TypeError('bad'), { detail: () => 1 })
    })
    db.set(file, 'a', { n: [1] })
    db.get(total)
    db.get(total)
    thrownBy(() => db.get(fails))
    const leaving = new AbortController()
    const left = db.with({ signal: leaving.signal }).get(slow, 1n, List([1]), new Uint8Array([1]), { deep: [null, NaN, undefined] })
    leaving.abort()
    await rejectionOf(left)
    const joined = [db.get(slow), db.get(slow)]
    opened.open(1)
    await Promise.all(joined)
    db.set(file, 'unrelated', 1)
    db.get(list)
    db.set(file, 'a', 'again')
    db.get(total)
    db.set(file, 'a', 'once')
    db.get(total)
    db.remove(file, 'a')
    db.snapshot()
    return events
  }

  it('[EVT-5 EVT-4] plain frozen objects with sequence, revision and time, which survive structured clone', async () => {
    const events = await scenario(createDatabase())
    expect([...new Set(events.map(({ type }) => type))].toSorted()).toEqual([
      'inputRemoved', 'inputSet', 'queryCancelled', 'queryChanged', 'queryComputed', 'queryFailed', 'queryHit', 'queryInvalidated', 'queryJoined', 'queryStarted', 'queryValidated', 'revisionBumped', 'snapshotCreated',
    ])
    for (const [i, event] of events.entries()) {
      expect([Object.getPrototypeOf(event) === Object.prototype, Object.isFrozen(event), event.sequence]).toEqual([true, true, i + 1])
      expect([event.revision >= (events[i - 1]?.revision ?? 0), event.time >= (events[i - 1]?.time ?? 0)]).toEqual([true, true])
      const clone = structuredClone(event)
      expect(Object.keys(clone)).toEqual(Object.keys(event))
      expect([clone.type, clone.sequence, clone.revision, clone.time]).toEqual([event.type, event.sequence, event.revision, event.time])
    }
  })

  it('[EVT-5] frozen through and through: the name of the cause, the error, the args', async () => {
    const events = await scenario(createDatabase())
    const loose = events.flatMap((event) => Object.entries(event).flatMap(([name, value]) => (name !== 'value' && typeof value === 'object' && !Object.isFrozen(value) ? [`${event.type}.${name}`] : [])))
    expect([...new Set(loose)]).toEqual([])
  })

  it('[EVT-5] whatever the value or the error is: functions, symbols, proxies, promises, hostile errors', () => {
    const db = createDatabase()
    const events: RuntimeEvent[] = []
    db.events$.subscribe((event) => events.push(event))
    for (const value of [() => 1, Symbol('s'), new Proxy({}, {}), Promise.resolve(), { method() {} }, new WeakMap()]) db.set(file, 'a', value)
    const fails = derived('fails', (_, n: number) => {
      throw [() => 1, Symbol('s'), new Proxy({}, { get: () => { throw new Error('no') } }), Object.create(null), undefined][n]
    })
    for (let n = 0; n < 5; n++) {
      try {
        db.get(fails, n)
      } catch {}
    }
    expect([events.filter(({ type }) => type === 'inputSet').length, events.filter(({ type }) => type === 'queryFailed').length]).toEqual([6, 5])
    for (const event of events) expect(() => structuredClone(event)).not.toThrow()
  })

  it('[EVT-5] the sequence counts the events of the database, whichever view they belong to', () => {
    const db = createDatabase()
    const snapshot = db.snapshot()
    const sequence: number[] = []
    for (const view of [db, snapshot]) view.events('input').subscribe((event) => sequence.push(event.sequence))
    db.set(file, 'a', '1')
    snapshot.set(file, 'a', '1')
    db.set(file, 'a', '2')
    expect(sequence).toEqual([1, 2, 3])
  })
})
