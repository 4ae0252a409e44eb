/** Events of runs: each start has one end, and a change is told after it can be read. */
import { flush, gate, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input, type RuntimeEvent, type View } from '../../src/index.js'
import { rejectionOf, thrownBy, track } from '../support/turns.js'

const file = input<[path: string], string>('file')
const size = derived('size', (q, path: string) => q.get(file, path)?.length ?? 0)
const parity = derived('parity', (q, path: string) => q.get(size, path) % 2)

function eventsOf(view: View): RuntimeEvent[] {
  const events: RuntimeEvent[] = []
  view.events('run', 'change').subscribe((event) => events.push(event))
  return events
}

describe('queryChanged', () => {
  it('[EVT-3] is emitted when a run gives an unequal outcome, and not on cutoff', () => {
    const db = createDatabase()
    const log = record(db, 'run', 'change')
    db.get(parity, 'a')
    expect(log.take()).toEqual(['run parity(a)', 'run size(a)', 'changed size(a)', 'changed parity(a)'])
    db.set(file, 'a', 'xx')
    db.get(parity, 'a')
    expect(log.take()).toEqual(['run size(a)', 'changed size(a)', 'run parity(a)', 'same parity(a)'])
    db.set(file, 'a', 'yy')
    db.get(parity, 'a')
    expect(log.take()).toEqual(['run size(a)', 'same size(a)'])
  })

  it('[EVT-3] to a failure, and back; not from one failure to an equal one', () => {
    const strict = derived('strict', (q) => {
      const text = q.get(file, 'a')
      if (text?.startsWith('bad')) throw new Error('bad')
      return text
    })
    const db = createDatabase()
    const log = record(db, 'run', 'change')
    const outcomes = ['good', 'bad 1', 'bad 2', 'good'].map((text) => {
      db.set(file, 'a', text)
      try {
        db.get(strict)
      } catch {}
      return log.take()
    })
    expect(outcomes).toEqual([
      ['run strict()', 'changed strict()'],
      ['run strict()', 'fail strict()', 'changed strict()'],
      ['run strict()', 'fail strict()'],
      ['run strict()', 'changed strict()'],
    ])
  })

  it('[EVT-3] comes after the memo is readable, synchronous or not', async () => {
    const opened = gate()
    const slow = derived('slow', async (q) => (await opened.promise, `${q.get(file, 'a')}!`))
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const seen: unknown[] = []
    db.events('change').subscribe((event) => {
      if (event.type !== 'queryChanged') return
      const runs = db.stats().runs
      const shown = event.id === 'slow()' ? track(db.get(slow)) : db.get(size, 'a')
      seen.push([event.id, shown, db.stats().runs - runs])
    })
    db.get(size, 'a')
    const pending = db.get(slow)
    opened.open()
    await pending
    await flush()
    expect(seen).toEqual([['size(a)', 1, 0], ['slow()', { state: 'fulfilled', value: 'x!' }, 0]])
  })

  it('[EVT-3] equals: false makes every run a change', () => {
    const loud = derived('loud', (q) => q.get(size, 'a'), { equals: false })
    const db = createDatabase()
    db.get(loud)
    const log = record(db, 'run', 'change')
    db.invalidate(loud)
    db.get(loud)
    expect(log.take()).toEqual(['run loud()', 'changed loud()'])
  })
})

describe('runs', () => {
  it('[EVT-4] each emits queryStarted, then exactly one end with the same run id', async () => {
    const opened = gate()
    const fails = derived('fails', (q) => {
      throw new RangeError(`at ${q.get(file, 'a')}`)
    })
    const slow = derived('slow', async (q, path: string) => (await opened.promise, q.get(size, path)))
    const rejects = derived('rejects', async () => {
      await opened.promise
      throw new Error('late')
    })
    const db = createDatabase()
    const events = eventsOf(db)
    db.get(size, 'a')
    thrownBy(() => db.get(fails))
    const leaving = new AbortController()
    const left = db.with({ signal: leaving.signal }).get(slow, 'a')
    const others = [rejectionOf(db.get(rejects)), db.get(slow, 'b')]
    leaving.abort()
    await rejectionOf(left)
    opened.open()
    await Promise.all(others)
    const runs = new Map<number, string[]>()
    for (const event of events) {
      if (!('run' in event)) continue
      runs.set(event.run, [...(runs.get(event.run) ?? []), `${event.type} ${event.id} ${event.cause}`])
    }
    expect([...runs.values()]).toEqual([
      ['queryStarted size(a) new', 'queryComputed size(a) new'],
      ['queryStarted fails() new', 'queryFailed fails() new'],
      ['queryStarted slow(a) new', 'queryCancelled slow(a) new'],
      ['queryStarted rejects() new', 'queryFailed rejects() new'],
      ['queryStarted slow(b) new', 'queryComputed slow(b) new'],
      ['queryStarted size(b) new', 'queryComputed size(b) new'],
    ])
    expect(events.find(({ type }) => type === 'queryFailed')).toMatchObject({ definition: 'fails', args: [], error: { name: 'RangeError', message: 'at undefined' } })
  })

  it('[EVT-4] the end tells duration, cutoff or change, and the cause', () => {
    const db = createDatabase()
    const events = eventsOf(db)
    db.get(parity, 'a')
    db.set(file, 'a', 'xx')
    db.get(parity, 'a')
    db.invalidate(size, 'a')
    db.get(parity, 'a')
    const ends = events.filter((event): event is RuntimeEvent<'queryComputed'> => event.type === 'queryComputed')
    expect(ends.map(({ id, cutoff, cause }) => [id, cutoff, cause])).toEqual([
      ['size(a)', false, 'new'], ['parity(a)', false, 'new'],
      ['size(a)', false, 'file(a)'], ['parity(a)', true, 'size(a)'],
      ['size(a)', true, expect.any(String)],
    ])
    for (const { duration, time } of ends) expect([duration >= 0, duration <= time]).toEqual([true, true])
  })

  it('[EVT-4] a body that starts others, and is overtaken by commits, still has one start and one end', async () => {
    const gates = [gate(), gate()]
    let run = 0
    const slow = derived('slow', async (q) => {
      const mine = gates[run++]
      const before = q.get(size, 'a')
      await mine?.promise
      return `${before} ${q.get(size, 'b')}`
    })
    const db = createDatabase()
    const log = record(db, 'run')
    const first = db.get(slow)
    db.set(file, 'a', 'x')
    const second = db.get(slow)
    gates[1]?.open()
    expect(await second).toBe('1 0')
    gates[0]?.open()
    expect(await first).toBe('0 0')
    expect(log.take().filter((line) => line.includes('slow'))).toEqual(['run slow()', 'run slow()'])
    const ids: unknown[] = []
    db.events('run').subscribe((event) => 'run' in event && ids.push([event.type, event.run]))
    db.set(file, 'b', 'y')
    await db.get(slow)
    const starts = ids.filter((entry) => (entry as [string, number])[0] === 'queryStarted').length
    expect([ids.length, new Set(ids.map((entry) => (entry as [string, number])[1])).size]).toEqual([starts * 2, starts])
  })

  it('[EVT-4] hits, joins, validations and snapshots come in categories of their own', async () => {
    const opened = gate()
    const slow = derived('slow', async () => {
      await opened.promise
      return 1
    })
    const db = createDatabase()
    db.get(parity, 'a')
    const hits = record(db, 'hit')
    const joins = record(db, 'join')
    const validations = record(db, 'validation')
    const snapshots = record(db, 'snapshot')
    db.get(parity, 'a')
    expect([hits.take(), validations.take()]).toEqual([['hit parity(a)'], []])
    db.set(file, 'a', 'xx')
    db.get(size, 'a')
    db.set(file, 'a', 'yy')
    db.get(parity, 'a')
    hits.take()
    validations.take()
    db.set(file, 'a', 'zz')
    db.get(parity, 'a')
    expect(validations.take()).toEqual(['keep parity(a)'])
    const both = [db.get(slow), db.get(slow), db.get(slow)]
    expect([joins.take(), snapshots.take()]).toEqual([['join slow()', 'join slow()'], []])
    opened.open()
    await Promise.all(both)
    db.snapshot()
    expect(snapshots.take()).toEqual(['snapshotCreated'])
  })

  it('[EVT-4] nothing is told while a body is on the stack', () => {
    const order: string[] = []
    const inner = derived('inner', () => (order.push('inner body'), 1))
    const outer = derived('outer', (q) => {
      order.push('outer starts')
      q.get(inner)
      order.push('outer ends')
      return 2
    })
    const db = createDatabase()
    db.events('run').subscribe((event) => order.push(event.type))
    db.get(outer)
    expect(order).toEqual(['outer starts', 'inner body', 'outer ends', 'queryStarted', 'queryStarted', 'queryComputed', 'queryComputed'])
  })

  it('[EVT-4] a run in a snapshot is told to the snapshot alone', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const snapshot = db.snapshot()
    const [inHead, inSnapshot] = [record(db, 'run', 'change'), record(snapshot, 'run', 'change')]
    snapshot.get(size, 'a')
    expect([inHead.take(), inSnapshot.take()]).toEqual([[], ['run size(a)', 'changed size(a)']])
  })
})
