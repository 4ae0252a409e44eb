/** Who listens: nothing is made for nobody, and one who throws harms nobody. */
import { config, map } from 'rxjs'
import { record } from 'pebre/testing'
import { describe, expect, it, vi } from 'vitest'
import { createDatabase, type Database, derived, input } from '../../src/index.js'

const file = input<[path: string], unknown>('file')
const words = derived('words', (q, path: string) => JSON.stringify(q.get(file, path) ?? '').split(' ').length)
const total = derived('total', (q) => q.get(words, 'a') + q.get(words, 'b'))

/** A database with a and b, and the cells that depend on them. */
function computed(): Database {
  const db = createDatabase()
  db.set(file, 'a', 'x')
  db.set(file, 'b', 'y')
  db.get(total)
  return db
}

describe('listeners', () => {
  it('[EVT-6] nobody listening: no event object is made, whatever happens', async () => {
    const db = computed()
    const slow = derived('slow', async (q) => (await Promise.resolve(), q.get(file, 'a')))
    db.watch(total).subscribe()
    db.revision$.subscribe()
    db.node(file, 'a').subscribe()
    await Promise.all([db.get(slow), db.get(slow)])
    db.set(file, 'a', '1 2 3')
    db.snapshot().set(file, 'a', 'x')
    expect([db.get(total), db.stats().events]).toEqual([4, 0])
    db.events$.subscribe().unsubscribe()
    db.set(file, 'a', '1 2')
    expect(db.stats().events).toBe(0)
  })

  it('[EVT-6] none is made for a category without a listener, nor for a view without one', () => {
    const db = computed()
    const log = record(db, 'input')
    db.set(file, 'a', '1 2 3')
    db.get(total)
    expect([log.take(), db.stats().events]).toEqual([['set file(a)'], 1])
    const snapshot = db.snapshot()
    snapshot.set(file, 'a', '1')
    expect(db.stats().events).toBe(1)
    const runs = record(db, 'run')
    log.stop()
    db.set(file, 'a', '1')
    db.get(total)
    expect([runs.take(), log.take(), db.stats().events]).toEqual([['run words(a)', 'run total()'], [], 5])
  })

  it('[EVT-4 EVT-6] events$ leaves out the categories that are asked for by name', async () => {
    const events = new Set<string>()
    const db = computed()
    db.events$.subscribe((event) => events.add(event.type))
    db.get(total)
    db.snapshot()
    db.set(file, 'a', 'z')
    db.get(total)
    expect([...events]).toEqual(['revisionBumped', 'inputSet', 'queryInvalidated', 'queryStarted', 'queryComputed'])
  })

  it('[EVT-7] a subscriber that throws does not stop the others; its error reaches onUnhandledError once', () => {
    const errors: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => errors.push(String(error)) })
    const log: string[] = []
    db.get(words, 'a')
    for (const [name, stream] of [['events', db.events('input')], ['revision$', db.revision$], ['node', db.node(file, 'a')], ['watch', db.watch(words, 'a')], ['live', db.live((q) => q.get(file, 'a'))]] as const) {
      stream.subscribe(() => {
        if (db.revision > 0) throw new Error(name)
      })
      stream.subscribe(() => {
        if (db.revision > 0) log.push(`${name} ${db.revision}`)
      })
    }
    db.set(file, 'a', '1 2')
    db.set(file, 'a', '1 2 3')
    const each = ['events', 'node', 'revision$', 'watch', 'live']
    expect(log).toEqual([...each.map((name) => `${name} 1`), ...each.map((name) => `${name} 2`)])
    expect(errors).toEqual([...each, ...each].map((name) => `Error: ${name}`))
  })

  it('[EVT-7] behind operators as well', () => {
    const errors: unknown[] = []
    const elsewhere: unknown[] = []
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    config.onUnhandledError = (error) => elsewhere.push(error)
    const db = createDatabase({ onUnhandledError: (error) => errors.push(error) })
    const [inOperator, inSubscriber] = [new Error('operator'), new Error('subscriber')]
    db.events('input').pipe(map(() => { throw inOperator })).subscribe()
    db.events('input').pipe(map(({ type }) => type)).subscribe(() => { throw inSubscriber })
    const log = record(db, 'input')
    db.set(file, 'a', '1')
    vi.runAllTimers()
    vi.useRealTimers()
    config.onUnhandledError = null
    expect([log.take(), errors, elsewhere]).toEqual([['set file(a)'], [inOperator, inSubscriber], []])
  })

  it('[EVT-7] one that throws when the stream completes does not keep others from hearing the end', () => {
    const errors: unknown[] = []
    const ended: number[] = []
    const db = createDatabase({ onUnhandledError: (error) => errors.push(String(error)) })
    db.events$.subscribe({ complete: () => { throw new Error('late') } })
    db.events$.subscribe({ complete: () => ended.push(1) })
    db.revision$.subscribe({ complete: () => ended.push(2) })
    db.close()
    expect([ended, errors]).toEqual([[1, 2], ['Error: late']])
  })
})
