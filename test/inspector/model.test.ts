/** What the page makes of what it is told. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { derived, input } from '../../src/index.js'
import { Model } from '../../src/inspector/client/model.js'
import { LocalFeed } from '../../src/inspector/local-feed.js'
import { countedDatabases } from '../support/databases.js'

const amount = input<[at: string], number>('amount', { initial: 1 })
const total = derived('total', (q, row: number): number => (row === 0 ? q.get(amount, 'first') : q.get(total, row - 1) + 1))
const double = derived('double', (q) => 2 * q.get(amount, 'other'))

const open = countedDatabases()

describe('revisions', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('one with more events than are told at once says that it is incomplete, and no other does', () => {
    const db = open()
    for (let row = 0; row < 6000; row++) db.get(total, row)
    db.watch(total, 5999).subscribe()
    db.watch(double).subscribe()
    const feed = new LocalFeed(db)
    const model = new Model()
    const leave = feed.subscribe((update) => model.take(update))
    const whole = db.set(amount, 'other', 2)
    vi.advanceTimersByTime(1000)
    const partial = db.set(amount, 'first', 2)
    vi.advanceTimersByTime(1000)
    leave()
    feed.close()
    expect(model.revisions.get(whole)).toMatchObject({ isPartial: false, reached: new Map([['double()', expect.anything()]]) })
    expect(model.revisions.get(partial)).toMatchObject({ isPartial: true })
    expect(model.revisions.get(partial)?.reached.size).toBeGreaterThan(1000)
  })
})
