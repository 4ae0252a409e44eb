/** The order in which dependencies are checked, what may go wrong meanwhile, and diamonds. */
import { record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, CycleError, derived, type Derived, DuplicateDefinitionError, input } from '../../src/index.js'
import { ordersOf, thrownBy } from '../support/turns.js'

const number = input<[name: string], number>('number', { initial: 0 })

describe('the order of validation', () => {
  it('[VAL-4] the first changed dependency stops the walk, and later ones are not evaluated', async () => {
    const ran: string[] = []
    const leaf = derived('leaf', (q, name: string) => {
      ran.push(name)
      return q.get(number, name)
    })
    const take = derived('take', async (q) => {
      ran.push('take')
      const values: number[] = []
      for (const name of ['a', 'b', 'c', 'd']) {
        values.push(q.get(leaf, name))
        if (values.at(-1) === 9) break
      }
      return values.join('')
    })
    const db = createDatabase()
    await db.get(take)
    ran.length = 0
    db.batch((tx) => {
      for (const name of ['b', 'c', 'd']) tx.set(number, name, 9)
    })
    expect(await db.get(take)).toBe('09')
    expect(ran).toEqual(['b', 'take'])
  })

  it('[VAL-4] they are checked in the order first read in the last run, not in the order of making', () => {
    const ran: string[] = []
    const order = input<[], string>('order', { initial: 'abc' })
    const leaf = derived('leaf', (q, name: string) => {
      ran.push(name)
      return Math.abs(q.get(number, name))
    })
    const all = derived('all', (q) => q.get(order).split('').map((name) => q.get(leaf, name)).join(''))
    const db = createDatabase()
    db.get(all)
    let value = 0
    for (const names of ordersOf(['a', 'b', 'c']).map((list) => list.join(''))) {
      db.set(order, `${names}${names}`)
      db.get(all)
      ran.length = 0
      value++
      db.batch((tx) => {
        for (const name of ['a', 'b', 'c']) tx.set(number, name, tx.get(number, name) * -1 || -1)
      })
      db.get(all)
      expect([value, ran.join('').slice(0, 3)]).toEqual([value, names])
    }
  })

  for (const kind of ['sync', 'async'] as const) {
    it(`[VAL-4 VAL-5] a dependency that only makes sense given an earlier one is never evaluated with the wrong one (${kind})`, async () => {
      const ran: string[] = []
      const items = input<[], readonly number[]>('items', { initial: [1, 2, 3] })
      const size = derived('size', (q) => q.get(items).length)
      const item = derived('item', (q, i: number) => {
        const list = q.get(items)
        if (i >= list.length) ran.push(`item ${i} of ${list.length}`)
        return list[i] as number
      })
      const add = (q: Parameters<Parameters<typeof derived>[1]>[0]): number => {
        let sum = 0
        for (let i = 0; i < q.get(size); i++) sum += q.get(item, i)
        return sum
      }
      const sum: Derived<[], number | Promise<number>> = kind === 'sync' ? derived('sum', add) : derived('sum', async (q) => add(q))
      const db = createDatabase()
      expect(await db.get(sum)).toBe(6)
      db.set(items, [1])
      expect(await db.get(sum)).toBe(1)
      db.set(items, [])
      expect(await db.get(sum)).toBe(0)
      expect(ran).toEqual([])
    })
  }

  it('[VAL-4] the same where the earlier one has to be waited for', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const kind = derived('kind', async (q) => {
      const value = q.get(number, 'kind')
      await stops.at('kind')
      return value
    })
    const detail = derived('detail', async (q, of: number) => {
      ran.push(`detail of ${of} at ${q.get(number, 'kind')}`)
      return of
    })
    const page = derived('page', async (q) => {
      const which = await q.get(kind)
      return which === 2 ? 'none' : String(await q.get(detail, which))
    })
    const db = createDatabase()
    const first = db.get(page)
    await stops.openAll()
    expect(await first).toBe('0')
    ran.length = 0
    db.set(number, 'kind', 2)
    const second = db.get(page)
    await stops.openAll()
    expect(await second).toBe('none')
    expect(ran).toEqual([])
  })
})

describe('trouble while validating', () => {
  it('[VAL-5] an error of a dependency means recompute: a query that catches it does not throw', async () => {
    const ran: string[] = []
    const risky = derived('risky', (q) => {
      if (q.get(number, 'a') < 0) throw new Error('negative')
      return q.get(number, 'a')
    })
    const riskyLater = derived('riskyLater', async (q) => q.get(risky))
    const safe = derived('safe', async (q) => {
      ran.push('safe')
      try {
        return q.get(risky) + (await q.get(riskyLater))
      } catch {
        return 'default'
      }
    })
    const avoids = derived('avoids', (q) => (q.get(number, 'a') < 0 ? 'avoided' : q.get(risky)))
    const db = createDatabase()
    expect([await db.get(safe), db.get(avoids)]).toEqual([0, 0])
    db.set(number, 'a', -1)
    expect([await db.get(safe), db.get(avoids)]).toEqual(['default', 'avoided'])
    db.set(number, 'a', 1)
    expect([await db.get(safe), db.get(avoids)]).toEqual([2, 1])
    expect(ran).toEqual(['safe', 'safe', 'safe'])
  })

  it('[VAL-5] so does a definition that is refused', () => {
    const twin = input<[name: string], number>('number')
    const uses = derived('uses', (q) => (q.get(number, 'a') < 0 ? (q.get(twin, 'a') ?? 0) : 1))
    const safe = derived('safe', (q) => {
      try {
        return q.get(uses)
      } catch (error) {
        return error instanceof DuplicateDefinitionError ? 'refused' : 'other'
      }
    })
    const db = createDatabase()
    expect(db.get(safe)).toBe(1)
    db.set(number, 'a', -1)
    expect(db.get(safe)).toBe('refused')
    db.set(number, 'a', 1)
    expect(db.get(safe)).toBe(1)
  })

  it('[VAL-5] so does a cycle in an old list of dependencies that the code of today does not run into', async () => {
    const flip = input<[], boolean>('flip', { initial: false })
    const left: Derived<[], number> = derived('left', (q): number => (q.get(flip) ? 1 : q.get(right) + 1))
    const right: Derived<[], number> = derived('right', (q): number => (q.get(flip) ? q.get(left) + 1 : 1))
    const leftLater: Derived<[], Promise<number>> = derived('leftLater', async (q): Promise<number> => (q.get(flip) ? 1 : (await q.get(rightLater)) + 1))
    const rightLater: Derived<[], Promise<number>> = derived('rightLater', async (q): Promise<number> => (q.get(flip) ? (await q.get(leftLater)) + 1 : 1))
    const db = createDatabase()
    for (const value of [true, false, true, false, true]) {
      expect([db.get(left), await db.get(leftLater)]).toEqual(db.get(flip) ? [1, 1] : [2, 2])
      db.set(flip, value)
      expect([db.get(right), await db.get(rightLater)]).toEqual(value ? [2, 2] : [1, 1])
    }
  })

  it('[VAL-5] a cycle that a dependency has now is thrown only by who really reads it', () => {
    const spins: Derived<[], number> = derived('spins', (q): number => (q.get(number, 'a') > 0 ? q.get(spins) : 0))
    const reads = derived('reads', (q) => (q.get(number, 'a') > 0 ? -1 : q.get(spins)))
    const insists = derived('insists', (q) => q.get(spins))
    const db = createDatabase()
    expect([db.get(reads), db.get(insists)]).toEqual([0, 0])
    db.set(number, 'a', 1)
    expect(db.get(reads)).toBe(-1)
    expect(thrownBy(() => db.get(insists))).toBeInstanceOf(CycleError)
    db.set(number, 'a', 0)
    expect([db.get(reads), db.get(insists)]).toEqual([0, 0])
  })
})

describe('diamonds', () => {
  it('[VAL-11] joins once for each change', () => {
    const ran: string[] = []
    const top = derived('top', (q) => [ran.push('top'), q.get(number, 'a')].at(-1) as number)
    const side = derived('side', (q, sign: number) => [ran.push(`side ${sign}`), q.get(top) * sign].at(-1) as number)
    const join = derived('join', (q) => [ran.push('join'), `${q.get(side, 1)} ${q.get(side, -1)}`].at(-1))
    const db = createDatabase()
    const seen: unknown[] = []
    db.watch(join).subscribe((state) => seen.push('value' in state ? state.value : state.status))
    ran.length = 0
    db.set(number, 'a', 1)
    db.set(number, 'a', 2)
    expect(ran).toEqual(['top', 'side 1', 'join', 'side -1', 'top', 'side 1', 'join', 'side -1'])
    expect(seen).toEqual(['0 0', '1 -1', '2 -2'])
  })

  it('[VAL-11] a side that is cut off does not run the other, nor the join twice', () => {
    const ran: string[] = []
    const parity = derived('parity', (q) => [ran.push('parity'), q.get(number, 'a') % 2].at(-1) as number)
    const whole = derived('whole', (q) => [ran.push('whole'), q.get(number, 'a')].at(-1) as number)
    const join = derived('join', (q) => [ran.push('join'), q.get(parity) + q.get(whole)].at(-1) as number)
    const db = createDatabase()
    db.get(join)
    ran.length = 0
    db.set(number, 'a', 2)
    expect(db.get(join)).toBe(2)
    expect(ran).toEqual(['parity', 'whole', 'join'])
  })

  it('[VAL-11] no body sees a mix of two revisions, wherever commits come between its reads', async () => {
    const mixes: string[] = []
    for (const order of ordersOf(['left', 'right', 'commit', 'join'])) {
      const stops = new Stops()
      const side = derived('side', async (q, name: string) => {
        const before = q.get(number, 'a')
        await stops.at(name)
        const after = q.get(number, 'b')
        if (before !== after) mixes.push(`${order.join()}: side`)
        return after
      })
      const join = derived('join', async (q) => {
        const left = await q.get(side, 'left')
        await stops.at('join')
        const right = await q.get(side, 'right')
        if (left !== right || q.get(number, 'a') !== left) mixes.push(`${order.join()}: join`)
        return left
      })
      const db = createDatabase()
      const both = (value: number): void => void db.batch((tx) => {
        tx.set(number, 'a', value)
        tx.set(number, 'b', value)
      })
      const answers = [db.get(join)]
      db.prefetch(side, 'right')
      for (const step of order) {
        if (step === 'commit') both(1)
        else if (stops.labels.includes(step)) await stops.open(step)
        answers.push(db.get(join))
      }
      await stops.openAll()
      expect(new Set(await Promise.all(answers))).toEqual(new Set([0, 1]))
      expect(db.stats().jobs).toBe(0)
    }
    expect(mixes).toEqual([])
  })

  it('[VAL-11] a tall ladder of diamonds costs one run for each cell', () => {
    let runs = 0
    const rung = derived('rung', (q, n: number): number => {
      runs++
      if (n === 0) return q.get(number, 'a')
      return q.get(rung, n - 1) + q.get(half, n - 1)
    })
    const half: Derived<[n: number], number> = derived('half', (q, n: number): number => {
      runs++
      return q.get(rung, n) / 2
    })
    const db = createDatabase()
    for (const value of [0, 1]) {
      db.set(number, 'a', value)
      runs = 0
      const log = record(db, 'validation')
      db.get(rung, 30)
      expect(runs).toBe(61)
      expect(log.take()).toEqual([])
      log.stop()
    }
  })
})
