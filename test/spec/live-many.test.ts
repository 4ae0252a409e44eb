/** Many subscribers, and live queries of snapshots. */
import type { Observable, Subscription } from 'rxjs'
import { flush, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { derived, input, type View } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 1 })
const other = input<[], number>('other', { initial: 0 })
const double = derived('double', (q) => q.get(x) * 2)

describe('many', () => {
  /** The milliseconds of processor time in which so many subscribers leave, in the given order. */
  function timeToLeave(count: number, spread: boolean, isReversed: boolean): number {
    const db = createDatabase()
    const keyed = derived('keyed', (q, at: number) => q.get(x) + at)
    const subscriptions = Array.from({ length: count }, (_, i) => db.watch(keyed, spread ? i : 0).subscribe())
    if (isReversed) subscriptions.reverse()
    const start = process.cpuUsage()
    for (const subscription of subscriptions) subscription.unsubscribe()
    const { user, system } = process.cpuUsage(start)
    const { runs } = db.stats()
    db.set(x, 2)
    expect(db.stats().runs).toBe(runs)
    return (user + system) / 1000
  }

  it('[LIVE-9] 20 000 subscribers leave in near-linear time, of one cell and of as many, in both directions', () => {
    for (const spread of [false, true]) {
      for (const isReversed of [false, true]) {
        const best = (count: number): number => Math.min(...[0, 1, 2].map(() => timeToLeave(count, spread, isReversed)))
        best(1000)
        // Linear: 20 times as long. Quadratic: 400 times.
        expect(best(20_000)).toBeLessThan(120 * Math.max(best(1000), 1))
      }
    }
  }, 60_000)

  it('[LIVE-9] 20 000 that leave inside one emission are each told at most once', () => {
    const db = createDatabase()
    let told = 0
    const subscriptions: Subscription[] = []
    for (let i = 0; i < 20_000; i++) subscriptions.push(db.observe(double).subscribe(() => told++))
    db.observe(double).subscribe((value) => {
      if (value === 4) for (const subscription of subscriptions) subscription.unsubscribe()
    })
    told = 0
    db.set(x, 2)
    expect(told).toBe(20_000)
    db.set(x, 3)
    expect(told).toBe(20_000)
  })

  it('[LIVE-9] live queries start no timers', async () => {
    const db = createDatabase()
    const slow = derived('slow', async (q) => q.get(x))
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'Immediate').length
    const subscriptions = [db.watch(slow), db.observe(double), db.live((q) => q.get(x)), db.revision$, db.events$].map((stream: Observable<unknown>) => stream.subscribe())
    await flush()
    db.set(x, 2)
    const during = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'Immediate').length
    for (const subscription of subscriptions) subscription.unsubscribe()
    expect(during).toBe(before)
    await flush()
  })
})

describe('snapshots', () => {
  it('[LIVE-1 LIVE-2] a live query of a snapshot shows its state, and follows its own writes only', () => {
    const db = createDatabase()
    db.set(x, 5)
    const snapshot = db.snapshot()
    const seen: string[] = []
    const watch = (name: string, view: View): void => {
      view.observe(double).subscribe((value) => seen.push(`${name} observe ${value}`))
      view.watch(double).subscribe((state) => seen.push(`${name} watch ${state.status === 'ready' ? state.value : state.status}`))
      view.live((q) => q.get(double) + q.get(x)).subscribe((value) => seen.push(`${name} live ${value}`))
    }
    watch('head', db)
    watch('fork', snapshot)
    expect(seen.splice(0)).toEqual(['head', 'fork'].flatMap((name) => [`${name} observe 10`, `${name} watch 10`, `${name} live 15`]))
    db.set(x, 6)
    expect(seen.splice(0)).toEqual(['head observe 12', 'head watch 12', 'head live 18'])
    snapshot.set(other, 1)
    expect(seen).toEqual([])
    for (const value of [7, 8]) {
      snapshot.set(x, value)
      expect(seen.splice(0)).toEqual([`fork observe ${value * 2}`, `fork watch ${value * 2}`, `fork live ${value * 3}`])
      db.set(x, -value)
      expect(seen.splice(0)).toEqual([`head observe ${-value * 2}`, `head watch ${-value * 2}`, `head live ${-value * 3}`])
    }
  })

  it('[LIVE-7 LIVE-5] an asynchronous one goes through stale, and leaving cancels it', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = derived('slow', async (q) => {
      const value = q.get(x)
      await stops.at('slow')
      return value
    })
    const snapshot = db.snapshot()
    const seen: unknown[] = []
    const subscription = snapshot.watch(slow).subscribe((state) => seen.push('value' in state ? `${state.status} ${state.value}` : state.status))
    db.set(x, 100)
    await stops.openAll()
    snapshot.set(x, 2)
    snapshot.set(x, 3)
    await stops.openAll()
    snapshot.set(x, 4)
    subscription.unsubscribe()
    expect(db.stats().jobs).toBe(0)
    await stops.openAll()
    expect(seen).toEqual(['pending', 'ready 1', 'stale 1', 'ready 2', 'stale 2', 'ready 3', 'stale 3'])
  })

  it('[LIVE-2] one write before the first run of a snapshot has ended', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const slow = derived('slow', async (q) => {
      const value = q.get(x)
      await stops.at('slow')
      return value
    })
    const snapshot = db.snapshot()
    const seen: unknown[] = []
    const subscription = snapshot.observe(slow).subscribe((value) => seen.push(value))
    snapshot.set(x, 2)
    await stops.openAll()
    snapshot.set(x, 3)
    await stops.openAll()
    subscription.unsubscribe()
    expect(seen).toEqual([1, 2, 3])
  })

  it('[LIVE-5 LIVE-9] disposing the snapshot completes its live queries once, and touches no other', () => {
    const db = createDatabase()
    const snapshot = db.snapshot()
    const seen: string[] = []
    snapshot.observe(double).subscribe({ next: (value) => seen.push(`fork ${value}`), complete: () => seen.push('complete') })
    db.observe(double).subscribe((value) => seen.push(`head ${value}`))
    snapshot.set(x, 2)
    snapshot.dispose()
    snapshot.dispose()
    db.set(x, 3)
    expect(seen).toEqual(['fork 2', 'head 2', 'fork 4', 'complete', 'head 6'])
  })
})
