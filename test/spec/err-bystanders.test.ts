/** Failures of bystanders: subscribers, reporters, equality functions. */
import { gate, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, input } from '../../src/index.js'
import { rejectionOf, thrownBy } from '../support/turns.js'
import { unhandledDuring } from '../support/unhandled.js'

const number = input<[name: string], number>('number', { initial: 0 })

describe('failures of bystanders', () => {
  it('[ERR-10] a subscriber that throws changes no outcome, stops nobody else, and is reported once for each call', async () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const double = derived('double', (q) => q.get(number, 'a') * 2)
    const later = derived('later', async (q) => q.get(double) + 1)
    const throwing = (what: string) => (): never => {
      throw new Error(what)
    }
    db.events('run').subscribe(throwing('events'))
    db.revision$.subscribe(throwing('revision$'))
    db.node(number, 'a').subscribe(throwing('node'))
    db.watch(double).subscribe(throwing('watch'))
    db.live((q) => q.get(double)).subscribe(throwing('live'))
    const heard: unknown[] = []
    db.revision$.subscribe((revision) => heard.push(revision))
    db.node(number, 'a').subscribe((value) => heard.push(`node ${value}`))
    db.watch(double).subscribe((state) => heard.push('value' in state ? state.value : state.status))
    db.observe(double).subscribe((value) => heard.push(`observed ${value}`))
    heard.length = 0
    reported.length = 0
    const log = record(db, 'run')
    expect(db.set(number, 'a', 1)).toBe(1)
    expect(await db.get(later)).toBe(3)
    expect(heard).toEqual(['node 1', 1, 2, 'observed 2'])
    expect(log.take().filter((line) => !line.includes('live'))).toEqual(['run double()', 'run later()'])
    const count = (what: string): number => reported.filter((error) => (error as Error).message === what).length
    expect([count('revision$'), count('node'), count('watch'), count('live')]).toEqual([1, 1, 1, 1])
  })

  it('[ERR-10] a reporter that throws does not stop anything either', async () => {
    const db = createDatabase({
      onUnhandledError: () => {
        throw new Error('reporter')
      },
    })
    const heard: number[] = []
    db.revision$.subscribe(() => {
      throw new Error('subscriber')
    })
    db.revision$.subscribe((revision) => heard.push(revision))
    const others = process.listeners('uncaughtException')
    const uncaught: unknown[] = []
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => uncaught.push(error))
    try {
      db.set(number, 'a', 1)
      expect(heard).toEqual([0, 1])
      await unhandledDuring(() => {})
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const other of others) process.on('uncaughtException', other)
    }
    expect(uncaught).toEqual([new Error('reporter'), new Error('reporter')])
  })

  it('[ERR-10] an equality of an input that throws stops its own write only', () => {
    let broken = false
    const strict = input<[], number>('strict', {
      initial: 0,
      equals: (a, b) => {
        if (broken) throw new Error('cannot compare')
        return a === b
      },
    })
    const double = derived('double', (q) => q.get(strict) * 2)
    const db = createDatabase()
    db.set(strict, 1)
    expect(db.get(double)).toBe(2)
    broken = true
    expect(thrownBy(() => db.set(strict, 2))).toMatchObject({ name: 'EqualityError', definition: 'strict' })
    expect([db.revision, db.get(strict), db.get(double)]).toEqual([1, 1, 2])
    broken = false
    db.set(strict, 2)
    expect([db.revision, db.get(double)]).toEqual([2, 4])
  })

  it('[ERR-10] a subscriber that throws in the middle of an async get', async () => {
    const reported: unknown[] = []
    const opened = gate()
    const slow = derived('slow', async () => {
      await opened.promise
      throw new Error('slow')
    })
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    let told = 0
    db.events('run').subscribe((event) => {
      told++
      throw new Error(event.type)
    })
    const rejected = rejectionOf(db.get(slow))
    opened.open()
    expect(await rejected).toEqual(new Error('slow'))
    expect(told).toBe(2)
    expect(reported).toEqual([new Error('queryStarted'), new Error('queryFailed')])
    expect(db.stats().jobs).toBe(0)
  })
})
