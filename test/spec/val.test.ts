/** Early cutoff: what stops a change, and what the equality function is asked. */
import { record, Stops } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, type Derived, derived, EqualityError, input, WriteInQueryError } from '../../src/index.js'
import { rejectionOf, thrownBy } from '../support/turns.js'

const number = input<[name: string], number>('number', { initial: 0 })

/** number -> magnitude -> twice -> text, every run noted. */
function tower(): { readonly ran: string[]; readonly magnitude: typeof magnitude; readonly twice: typeof twice; readonly text: typeof text } {
  const ran: string[] = []
  const magnitude = derived('magnitude', (q, name: string) => {
    ran.push('magnitude')
    return { value: Math.abs(q.get(number, name)) }
  })
  const twice = derived('twice', (q, name: string) => {
    ran.push('twice')
    return q.get(magnitude, name).value * 2
  })
  const text = derived('text', async (q, name: string) => {
    ran.push('text')
    return String(q.get(twice, name))
  })
  return { ran, magnitude, twice, text }
}

describe('early cutoff', () => {
  it('[VAL-1] stops at an equal value although the stack had to be freed on the way to it', () => {
    const ran: string[] = []
    const link: Derived<[from: number, at: number], number> = derived('link', (q, from: number, at: number): number => (at === 0 ? from : q.get(link, from, at - 1)))
    const isKnown = derived('isKnown', (q) => [ran.push('isKnown'), q.get(link, q.get(number, 'n'), 400) >= 0].at(-1))
    const refusal = new Error('refused')
    const refused = derived('refused', (q): never => {
      ran.push('refused')
      q.get(isKnown)
      throw refusal
    }, { errors: 'dependencies' })
    const reader = derived('reader', (q) => {
      ran.push('reader')
      return [q.get(number, 'n'), thrownBy(() => q.get(refused))]
    })
    const db = createDatabase()
    for (const n of [1, 2, 3]) {
      db.set(number, 'n', n)
      expect(db.get(reader)).toEqual([n, refusal])
      // The bodies above the long chain begin again; what is only compared with what it saw does not run.
      expect(new Set(ran)).toEqual(new Set(n === 1 ? ['reader', 'refused', 'isKnown'] : ['reader', 'isKnown']))
      ran.length = 0
    }
  })

  it('[VAL-1] an equal value keeps the stamp and the reference; dependents do not run', async () => {
    const { ran, magnitude, text } = tower()
    const db = createDatabase()
    db.set(number, 'a', 1)
    await db.get(text, 'a')
    const before = db.get(magnitude, 'a')
    ran.length = 0
    const log = record(db, 'run', 'change', 'validation')
    db.set(number, 'a', -1)
    expect(await db.get(text, 'a')).toBe('2')
    expect(ran).toEqual(['magnitude'])
    expect(log.take()).toEqual(['run magnitude(a)', 'same magnitude(a)', 'keep twice(a)', 'keep text(a)'])
    expect(db.get(magnitude, 'a')).toBe(before)
    expect(db.touch(magnitude, 'a')).toBe(1)
  })

  it('[VAL-1] an async run that ends in an equal value is cut off too', async () => {
    const stops = new Stops()
    const ran: string[] = []
    const low = derived('low', async (q) => {
      ran.push('low')
      const value = Math.abs(q.get(number, 'a'))
      await stops.at('low')
      return [value]
    })
    const high = derived('high', async (q) => [ran.push('high'), (await q.get(low))[0]].at(-1))
    const db = createDatabase()
    db.set(number, 'a', 1)
    const first = db.get(high)
    await stops.openAll()
    await first
    const value = await db.get(low)
    ran.length = 0
    db.set(number, 'a', -1)
    const second = db.get(high)
    await stops.openAll()
    expect(await second).toBe(1)
    expect(await db.get(low)).toBe(value)
    expect(ran).toEqual(['low'])
  })

  it('[VAL-2] after a cutoff, any number of unrelated writes and gets run nothing', async () => {
    const { ran, text, twice } = tower()
    const db = createDatabase()
    db.set(number, 'a', 1)
    await db.get(text, 'a')
    db.set(number, 'a', -1)
    await db.get(text, 'a')
    ran.length = 0
    for (let i = 1; i <= 20; i++) {
      db.set(number, 'b', i)
      await db.get(text, 'a')
      db.get(twice, 'a')
    }
    expect(ran).toEqual([])
  })

  it('[VAL-2] also when a cutoff and a change came together in one cell', () => {
    const { ran, magnitude } = tower()
    const sum = derived('sum', (q) => [ran.push('sum'), q.get(magnitude, 'a').value + q.get(magnitude, 'b').value].at(-1))
    const db = createDatabase()
    db.set(number, 'a', 1)
    db.get(sum)
    db.batch((tx) => {
      tx.set(number, 'a', -1)
      tx.set(number, 'b', 5)
    })
    expect(db.get(sum)).toBe(6)
    ran.length = 0
    for (let i = 1; i <= 5; i++) {
      db.set(number, 'c', i)
      expect(db.get(sum)).toBe(6)
    }
    expect(ran).toEqual([])
  })

  it('[VAL-3] a write and its reversal before any read: the direct reader runs once at most, its dependents do not', async () => {
    const { ran, text } = tower()
    const db = createDatabase()
    db.set(number, 'a', 1)
    await db.get(text, 'a')
    ran.length = 0
    db.set(number, 'a', 2)
    db.set(number, 'a', 1)
    expect(await db.get(text, 'a')).toBe('2')
    expect(ran.length).toBeLessThanOrEqual(1)
    expect(ran).not.toContain('twice')
    ran.length = 0
    db.remove(number, 'a')
    db.set(number, 'a', 1)
    expect(await db.get(text, 'a')).toBe('2')
    expect(ran).not.toContain('twice')
  })

  it('[VAL-9] equals: false makes every run a change, also of an identical reference', () => {
    const ran: string[] = []
    const same = Object.freeze({})
    const always = derived('always', (q) => [q.get(number, 'a'), same].at(-1), { equals: false })
    const high = derived('high', (q) => [ran.push('high'), q.get(always)].at(-1))
    const db = createDatabase()
    db.get(high)
    db.set(number, 'b', 1)
    db.get(high)
    expect(ran).toEqual(['high'])
    db.set(number, 'a', 1)
    expect(db.get(high)).toBe(same)
    expect(ran).toEqual(['high', 'high'])
    expect(db.touch(always)).toBe(2)
  })

  it('[VAL-9] an input with equals: false: setting an equal value is a commit', () => {
    const ran: string[] = []
    const signal = input<[], number>('signal', { equals: false })
    const reader = derived('reader', (q) => [ran.push('reader'), q.get(signal)].at(-1))
    const db = createDatabase()
    db.set(signal, 1)
    db.get(reader)
    db.set(signal, 1)
    db.get(reader)
    expect(ran).toEqual(['reader', 'reader'])
    expect(db.revision).toBe(2)
  })

  it('[VAL-10] the default equality cuts off: NaN and structures do, −0 after 0 does not', () => {
    const ran: string[] = []
    const results: unknown[] = [NaN, NaN, { a: [NaN, new Map([['k', new Set([1])]])] }, { a: [NaN, new Map([['k', new Set([1])]])] }, new Date(5), new Date(5), 0, -0]
    const low = derived('low', (q) => results[q.get(number, 'i')])
    const high = derived('high', (q) => [ran.push(String(q.peek(number, 'i'))), q.get(low)].at(-1))
    const db = createDatabase()
    for (let i = 0; i < results.length; i++) {
      db.set(number, 'i', i)
      expect(Object.is(db.get(high), results[i]) || i % 2 === 1).toBe(true)
    }
    expect(ran).toEqual(['0', '2', '4', '6', '7'])
  })

  it('[VAL-12] a query that read nothing is never run again, save when it is invalidated', async () => {
    const ran: string[] = []
    const constant = derived('constant', () => ran.push('constant'))
    const later = derived('later', async () => ran.push('later'))
    const db = createDatabase()
    for (let i = 0; i < 3; i++) {
      db.get(constant)
      await db.get(later)
      db.set(number, 'a', i + 1)
    }
    expect(ran).toEqual(['constant', 'later'])
    db.invalidate(constant)
    db.get(constant)
    expect(ran).toEqual(['constant', 'later', 'constant'])
  })
})

describe('the equality function', () => {
  it('[VAL-8] is called once for a re-run, with the old and the new value, and never for identical references', async () => {
    const calls: [number, number][] = []
    const boxes = [{ n: 1 }, { n: 2 }]
    const box = derived('box', (q) => boxes[q.get(number, 'i') % 2] as { n: number }, {
      equals: (a, b) => {
        calls.push([a.n, b.n])
        return false
      },
    })
    const later = derived('later', async (q) => ({ n: q.get(number, 'i') }), {
      equals: (a, b) => {
        calls.push([a.n, b.n])
        return true
      },
    })
    const db = createDatabase()
    db.get(box)
    await db.get(later)
    expect(calls).toEqual([])
    db.set(number, 'i', 2)
    db.get(box)
    db.get(box)
    expect(calls).toEqual([])
    db.set(number, 'i', 3)
    db.get(box)
    expect(calls.splice(0)).toEqual([[1, 2]])
    await Promise.all([db.get(later), db.get(later)])
    expect(calls).toEqual([[0, 3]])
  })

  it('[VAL-8] is called no oftener while a snapshot is held', () => {
    const calls: string[] = []
    const box = derived('box', (q) => ({ n: q.get(number, 'i') }), {
      equals: (a, b) => {
        calls.push(`${a.n} ${b.n}`)
        return a.n === b.n
      },
    })
    const above = derived('above', (q) => q.get(box).n)
    const db = createDatabase()
    db.get(above)
    const snapshots = [db.snapshot()]
    for (const value of [1, 0, 1]) {
      db.set(number, 'i', value)
      expect([db.get(above), calls.splice(0)]).toEqual([value, [`${1 - value} ${value}`]])
      snapshots.push(db.snapshot())
    }
    expect([snapshots.map((snapshot) => snapshot.get(above)), calls]).toEqual([[0, 1, 0, 1], []])
  })

  it('[VAL-8] one that throws makes the outcome a failure that names the definition; the next access works', async () => {
    const cause = new Error('cannot compare')
    let broken = true
    const equals = (): boolean => {
      if (broken) throw cause
      return false
    }
    const sync = derived('sync', (q) => q.get(number, 'a'), { equals })
    const later = derived('later', async (q) => q.get(number, 'a'), { equals })
    const top = derived('top', async (q) => q.get(sync) + (await q.get(later)))
    const db = createDatabase()
    expect(await db.get(top)).toBe(0)
    db.set(number, 'a', 1)
    for (const error of [thrownBy(() => db.get(sync)), await rejectionOf(db.get(later)), await rejectionOf(db.get(top))]) {
      expect(error).toBeInstanceOf(EqualityError)
      expect(error).toMatchObject({ cause })
    }
    expect(thrownBy(() => db.get(sync))).toMatchObject({ definition: 'sync' })
    expect(thrownBy(() => db.get(sync))).toBe(thrownBy(() => db.get(sync)))
    expect(db.stats().jobs).toBe(0)
    broken = false
    db.set(number, 'b', 1)
    expect([db.get(sync), await db.get(later), await db.get(top)]).toEqual([1, 1, 2])
  })

  it('[VAL-8 ERR-2] what it threw once is not kept, also where failures are kept until something changes', () => {
    let isBroken = true
    const box = derived('box', (q) => ({ n: q.get(number, 'i') }), {
      errors: 'dependencies',
      equals: (a, b) => {
        if (isBroken) throw new Error('cannot compare')
        return a.n === b.n
      },
    })
    const db = createDatabase()
    db.get(box)
    db.set(number, 'i', 1)
    expect(thrownBy(() => db.get(box))).toBeInstanceOf(EqualityError)
    isBroken = false
    db.set(number, 'other', 1)
    expect(db.get(box)).toEqual({ n: 1 })
  })

  it('[VAL-8] it cannot write, and one that reads the database is not tracked', () => {
    const ran: string[] = []
    const db = createDatabase()
    const writes = derived('writes', (q) => q.get(number, 'a'), { equals: () => db.set(number, 'b', 1) > 0 })
    const reads = derived('reads', (q) => [ran.push('reads'), q.get(number, 'a')].at(-1), { equals: (a, b) => [db.get(number, 'c'), a === b].at(-1) as boolean })
    db.get(writes)
    db.get(reads)
    db.set(number, 'a', 1)
    expect(thrownBy(() => db.get(writes))).toMatchObject({ name: 'EqualityError', cause: expect.objectContaining({ name: 'WriteInQueryError' }) })
    expect(db.get(reads)).toBe(1)
    db.set(number, 'c', 1)
    db.get(reads)
    expect(ran).toEqual(['reads', 'reads'])
  })

  it('[VAL-8 IN-12] nor can the methods by which values are compared, of queries and of inputs', () => {
    const errors: unknown[] = []
    let isArmed = false
    class Box {
      readonly value: number
      constructor(value: number) {
        this.value = value
      }
      equals(other: Box): boolean {
        if (isArmed) errors.push(thrownBy(() => db.set(number, 'i', 99)))
        return this.value === other.value
      }
      hashCode(): number {
        return this.value
      }
    }
    const box = derived('box', (q) => new Box(q.get(number, 'i')))
    const boxes = input<[], Box>('boxes')
    const db = createDatabase()
    db.get(box)
    db.set(boxes, new Box(0))
    db.set(number, 'i', 1)
    isArmed = true
    expect(db.get(box).value).toBe(1)
    db.set(boxes, new Box(1))
    expect(errors.map((error) => (error as Error).constructor)).toEqual([WriteInQueryError, WriteInQueryError])
    expect([db.get(number, 'i'), db.get(box).value, db.get(boxes)?.value]).toEqual([1, 1, 1])
  })
})
