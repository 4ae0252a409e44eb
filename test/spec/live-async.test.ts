/** Live queries that must wait: pending, stale, ready, failed. */
import { flush, record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input, type QueryState, type View } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const other = input<[], number>('other', { initial: 0 })

/** Fails where x is negative, and gives an equal value for x and x + 2. */
function slowParity(stops: Stops) {
  return derived('slow', async (q) => {
    const value = q.get(x)
    await stops.at(`slow ${value}`)
    if (value < 0) throw `failed ${value}`
    return { parity: value % 2 }
  })
}

const pending = { status: 'pending' }
const odd = { parity: 1 }
const even = { parity: 0 }

describe('states', () => {
  it('[LIVE-1 LIVE-7] pending and then ready, or ready at once where it is memoised', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = slowParity(stops)
    const seen: unknown[] = []
    const values: unknown[] = []
    const first = db.watch(slow).subscribe((state) => seen.push(state))
    const second = db.observe(slow).subscribe((value) => values.push(value))
    expect([seen, values]).toEqual([[pending], []])
    await stops.open('slow 1')
    expect([seen, values]).toEqual([[pending, { status: 'ready', value: odd }], [odd]])
    first.unsubscribe()
    second.unsubscribe()
    const log = record(db)
    db.set(other, 1)
    db.watch(slow).subscribe((state) => seen.push(state))
    db.observe(slow).subscribe((value) => values.push(value))
    expect(log.take()).toEqual([])
    expect([seen[2], values[1]]).toEqual([{ status: 'ready', value: odd }, odd])
    expect(values[1]).toBe(values[0])
  })

  it('[LIVE-1] a memo that no longer holds is not shown: pending comes first', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = slowParity(stops)
    const warm = db.get(slow)
    await stops.openAll()
    await warm
    db.set(x, 2)
    const seen: unknown[] = []
    db.watch(slow).subscribe((state) => seen.push(state))
    await stops.openAll()
    expect(seen).toEqual([pending, { status: 'ready', value: even }])
  })

  it('[LIVE-7] stale shows the previous value, the same reference, until the new one is there', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = slowParity(stops)
    const seen: QueryState<{ parity: number }>[] = []
    db.watch(slow).subscribe((state) => seen.push(state))
    await stops.openAll()
    db.set(x, 2)
    expect(seen).toHaveLength(3)
    await stops.openAll()
    db.set(x, 4)
    await stops.openAll()
    expect(seen).toEqual([
      pending,
      { status: 'ready', value: odd },
      { status: 'stale', value: odd },
      { status: 'ready', value: even },
      { status: 'stale', value: even },
      { status: 'ready', value: even },
    ])
    const values = seen.map((state) => ('value' in state ? state.value : undefined))
    expect([values[2] === values[1], values[4] === values[3], values[5] === values[3]]).toEqual([true, true, true])
  })

  it('[LIVE-7] a synchronous query is never stale, nor an asynchronous one whose change is settled in the same turn', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const parity = derived('parity', (q) => q.get(x) % 2)
    const slow = derived('slow', async (q) => {
      await stops.at('slow')
      return q.get(parity)
    })
    const seen: unknown[] = []
    db.watch(parity).subscribe((state) => seen.push(state.status))
    db.watch(slow).subscribe((state) => seen.push(`slow ${state.status}`))
    await stops.openAll()
    seen.length = 0
    for (const value of [3, 5, 7]) db.set(x, value)
    await flush()
    expect(seen).toEqual([])
    db.set(x, 2)
    expect(seen).toEqual(['ready', 'slow stale'])
    await stops.openAll()
  })

  it('[LIVE-6 LIVE-7] failing and healing keep the last good value in sight', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = slowParity(stops)
    const seen: QueryState<{ parity: number }>[] = []
    const errors: unknown[] = []
    db.watch(slow).subscribe({ next: (state) => seen.push(state), error: (error) => errors.push(error) })
    for (const value of [3, -3, -4, 3, 2]) {
      await stops.openAll()
      db.set(x, value)
    }
    await stops.openAll()
    expect(seen).toEqual([
      pending,
      { status: 'ready', value: odd },
      { status: 'stale', value: odd },
      { status: 'ready', value: odd },
      { status: 'stale', value: odd },
      { status: 'failed', error: 'failed -3', value: odd },
      { status: 'stale', value: odd },
      { status: 'failed', error: 'failed -4', value: odd },
      { status: 'stale', value: odd },
      { status: 'ready', value: odd },
      { status: 'stale', value: odd },
      { status: 'ready', value: even },
    ])
    const references = new Set(seen.map((state) => ('value' in state ? state.value : undefined)))
    expect(references.size).toBe(3)
    expect(errors).toEqual([])
  })

  it('[LIVE-7] one that failed from the start has no value to show, and goes through pending', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = slowParity(stops)
    db.set(x, -1)
    const seen: unknown[] = []
    db.watch(slow).subscribe((state) => seen.push(state))
    await stops.openAll()
    db.set(x, 2)
    await stops.openAll()
    expect(seen).toEqual([pending, { status: 'failed', error: 'failed -1' }, pending, { status: 'ready', value: even }])
    expect('value' in (seen[1] as object)).toBe(false)
  })

  it('[LIVE-7] the previous value is the one told before, whatever has been found since for a later revision', async () => {
    for (const policy of [undefined, 'every', 'latest'] as const) {
      const db = createDatabase()
      db.set(x, 0)
      const stops = new Stops()
      const slow = derived('slow', async (q) => {
        const value = q.get(x)
        await stops.at(`slow ${value}`)
        if (value === 1) throw new Error('one')
        return value
      })
      const seen: string[] = []
      const view = policy === undefined ? db : db.with({ policy })
      view.watch(slow).subscribe((state) => seen.push('value' in state ? `${state.status} ${String(state.value)}` : state.status))
      await stops.openAll()
      db.set(x, 1)
      db.set(x, 2)
      const newest = db.get(slow)
      await stops.open('slow 2')
      expect(await newest).toBe(2)
      await stops.openAll()
      expect(seen).toEqual(policy === 'latest' ? ['pending', 'ready 0', 'stale 0', 'failed 0', 'stale 0', 'ready 2'] : ['pending', 'ready 0', 'stale 0', 'failed 0', 'ready 2'])
    }
  })

  it('[LIVE-7 SNAP-2] nor is it the value of another view, nor of a later revision', () => {
    const touchy = derived('touchy', (q) => {
      if (q.get(x) === 1) throw new Error('one')
      return q.get(x)
    })
    const db = createDatabase()
    const told = (view: View): string[] => {
      const states: string[] = []
      view.watch(touchy).subscribe((state) => states.push('value' in state ? `${state.status} ${String(state.value)}` : state.status))
      return states
    }
    db.set(x, 1)
    const early = db.snapshot()
    db.set(x, 2)
    db.get(touchy)
    db.set(x, 1)
    const late = db.snapshot()
    const elsewhere = db.snapshot()
    elsewhere.set(x, 77)
    elsewhere.get(touchy)
    elsewhere.set(x, 1)
    expect([early, db, late, elsewhere].map(told)).toEqual([['failed'], ['failed 2'], ['failed 2'], ['failed 77']])
  })

  it('[LIVE-6] observe errors once, and forgets the query', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = slowParity(stops)
    const seen: unknown[] = []
    db.observe(slow).subscribe({ next: (value) => seen.push(value), error: (error) => seen.push(error) })
    await stops.openAll()
    db.set(x, -1)
    await stops.openAll()
    expect(seen).toEqual([odd, 'failed -1'])
    db.set(x, 5)
    expect(db.stats().jobs).toBe(0)
    expect(stops.labels).toEqual([])
  })
})

describe('writes in answer to a result', () => {
  it('[REV-5 LIVE-7] wait until everybody has been told the result', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = slowParity(stops)
    const told: string[] = []
    const listen = (name: string): void => {
      db.watch(slow).subscribe((state) => {
        told.push(`${name} ${state.status}${'value' in state ? ` ${state.value.parity}` : ''}`)
        if (name === 'first' && state.status === 'ready' && state.value.parity === 1) db.set(x, 2)
      })
    }
    listen('first')
    listen('second')
    await stops.open('slow 1')
    expect(told.splice(0)).toEqual(['first pending', 'second pending', 'first ready 1', 'second ready 1', 'first stale 1', 'second stale 1'])
    await stops.open('slow 2')
    expect(told).toEqual(['first ready 0', 'second ready 0'])
    db.close()
  })
})
