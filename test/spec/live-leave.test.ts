/** Subscribers that come, leave or throw at any moment. */
import { Subscription } from 'rxjs'
import { record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'
import { forSeeds } from '../support/random.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const double = derived('double', (q) => q.get(x) * 2)
const triple = derived('triple', (q) => q.get(x) * 3)

describe('inside next', () => {
  it('[LIVE-9] unsubscribing oneself, at the first or a later emission, is safe', () => {
    for (const last of [1, 2, 3]) {
      const db = createDatabase()
      const log = record(db)
      const seen: number[] = []
      const own = new Subscription()
      own.add(
        db.observe(double).subscribe((value) => {
          seen.push(value)
          if (seen.length >= last) own.unsubscribe()
        }),
      )
      for (const value of [2, 3, 4]) db.set(x, value)
      expect(log.take()).toHaveLength(last)
      expect(seen).toEqual([2, 4, 6].slice(0, last))
    }
  })

  it('[LIVE-9] one that is unsubscribed by another hears nothing more of the same commit', () => {
    const db = createDatabase()
    const seen: string[] = []
    const later: Subscription[] = []
    db.observe(double).subscribe((value) => {
      seen.push(`first ${value}`)
      if (value > 2) for (const subscription of later) subscription.unsubscribe()
    })
    later.push(db.observe(double).subscribe((value) => seen.push(`same ${value}`)))
    later.push(db.observe(triple).subscribe((value) => seen.push(`other ${value}`)))
    later.push(db.live((q) => q.get(x)).subscribe((value) => seen.push(`live ${value}`)))
    db.observe(triple).subscribe((value) => seen.push(`stays ${value}`))
    seen.length = 0
    const log = record(db)
    db.set(x, 2)
    expect(log.take()).toEqual(['run double()', 'run triple()'])
    expect(seen).toEqual(['first 4', 'stays 6'])
  })

  it('[LIVE-9] unsubscribing twice, and from several places, leaves others alone', () => {
    const db = createDatabase()
    const seen: number[] = []
    const subscription = db.observe(double).subscribe((value) => seen.push(-value))
    db.observe(double).subscribe((value) => {
      seen.push(value)
      subscription.unsubscribe()
      subscription.unsubscribe()
    })
    db.set(x, 2)
    expect(seen).toEqual([-2, 2, 4])
    subscription.unsubscribe()
    db.set(x, 3)
    expect(seen).toEqual([-2, 2, 4, 6])
  })

  it('[LIVE-9] who subscribes inside next gets the current value once, and then what follows', () => {
    const db = createDatabase()
    const seen: string[] = []
    db.observe(double).subscribe((value) => {
      seen.push(`first ${value}`)
      if (value !== 4) return
      db.observe(double).subscribe((inner) => seen.push(`same ${inner}`))
      db.observe(triple).subscribe((inner) => seen.push(`other ${inner}`))
    })
    db.observe(triple).subscribe((value) => seen.push(`last ${value}`))
    seen.length = 0
    db.set(x, 2)
    expect(seen.splice(0).toSorted()).toEqual(['first 4', 'last 6', 'other 6', 'same 4'])
    db.set(x, 3)
    expect(seen).toEqual(['first 6', 'last 9', 'same 6', 'other 9'])
  })

  it('[LIVE-9] leaving and coming back inside next is a new subscription', () => {
    const db = createDatabase()
    const seen: string[] = []
    const follow = (name: string): Subscription => db.observe(double).subscribe((value) => seen.push(`${name} ${value}`))
    let followed = follow('a')
    db.observe(triple).subscribe((value) => {
      if (value === 3) return
      followed.unsubscribe()
      followed = follow(`b${value}`)
    })
    db.set(x, 2)
    db.set(x, 3)
    expect(seen).toEqual(['a 2', 'a 4', 'b6 4', 'b9 6'])
  })

  it('[LIVE-9 LIVE-3] a subscriber that throws is reported once a throw, and takes nothing from the others', () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const seen: string[] = []
    db.observe(double).subscribe((value) => seen.push(`before ${value}`))
    db.observe(double).subscribe((value) => {
      throw value
    })
    db.watch(triple).subscribe((state) => {
      throw state.status
    })
    db.live((q) => q.get(x)).subscribe((value) => {
      throw -value
    })
    db.observe(double).subscribe((value) => seen.push(`after ${value}`))
    expect(db.set(x, 2)).toBe(1)
    db.set(x, 3)
    expect(seen).toEqual(['before 2', 'after 2', 'before 4', 'after 4', 'before 6', 'after 6'])
    expect(reported).toEqual([2, 'ready', -1, 4, 'ready', -2, 6, 'ready', -3])
    expect(db.get(double)).toBe(6)
  })

  it('[LIVE-9] unsubscribing while its evaluation settles, and in the abort listener', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const own = new Subscription()
    const seen: string[] = []
    const query = derived('query', async (q) => {
      q.signal.addEventListener('abort', () => {
        seen.push('abort')
        own.unsubscribe()
      })
      const value = q.get(x)
      await stops.at('query')
      return value
    })
    own.add(db.watch(query).subscribe((state) => seen.push(state.status)))
    own.add(
      db.watch(query).subscribe((state) => {
        if (state.status === 'ready') own.unsubscribe()
      }),
    )
    db.set(x, 2)
    await stops.openAll()
    expect(seen).toEqual(['pending', 'ready'])
    db.set(x, 3)
    expect(db.stats().jobs).toBe(0)
    own.unsubscribe()
  })

  it('[LIVE-9] random comings and goings, inside and outside of next, miss and double nothing', async () => {
    await forSeeds(60, (random) => {
      const db = createDatabase()
      const wrong: unknown[] = []
      const members = new Map<Subscription, { query: typeof double; last: number }>()
      const join = (): void => {
        const member = { query: random.chance(0.5) ? double : triple, last: NaN }
        const subscription = new Subscription()
        members.set(subscription, member)
        subscription.add(
          db.observe(member.query).subscribe((value) => {
            if (subscription.closed || value === member.last || value !== db.get(member.query)) wrong.push(value)
            member.last = value
            if (random.chance(0.2) && members.size < 30) join()
            if (random.chance(0.3)) drop()
          }),
        )
      }
      const drop = (): void => {
        const [subscription] = random.pick([...members])
        members.delete(subscription)
        subscription.unsubscribe()
      }
      for (let i = 0; i < 100; i++) {
        if (members.size < 5 || random.chance(0.3)) join()
        else db.set(x, random.int(5))
        const current = db.get(x)
        for (const [subscription, { query, last }] of members) {
          if (!subscription.closed && last !== current * (query === double ? 2 : 3)) wrong.push({ last, current })
        }
      }
      expect(wrong).toEqual([])
    })
  })
})
