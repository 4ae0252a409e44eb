/** How busy a database is. */
import { flush, gate, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { type Activity, derived, input } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })

function busy() {
  const db = createDatabase()
  const stops = new Stops()
  const low = derived('low', async (q, i: number) => {
    await stops.at(`low ${i}`)
    return q.get(x) + i
  })
  const high = derived('high', async (q, i: number) => (await q.get(low, i)) * 2)
  return { db, stops, low, high }
}

const shown = ({ running, waiting, finished }: Activity): string => `${running} ${waiting} ${finished}`

describe('activity$', () => {
  it('[LIVE-5 JOB-4] counts what runs, waits and has ended, now and at every change', async () => {
    const { db, stops, low, high } = busy()
    const early = db.get(low, 0)
    await stops.openAll()
    await early
    const seen: string[] = []
    const subscription = db.activity$.subscribe((activity) => seen.push(shown(activity)))
    expect(seen).toEqual(['0 0 0'])
    const answers = [db.get(high, 1), db.get(low, 2)]
    expect(seen.at(-1)).toBe('2 1 0')
    await stops.open('low 2')
    expect(seen.at(-1)).toBe('1 1 1')
    await stops.openAll()
    await Promise.all(answers)
    expect(seen.at(-1)).toBe('0 0 3')
    subscription.unsubscribe()
    const length = seen.length
    const last = db.get(low, 3)
    await stops.openAll()
    await last
    expect(seen).toHaveLength(length)
  })

  it('[LIVE-5] a subscriber that comes while a count is told hears it once', async () => {
    const { db, stops, low } = busy()
    const seen: string[] = []
    const subscription = db.activity$.subscribe(({ running }) => {
      if (running === 0 || seen.length > 0) return
      db.activity$.subscribe((activity) => seen.push(shown(activity)))
    })
    const answer = db.get(low, 1)
    await stops.openAll()
    await answer
    expect(seen).toEqual(['1 0 0', '0 0 1'])
    subscription.unsubscribe()
  })

  it('[LIVE-9 CAN-7] what was given up has ended too; synchronous queries do not count', async () => {
    const { db, high } = busy()
    const double = derived('double', (q) => q.get(x) * 2)
    const seen: string[] = []
    db.activity$.subscribe((activity) => seen.push(shown(activity)))
    db.get(double)
    const subscription = db.watch(high, 1).subscribe()
    expect(seen.at(-1)).toBe('1 1 0')
    subscription.unsubscribe()
    expect(seen.at(-1)).toBe('0 0 2')
    db.set(x, 1)
    db.get(double)
    await flush()
    expect(seen.filter((line, i) => line === seen[i - 1])).toEqual([])
  })

  it('[LIVE-9] many evaluations are counted in near-linear time, and the last count is right', async () => {
    const db = createDatabase()
    const held = gate()
    const low = derived('low', async (_q, i: number) => {
      await held.promise
      return i
    })
    const seen: string[] = []
    db.activity$.subscribe((activity) => seen.push(shown(activity)))
    const answers = Array.from({ length: 10_000 }, async (_, i) => db.get(low, i))
    held.open()
    await Promise.all(answers)
    for (let i = 0; i < 10; i++) await flush()
    expect(seen.at(-1)).toBe('0 0 10000')
    expect(seen.length).toBeLessThan(4000)
  })
})
