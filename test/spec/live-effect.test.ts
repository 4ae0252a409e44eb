/** Effects: functions that run again when what they read has changed. */
import { asapScheduler, Subscription, VirtualTimeScheduler } from 'rxjs'
import { flush, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { ClosedError, derived, input, NestedCommitError, WriteInQueryError } from '../../src/index.js'
import { countedDatabases } from '../support/databases.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })
const y = input<[], number>('y', { initial: 0 })
const flag = input<[], boolean>('flag', { initial: true })
const parity = derived('parity', (q) => q.get(x) % 2)

describe('runs', () => {
  it('[LIVE-12] once at the start, and once for each commit that reaches it', () => {
    const db = createDatabase()
    const log: string[] = []
    const effect = db.effect((q) => {
      log.push(`parity ${q.get(parity)}`)
    })
    db.set(x, 1)
    db.set(x, 3)
    db.set(y, 1)
    db.batch((tx) => {
      tx.set(x, 4)
      tx.set(x, 6)
      tx.set(y, 2)
    })
    expect(log).toEqual(['parity 0', 'parity 1', 'parity 0'])
    effect.dispose()
    db.set(x, 7)
    expect(log).toHaveLength(3)
  })

  it('[LIVE-12 LIVE-4] what it reads is of one revision, and only what its last run read counts', () => {
    const db = createDatabase()
    const seen: unknown[] = []
    db.effect((q) => {
      seen.push(q.get(flag) ? [q.get(x), q.get(parity)] : 'off')
    })
    db.set(flag, false)
    db.set(x, 1)
    db.set(flag, true)
    for (let i = 2; i <= 4; i++) db.set(x, i)
    expect(seen).toEqual([[0, 0], 'off', [1, 1], [2, 0], [3, 1], [4, 0]])
  })

  it('[LIVE-12 LIVE-3] has run when set returns, in the order of subscriptions', () => {
    const db = createDatabase()
    const log: string[] = []
    db.observe(parity).subscribe((value) => log.push(`first ${value}`))
    db.effect((q) => {
      log.push(`effect ${q.get(parity)}`)
    })
    db.observe(parity).subscribe((value) => log.push(`last ${value}`))
    log.length = 0
    db.set(x, 1)
    expect(log).toEqual(['first 1', 'effect 1', 'last 1'])
  })

  it('[LIVE-12 SNAP-10] also for a commit that brings back what it has seen before, whatever snapshots hold', () => {
    const db = createDatabase()
    const seen: unknown[] = []
    db.effect((q) => {
      seen.push([q.get(x), q.get(parity)])
    })
    const zero = db.snapshot()
    db.set(x, 1)
    db.restore(zero)
    db.set(x, 1)
    const one = db.snapshot()
    db.set(x, 0)
    db.set(x, 1)
    expect(seen.splice(0)).toEqual([[0, 0], [1, 1], [0, 0], [1, 1], [0, 0], [1, 1]])
    one.effect((q) => {
      seen.push(q.get(x))
    })
    one.set(y, 1)
    one.set(x, 2)
    one.set(x, 1)
    expect(seen).toEqual([1, 2, 1])
  })

  it('[LIVE-12] a thousand effects deep and wide: each runs once', () => {
    const db = createDatabase()
    const chain = derived('chain', (q, i: number): number => (i === 0 ? q.get(x) : q.get(chain, i - 1) + 1))
    let runs = 0
    for (let i = 0; i < 1000; i++) {
      db.effect((q) => {
        q.get(chain, i)
        runs++
      })
    }
    expect(runs).toBe(1000)
    db.set(x, 1)
    expect(runs).toBe(2000)
    db.set(x, 1)
    expect(runs).toBe(2000)
  })

  it('[LIVE-12 SCALE-2] over a chain that is deeper than the stack, it runs once', () => {
    const db = createDatabase()
    const chain = derived('chain', (q, i: number): number => (i === 0 ? q.get(x) : q.get(chain, i - 1) + 1))
    const seen: number[] = []
    db.effect((q) => {
      seen.push(q.get(chain, 20_000))
    })
    db.set(x, 1)
    db.effect((q) => {
      db.effect((inner) => {
        seen.push(inner.get(chain, 40_000))
      })
      seen.push(q.get(x))
    })
    expect(seen).toEqual([20_000, 20_001, 40_001, 1])
  })
})

describe('cleanups', () => {
  it('[LIVE-12] run before the next run and at disposal, once each', () => {
    const db = createDatabase()
    const log: string[] = []
    const effect = db.effect((q) => {
      const value = q.get(x)
      log.push(`run ${value}`)
      return () => {
        log.push(`clean ${value}`)
      }
    })
    db.set(x, 1)
    expect(log).toEqual(['run 0', 'clean 0', 'run 1'])
    effect.dispose()
    effect.dispose()
    effect[Symbol.dispose]()
    db.set(x, 2)
    expect([log, effect.closed]).toEqual([['run 0', 'clean 0', 'run 1', 'clean 1'], true])
  })

  it('[LIVE-12 CAN-8] closing the database and disposing of a snapshot end it', () => {
    const log: string[] = []
    const db = createDatabase()
    const snapshot = db.snapshot()
    for (const [name, view] of Object.entries({ db, snapshot })) view.effect((q) => (q.get(x), () => log.push(name)))
    snapshot.set(x, 5)
    expect(log).toEqual(['snapshot'])
    snapshot.dispose()
    expect(log).toEqual(['snapshot', 'snapshot'])
    db.close()
    expect(log).toEqual(['snapshot', 'snapshot', 'db'])
    expect(() => db.effect(() => {})).toThrow(ClosedError)
  })

  it('[LIVE-12] it may end itself in the middle of a run: that run is the last, and its cleanup follows', () => {
    const db = createDatabase()
    const log: string[] = []
    const effect = db.effect((q) => {
      const value = q.get(x)
      log.push(`run ${value}`)
      if (value === 1) effect.dispose()
      q.get(y)
      return () => log.push(`clean ${value}`)
    })
    db.set(x, 1)
    db.set(x, 2)
    db.set(y, 2)
    expect(log).toEqual(['run 0', 'clean 0', 'run 1', 'clean 1'])
  })

  it('[LIVE-12 LIVE-9] subscriptions of RxJS take it in', () => {
    const db = createDatabase()
    const all = new Subscription()
    const log: string[] = []
    all.add(db.effect((q) => (q.get(x), () => log.push('clean'))))
    all.unsubscribe()
    expect(log).toEqual(['clean'])
  })
})

describe('errors', () => {
  it('[LIVE-12 ERR-10] what it throws is reported once a run, and it runs again when something it read changes', () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const runs: number[] = []
    db.effect((q) => {
      const value = q.get(x)
      runs.push(value)
      if (value < 3) throw `failed ${value}`
    })
    for (let i = 1; i <= 3; i++) db.set(x, i)
    expect([runs, reported]).toEqual([[0, 1, 2, 3], ['failed 0', 'failed 1', 'failed 2']])
  })

  it('[LIVE-12 ERR-10] what its result throws when it is looked at is reported once a run, too', () => {
    const errors: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => errors.push(error) })
    const log: number[] = []
    db.effect((q) => {
      const now = q.get(x)
      log.push(now)
      // oxlint-disable-next-line unicorn/no-thenable -- that is what the test is about
      return Object.defineProperty(() => {}, 'then', {
        get(): never {
          throw new Error(`looked at ${now}`)
        },
      })
    })
    db.set(x, 1)
    expect([log, errors]).toEqual([[0, 1], [new Error('looked at 0'), new Error('looked at 1')]])
  })

  it('[LIVE-12 ERR-10] a cleanup that throws is reported, and the run takes place', () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const runs: number[] = []
    const effect = db.effect((q) => {
      runs.push(q.get(x))
      return () => {
        throw `clean ${runs.length}`
      }
    })
    db.set(x, 1)
    effect.dispose()
    expect([runs, reported]).toEqual([[0, 1], ['clean 1', 'clean 2']])
  })

  it('[LIVE-12 ERR-5] the failure of a query it reads can be caught, and its recovery runs it again', () => {
    const db = createDatabase()
    const positive = derived('positive', (q) => {
      if (q.get(x) < 0) throw new Error('negative')
      return q.get(x)
    })
    const seen: unknown[] = []
    db.effect((q) => {
      try {
        seen.push(q.get(positive))
      } catch (error) {
        seen.push((error as Error).message)
      }
    })
    for (const value of [-1, -2, 5]) db.set(x, value)
    expect(seen).toEqual([0, 'negative', 5])
  })
})

describe('writes', () => {
  it('[LIVE-12 REV-5] a write waits until everybody has been told the commit it answers', () => {
    const db = createDatabase()
    const log: string[] = []
    const revisions: number[] = []
    db.effect((q) => {
      const value = q.get(x)
      revisions.push(db.set(y, value * 10))
      log.push(`effect ${value} y ${q.get(y)}`)
    })
    db.live((q) => `${q.get(x)} ${q.get(y)}`).subscribe((value) => log.push(value))
    log.length = 0
    db.set(x, 1)
    expect(log).toEqual(['effect 1 y 0', '1 0', 'effect 1 y 10', '1 10'])
    expect([revisions, db.revision]).toEqual([[0, 2, 2], 2])
  })

  it('[LIVE-12 REV-6] one that answers itself for ever is stopped, and what was committed stays', () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error), limits: { nestedCommits: 10 } })
    db.effect((q) => {
      db.set(x, q.get(x) + 1)
    })
    expect(reported).toEqual([expect.any(NestedCommitError)])
    expect(String(reported[0])).toContain('effect')
    expect(db.get(x)).toBe(10)
  })

  it('[LIVE-12 IN-12] a query it reads may not write', () => {
    const db = createDatabase()
    const writer = derived('writer', () => db.set(x, 1))
    const errors: unknown[] = []
    db.effect((q) => {
      try {
        q.get(writer)
      } catch (error) {
        errors.push(error)
      }
    })
    expect(errors).toEqual([expect.any(WriteInQueryError)])
  })

  it('[LIVE-12] it may subscribe, and batch', () => {
    const db = createDatabase()
    const seen: unknown[] = []
    db.effect((q) => {
      const subscription = db.observe(parity).subscribe((value) => seen.push(value))
      db.batch((tx) => tx.set(y, q.get(x)))
      return () => subscription.unsubscribe()
    })
    db.set(x, 1)
    expect([seen, db.get(y)]).toEqual([[0, 1], 1])
  })
})

describe('asynchronous effects', () => {
  it('[LIVE-12 LIVE-8] a commit that overtakes one lets it finish; the cleanup it resolves with runs before the next', async () => {
    const db = createDatabase()
    const stops = new Stops()
    const log: string[] = []
    const effect = db.effect(async (q) => {
      const value = q.get(x)
      log.push(`run ${value}`)
      await stops.at(`effect ${value}`)
      log.push(`end ${value}`)
      return () => log.push(`clean ${value}`)
    })
    db.set(x, 1)
    db.set(x, 2)
    await stops.open('effect 0')
    expect(log).toEqual(['run 0', 'end 0', 'clean 0', 'run 2'])
    await stops.open('effect 2')
    effect.dispose()
    expect(log.slice(4)).toEqual(['end 2', 'clean 2'])
  })

  it('[LIVE-12 CAN-1] disposal aborts its signal, and a cleanup that comes late runs all the same', async () => {
    const reported: unknown[] = []
    const db = createDatabase({ onUnhandledError: (error) => reported.push(error) })
    const stops = new Stops()
    const log: string[] = []
    const body = (name: string, fails: boolean) => db.effect(async (q) => {
      q.signal.addEventListener('abort', () => log.push(`abort ${name}`))
      await stops.at(name)
      if (fails) throw new Error(name)
      return () => log.push(`clean ${name}`)
    })
    for (const effect of [body('a', false), body('b', true)]) effect.dispose()
    expect([log, db.stats().jobs]).toEqual([['abort a', 'abort b'], 0])
    await stops.openAll()
    expect([log, reported]).toEqual([['abort a', 'abort b', 'clean a'], []])
    body('c', true)
    await stops.openAll()
    expect(reported).toMatchObject([{ message: 'c' }])
  })
})

describe('schedulers', () => {
  it('[LIVE-12] with a scheduler the first run is at once, and several commits before a turn make one run', () => {
    const db = createDatabase()
    const scheduler = new VirtualTimeScheduler()
    const log: string[] = []
    const effect = db.effect(
      (q) => {
        log.push(`run ${q.get(x)}`)
        return () => log.push('clean')
      },
      { scheduler },
    )
    for (let i = 1; i <= 3; i++) db.set(x, i)
    expect([log, scheduler.actions.length]).toEqual([['run 0'], 1])
    scheduler.flush()
    expect(log).toEqual(['run 0', 'clean', 'run 3'])
    db.set(x, 4)
    effect.dispose()
    scheduler.flush()
    expect(log).toEqual(['run 0', 'clean', 'run 3', 'clean'])
  })

  it('[LIVE-12] a turn that comes for nothing runs nothing', async () => {
    const db = createDatabase()
    const log: number[] = []
    db.effect((q) => void log.push(q.get(x)), { scheduler: asapScheduler })
    db.set(x, 1)
    db.set(x, 0)
    db.set(y, 1)
    await flush()
    await new Promise((resolve) => setImmediate(resolve))
    expect(log).toEqual([0, 0])
  })

  it('[LIVE-12] one that its own cleanup ends does not run again', () => {
    const db = createDatabase()
    const log: string[] = []
    const effect = db.effect((q) => {
      const value = q.get(x)
      log.push(`run ${value}`)
      return () => {
        log.push(`clean ${value}`)
        if (value === 1) effect.dispose()
      }
    })
    for (const value of [1, 2, 3]) db.set(x, value)
    expect(log).toEqual(['run 0', 'clean 0', 'run 1', 'clean 1'])
  })
})
