/** Retries and timeouts inside one evaluation. */
import { getEventListeners } from 'node:events'
import { flush, record, Stops } from 'pebre/testing'
import { Observable } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { type AsyncOptions, createDatabase as create, derived, FinishedQueryError, input, InvalidDefinitionError, type Query, queryPath, QueryTimeoutError, source } from '../../src/index.js'
import { HandClock } from '../support/clock.js'
import { countedDatabases } from '../support/databases.js'
import { rejectionOf, thrownBy, track } from '../support/turns.js'
import { unhandledDuring } from '../support/unhandled.js'

const createDatabase = countedDatabases()
const x = input<[], number>('x', { initial: 0 })
const y = input<[], number>('y', { initial: 0 })

function timed() {
  const clock = new HandClock()
  return { clock, db: createDatabase({ clock }) }
}

/** Fails so many times, then gives what it has read. */
function flaky(failures: number, options: AsyncOptions) {
  const attempts: number[] = []
  const query = derived('flaky', async (q) => {
    attempts.push(q.get(x))
    if (attempts.length <= failures) throw new Error(`attempt ${attempts.length}`)
    return q.get(x)
  }, options)
  return { attempts, query }
}

describe('retry', () => {
  it('[ERR-11] tries again within one run, after each delay, and gives what the last attempt gave', async () => {
    const { db, clock } = timed()
    const { attempts, query } = flaky(2, { retry: { times: 3, delay: 100 } })
    const log = record(db)
    const answer = track(db.get(query))
    await flush()
    expect([attempts.length, clock.waiting]).toEqual([1, 1])
    await clock.pass(99)
    expect(attempts).toHaveLength(1)
    await clock.pass(1)
    expect([attempts.length, answer.state]).toEqual([2, 'pending'])
    await clock.pass(100)
    expect([attempts.length, answer.value, clock.waiting]).toEqual([3, 0, 0])
    expect(log.take()).toEqual(['run flaky()'])
    expect(await db.get(query)).toBe(0)
    expect(attempts).toHaveLength(3)
  })

  it('[ERR-11 ERR-1 ERR-3] what fails in the end is the error of the last attempt, once, and kept', async () => {
    const { db, clock } = timed()
    const { attempts, query } = flaky(9, { retry: { times: 2 } })
    const log = record(db)
    const error = await rejectionOf(db.get(query))
    expect(log.take()).toEqual(['run flaky()', 'fail flaky()'])
    expect(error).toMatchObject({ message: 'attempt 3' })
    expect(queryPath(error)).toEqual(['flaky()'])
    expect(await rejectionOf(db.get(query))).toBe(error)
    expect([attempts.length, clock.waiting]).toEqual([3, 0])
  })

  it('[ERR-11] the delay may grow: a function is given how many have failed, and the error', async () => {
    const { db, clock } = timed()
    const asked: unknown[] = []
    const delay = (failures: number, error: unknown): number => {
      asked.push([failures, (error as Error).message])
      return failures * 10
    }
    const { attempts, query } = flaky(3, { retry: { times: Infinity, delay } })
    const answer = track(db.get(query))
    await clock.pass(30)
    expect(attempts).toHaveLength(3)
    await clock.pass(30)
    expect([answer.value, asked]).toEqual([0, [[1, 'attempt 1'], [2, 'attempt 2'], [3, 'attempt 3']]])
  })

  it('[ERR-11 BIND-1] all attempts are of one revision, however far the database has moved meanwhile', async () => {
    const { db, clock } = timed()
    const { attempts, query } = flaky(3, { retry: { times: 2, delay: 10 } })
    const old = track(db.get(query))
    await flush()
    db.set(x, 1)
    const newer = track(db.get(query))
    await clock.pass(10)
    db.set(x, 2)
    await clock.pass(10)
    expect([old.value, newer.value]).toEqual([0, 1])
    expect(attempts).toEqual([0, 1, 0, 1, 0])
    expect(await db.get(query)).toBe(2)
  })

  it('[ERR-11 CAN-1] leaving during a pause ends it: the signal fires, and no timer stays', async () => {
    const { db, clock } = timed()
    const { attempts, query } = flaky(9, { retry: { times: 5, delay: 100 } })
    const leaving = new AbortController()
    const answer = track(db.with({ signal: leaving.signal }).get(query))
    await clock.pass(100)
    leaving.abort('enough')
    await flush()
    expect([answer.error, clock.waiting, db.stats().jobs]).toEqual(['enough', 0, 0])
    await clock.pass(1000)
    expect(attempts).toHaveLength(2)
  })

  it('[ERR-11 DER-9] an attempt that has failed cannot read any more', async () => {
    const { db, clock } = timed()
    const all: Query[] = []
    const query = derived('keeps', async (q) => {
      all.push(q)
      await Promise.resolve()
      if (all.length === 1) throw new Error('first')
      return thrownBy(() => all[0]?.get(x))
    }, { retry: { times: 1, delay: 5 } })
    const answer = track(db.get(query))
    await clock.pass(5)
    expect(answer.value).toBeInstanceOf(FinishedQueryError)
  })

  it('[ERR-11] a synchronous failure is tried again on the stack where there is no delay, and what synchronous bodies give is synchronous', () => {
    const { db } = timed()
    let failures = 3
    const options = { retry: { times: 3 } } as object
    const sync = derived('sync', (q) => {
      if (failures-- > 0) throw new Error('not yet')
      return q.get(x)
    }, options)
    expect(db.get(sync)).toBe(0)
    failures = 9
    db.set(x, 1)
    expect(() => db.get(sync)).toThrow('not yet')
    expect(failures).toBe(5)
  })

  it('[ERR-11 CYC-1] a cycle is not tried again', async () => {
    const { db } = timed()
    let runs = 0
    const ring = derived('ring', async (q): Promise<number> => {
      runs++
      return await q.get(ring)
    }, { retry: { times: 5 } })
    await expect(db.get(ring)).rejects.toThrow('needs its own result')
    expect(runs).toBe(1)
  })

  it('[ERR-11] a hundred thousand attempts take no stack', async () => {
    const db = createDatabase()
    const { attempts, query } = flaky(100_000, { retry: { times: Infinity } })
    expect(await db.get(query)).toBe(0)
    expect(attempts).toHaveLength(100_001)
  })

  it('[ERR-11 CAN-1] there is no further attempt once everybody has left, be it in the function that says how long to wait', async () => {
    const db = createDatabase()
    const control = new AbortController()
    const delay = (): number => {
      control.abort('enough')
      return 0
    }
    const { attempts, query } = flaky(Infinity, { retry: { times: 5, delay } })
    expect(await rejectionOf(db.with({ signal: control.signal }).get(query))).toBe('enough')
    await flush()
    expect(attempts).toHaveLength(1)
  })

  it('[ERR-11 CAN-1] attempts without a pause leave a turn to timers, and so to callers who leave', async () => {
    const db = createDatabase()
    const { query } = flaky(Infinity, { retry: { times: Infinity } })
    const control = new AbortController()
    setTimeout(() => control.abort('enough'), 1)
    expect(await rejectionOf(db.with({ signal: control.signal }).get(query))).toBe('enough')
  })

  it('[ERR-11 CAN-1] also where they fail on the stack', async () => {
    const db = createDatabase()
    let attempts = 0
    const plain = derived('plain', (): Promise<number> => {
      attempts++
      throw new Error('not yet')
    }, { retry: { times: Infinity } })
    const control = new AbortController()
    setTimeout(() => control.abort('enough'), 1)
    expect([await rejectionOf(db.with({ signal: control.signal }).get(plain)), attempts % 1000]).toEqual(['enough', 0])
  })
})

describe('timeout', () => {
  it('[ERR-11 CAN-6] an attempt that has failed follows the signal of the evaluation no more', async () => {
    const { db, clock } = timed()
    const add = vi.spyOn(EventTarget.prototype, 'addEventListener')
    try {
      const signals: AbortSignal[] = []
      const query = derived('query', async (q) => {
        signals.push(q.signal)
        if (signals.length < 40) throw new Error('busy')
        await new Promise((_, reject) => {
          q.signal.addEventListener('abort', () => reject(q.signal.reason))
        })
      }, { retry: { times: Infinity, delay: 1 } })
      const leaver = new AbortController()
      const answer = track(db.with({ signal: leaver.signal }).get(query))
      await flush()
      for (let i = 1; i < 40; i++) await clock.pass(1)
      expect(signals).toHaveLength(40)
      const followed = new Set(add.mock.contexts as EventTarget[])
      // The caller's signal, that of the evaluation, which the attempt at work follows, and the one of that attempt.
      expect([...followed].map((signal) => getEventListeners(signal, 'abort').length)).toEqual([1, 1, 1])
      leaver.abort('left')
      await flush()
      expect([answer.state, signals.filter(({ aborted }) => aborted)]).toEqual(['rejected', [signals[39]]])
    } finally {
      add.mockRestore()
    }
  })

  it('[ERR-11] an attempt that takes too long fails with an error of ours, and its signal fires', async () => {
    const { db, clock } = timed()
    const stops = new Stops()
    const aborted: unknown[] = []
    const slow = derived('slow', async (q) => {
      q.signal.addEventListener('abort', () => aborted.push(q.signal.reason))
      await stops.at('slow')
      return q.get(x)
    }, { timeout: 50 })
    const answer = track(db.get(slow))
    await clock.pass(49)
    expect([answer.state, aborted]).toEqual(['pending', []])
    await clock.pass(1)
    expect(answer.error).toBeInstanceOf(QueryTimeoutError)
    expect(answer.error).toMatchObject({ definition: 'slow', milliseconds: 50 })
    expect([aborted, clock.waiting, db.stats().jobs]).toEqual([[answer.error], 0, 0])
    expect(await unhandledDuring(async () => stops.openAll())).toEqual([])
    expect(queryPath(answer.error)).toEqual(['slow()'])
  })

  it('[ERR-11] one that is in time leaves no timer', async () => {
    const { db, clock } = timed()
    const quick = derived('quick', async (q) => q.get(x), { timeout: 50 })
    const answer = track(db.get(quick))
    expect(clock.waiting).toBe(1)
    await flush()
    expect([answer.value, clock.waiting]).toEqual([0, 0])
  })

  it('[ERR-11] each attempt has its own time, and a late result of one that was given up counts for nothing', async () => {
    const { db, clock } = timed()
    const stops = new Stops()
    let attempts = 0
    const slow = derived('slow', async (q) => {
      const attempt = ++attempts
      await stops.at(`attempt ${attempt}`)
      return [attempt, q.get(y)]
    }, { timeout: 50, retry: { times: 1, delay: 10 } })
    const answer = track(db.get(slow))
    await clock.pass(60)
    expect(stops.labels).toEqual(['attempt 1', 'attempt 2'])
    const unhandled = await unhandledDuring(async () => stops.open('attempt 1'))
    expect([answer.state, unhandled]).toEqual(['pending', []])
    await stops.open('attempt 2')
    expect([answer.value, clock.waiting]).toEqual([[2, 0], 0])
  })

  it('[ERR-11 CAN-3 LIVE-9] leaving fires the signal of the attempt at work, with the reason, and stops its timer', async () => {
    const { db, clock } = timed()
    const stops = new Stops()
    const aborted: unknown[] = []
    const slow = derived('slow', async (q) => {
      q.signal.addEventListener('abort', () => aborted.push((q.signal.reason as Error).name))
      await stops.at('slow')
    }, { timeout: 50 })
    db.watch(slow).subscribe().unsubscribe()
    expect([aborted, clock.waiting, db.stats().jobs]).toEqual([['AbortError'], 0, 0])
    await stops.openAll()
  })

  it('[ERR-11 CAN-1] an attempt that rejects because it was given up is the last', async () => {
    const { db } = timed()
    const leaver = new AbortController()
    let attempts = 0
    let pauses = 0
    const slow = derived('slow', (q) => {
      attempts++
      return new Promise<number>((_resolve, reject) => {
        q.signal.addEventListener('abort', () => reject(q.signal.reason as Error))
      })
    }, { retry: { times: 3, delay: () => pauses++ } })
    const error = rejectionOf(db.with({ signal: leaver.signal }).get(slow))
    leaver.abort('left')
    expect(await error).toBe('left')
    await flush()
    expect([attempts, pauses, db.stats().jobs]).toEqual([1, 0, 0])
  })

  it('[ERR-11 LIVE-7] a live query sees one evaluation: stale with the last value, then the result', async () => {
    const { db, clock } = timed()
    const { query } = flaky(0, { retry: { times: 1, delay: 10 } })
    let failures = 0
    const twice = derived('twice', async (q) => {
      const value = await q.get(query)
      if (value === 1 && failures++ === 0) throw new Error('once')
      return value
    }, { retry: { times: 1, delay: 10 } })
    const seen: unknown[] = []
    db.watch(twice).subscribe((state) => seen.push(state))
    await flush()
    db.set(x, 1)
    await clock.pass(10)
    expect(seen).toEqual([{ status: 'pending' }, { status: 'ready', value: 0 }, { status: 'stale', value: 0 }, { status: 'ready', value: 1 }])
  })
})

describe('clock and options', () => {
  it('[ERR-11] without a clock the timers of the platform serve', async () => {
    vi.useFakeTimers()
    try {
      const db = create()
      const { attempts, query } = flaky(1, { retry: { times: 1, delay: 1000 } })
      const answer = track(db.get(query))
      await vi.advanceTimersByTimeAsync(1000)
      expect([attempts.length, answer.value]).toEqual([2, 0])
      db.close()
    } finally {
      vi.useRealTimers()
    }
  })

  it('[ERR-11 CAN-8] closing the database stops pauses and timeouts', async () => {
    const { db, clock } = timed()
    const { query } = flaky(9, { retry: { times: 9, delay: 100 }, timeout: 1000 })
    const answer = track(db.get(query))
    await flush()
    expect(clock.waiting).toBe(1)
    db.close()
    await flush()
    expect([answer.state, clock.waiting]).toEqual(['rejected', 0])
  })

  it('[ERR-11 SRC-3] pauses and timeouts may be longer than a timer of the platform can wait, and endless', async () => {
    vi.useFakeTimers()
    try {
      const month = 2_600_000_000
      for (const milliseconds of [month, Infinity]) {
        const db = create()
        const slow = derived('slow', async () => await new Promise<number>(() => {}), { timeout: milliseconds })
        const { attempts, query } = flaky(1, { retry: { times: 1, delay: milliseconds } })
        const ended: unknown[] = []
        const fed = source('fed', () => new Observable<number>((subscriber) => (subscriber.next(1), () => ended.push('fed'))), { grace: milliseconds })
        expect(db.get(fed)).toBe(1)
        const [late, again] = [track(db.get(slow)), track(db.get(query))]
        await vi.advanceTimersByTimeAsync(month - 1)
        expect([late.state, again.state, attempts.length, ended]).toEqual(['pending', 'pending', 1, []])
        await vi.advanceTimersByTimeAsync(1)
        const isOver = milliseconds === month
        expect([late.state, again.state, ended]).toEqual(isOver ? ['rejected', 'fulfilled', ['fed']] : ['pending', 'pending', []])
        db.close()
        await flush()
        expect(vi.getTimerCount()).toBe(0)
      }
    } finally {
      vi.useRealTimers()
    }
  })

  it('[ERR-11] options that make no sense are refused', () => {
    const body = async (): Promise<number> => 1
    for (const options of [{ retry: { times: -1 } }, { retry: { times: 1.5 } }, { retry: { times: 1, delay: -1 } }, { timeout: 0 }, { timeout: NaN }]) {
      expect(() => derived('wrong', body, options)).toThrow(InvalidDefinitionError)
    }
  })
})
