/** Durability: how seldom inputs change, and what need not be looked at because of it. */
import { gate } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, type Durability, DurabilityError, input, interned, InvalidDefinitionError, type View } from '../../src/index.js'
import { levelIn } from '../../src/core/node.js'
import { localOf, originOf } from '../../src/core/records.js'
import type { AnyDerived } from '../../src/core/define.js'
import { branchOf } from '../model/invariants.js'
import { edges } from '../support/inspect.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const low = input<[key: string], number>('low')
const medium = input<[key: string], number>('medium', { durability: 'medium' })
const high = input<[key: string], number>('high', { durability: 'high' })
const never = input<[key: string], number>('never', { durability: 'never' })
const symbol = interned<string>('symbol')
const ran: string[] = []
const taken = (): string[] => ran.splice(0)

/** The effective durability of what a query holds. */
function levelOf(view: View, query: AnyDerived): number {
  const branch = branchOf(view)
  const node = localOf(branch, originOf(branch.family.head, query, [], 0, 0))
  return 'flags' in node ? levelIn(node.flags) : -1
}

describe('levels', () => {
  it('[DUR-1 DUR-2] a result is as durable as the least of what it read; what reads nothing never changes', () => {
    const of = (name: string, body: (q: Parameters<Parameters<typeof derived>[1]>[0]) => unknown): AnyDerived => derived(name, body)
    const db = createDatabase({ definitions: [low, medium, high, never] })
    for (const definition of [low, medium, high, never]) db.set(definition, 'a', 1)
    const viaHigh = derived('via high', (q) => q.get(high, 'a'))
    const queries: [AnyDerived, number][] = [
      [of('nothing', () => 1), 3],
      [of('interns', (q) => q.lookup(symbol, q.intern(symbol, 'x'))), 3],
      [of('never read', (q) => q.get(never, 'a')), 3],
      [of('never absent', (q) => q.get(never, 'absent')), 3],
      [viaHigh, 2],
      [of('high and medium', (q) => [q.get(viaHigh), q.get(medium, 'a')]), 1],
      [of('keys', (q) => q.keys(high).length), 2],
      [of('all', (q) => [q.get(viaHigh), q.get(never, 'a'), q.get(low, 'a')]), 0],
      [of('volatile', (q) => (q.volatile(), q.get(never, 'a'))), 0],
      [of('later', async (q) => [await Promise.resolve(), q.get(high, 'a'), q.get(medium, 'a')]), 1],
    ]
    for (const [query] of queries) db.get(query as typeof viaHigh)
    const tainted = derived('tainted', (q) => [q.get(high, 'a'), q.get(queries[8]?.[0] as typeof viaHigh)])
    db.get(tainted)
    return Promise.resolve().then(() => Promise.resolve()).then(() => {
      expect(queries.map(([query]) => [query.name, levelOf(db, query)])).toEqual(queries.map(([{ name }, level]) => [name, level]))
      expect(levelOf(db, tainted)).toBe(0)
    })
  })

  it('[DUR-1] there are four of them', () => {
    for (const durability of ['', 'none', 3, null]) expect(thrownBy(() => input('wrong', { durability: durability as Durability }))).toBeInstanceOf(InvalidDefinitionError)
  })

  it('[DUR-6] an equal result that is less durable gets a new stamp, so that its dependents learn of it; nobody is told of a change', () => {
    const picked = derived('picked', (q) => {
      ran.push('picked')
      return q.get(high, 'which') === 1 ? q.get(high, 'a') : q.get(low, 'a')
    })
    const top = derived('top', (q) => {
      ran.push('top')
      return q.get(picked)
    })
    const db = createDatabase()
    db.batch((tx) => {
      tx.set(high, 'which', 1)
      tx.set(high, 'a', 7)
      tx.set(low, 'a', 7)
    })
    const seen: unknown[] = []
    const subscription = db.observe(top).subscribe((value) => seen.push(value))
    expect([levelOf(db, top), taken()]).toEqual([2, ['top', 'picked']])
    db.set(high, 'which', 2)
    expect([levelOf(db, top), taken(), seen]).toEqual([0, ['picked', 'top'], [7]])
    db.set(high, 'which', 1)
    expect([taken(), seen]).toEqual([['picked'], [7]])
    subscription.unsubscribe()
  })
})

describe('what is not looked at', () => {
  it('[DUR-3] a durable result is proved in a snapshot without its reads, as long as nothing so durable has changed', () => {
    const count = 50
    const part = derived('part', (q, i: number) => q.get(high, `k${i}`) ?? i)
    const sum = derived('sum', (q) => Array.from({ length: count }, (_, i) => q.get(part, i)).reduce((a, b) => a + b, 0))
    const total = derived('total', (q) => {
      ran.push('total')
      return q.get(sum) + (q.get(high, 'extra') ?? 0)
    })
    const db = createDatabase({ definitions: [high] })
    db.set(low, 'a', 1)
    const answer = db.get(total)
    taken()
    const before = db.snapshot()
    db.set(high, 'extra', 1000)
    const between = db.snapshot()
    db.set(low, 'a', 2)
    db.get(total)
    taken()
    const proved = (view: View): number => branchOf(view).memos.size
    expect([before.get(total), taken(), proved(before)]).toEqual([answer, [], 1])
    expect([between.get(total), taken(), proved(between)]).toEqual([answer + 1000, [], 1])
    db.set(high, 'k3', 1)
    const after = db.snapshot()
    db.set(high, 'extra', 1)
    db.get(total)
    taken()
    expect([after.get(total), taken()]).toEqual([answer + 1000 - 2, ['total']])
  })
})

describe('first use', () => {
  it.each(['low', 'medium', 'high', 'never'] as const)('[BIND-1 DUR-3 DUR-4] a definition that is first used by a write: an evaluation that began before it reads as of its own revision (%s)', async (durability) => {
    const db = createDatabase()
    const first = input<[], number>('first', { initial: 0, durability })
    const read = derived('read', (q) => q.get(first))
    const opened = gate()
    const slow = derived('slow', async (q) => {
      await opened.promise
      return q.get(read)
    })
    const early = db.get(slow)
    db.set(first, 3)
    const snapshot = db.snapshot()
    expect([db.get(read), snapshot.get(read)]).toEqual([3, 3])
    opened.open()
    expect([await early, await db.get(slow)]).toEqual([0, 3])
  })
})

describe('never', () => {
  it('[DUR-5] a second, different value is refused, in every way; an equal one is no change', () => {
    const db = createDatabase()
    db.set(never, 'a', 1)
    const writes: (() => unknown)[] = [
      () => db.set(never, 'a', 2),
      () => db.remove(never, 'a'),
      () => db.update(never, 'a', () => 2),
      () => db.replaceAll(never, []),
      () => db.batch((tx) => {
        tx.set(low, 'x', 1)
        tx.set(never, 'a', 2)
      }),
      () => db.snapshot().set(never, 'a', 2),
      () => db.node(never, 'a').next(2),
    ]
    for (const write of writes) expect(thrownBy(write)).toBeInstanceOf(DurabilityError)
    expect(thrownBy(() => db.set(never, 'a', 2))).toMatchObject({ definition: 'never', key: 'never(a)' })
    expect([db.set(never, 'a', 1), db.get(never, 'a'), db.get(low, 'x'), db.revision]).toEqual([1, 1, undefined, 1])
    expect(db.batch((tx) => {
      tx.set(never, 'b', 1)
      tx.set(never, 'b', 2)
    })).toBe(2)
    expect(db.get(never, 'b')).toBe(2)
  })

  it('[DUR-5 IN-2] its readers keep no edge once it is set, and wait for it before', () => {
    const read = derived('read', (q) => {
      ran.push('read')
      return [q.get(never, 'a'), q.get(low, 'a')]
    })
    const db = createDatabase()
    expect([db.get(read), edges(db, read)]).toEqual([[undefined, undefined], ['never(a)', 'low(a)']])
    db.set(never, 'a', 1)
    expect([db.get(read), edges(db, read), taken()]).toEqual([[1, undefined], ['low(a)'], ['read', 'read']])
    db.set(low, 'a', 2)
    expect([db.get(read), edges(db, read)]).toEqual([[1, 2], ['low(a)']])
  })

  it('[DUR-5 DER-2] the edges beside it stay, wherever it was read', () => {
    const part = derived('part', (q, key: string) => q.get(low, key) ?? 0)
    const sum = derived('sum', (q) => {
      ran.push('sum')
      return q.get(part, 'a') + q.get(part, 'b') + (q.get(never, 'a') ?? 0) + q.get(part, 'c')
    })
    const db = createDatabase()
    taken()
    db.set(never, 'a', 100)
    expect([db.get(sum), edges(db, sum), taken()]).toEqual([100, ['part(a)', 'part(b)', 'part(c)'], ['sum']])
    for (const [i, key] of ['a', 'b', 'c'].entries()) {
      db.set(low, key, 1)
      expect([db.get(sum), taken()]).toEqual([101 + i, ['sum']])
    }
  })

  it('[DUR-5 SNAP-2] views in which it is not set, or set to something else, are not given what was computed with it', () => {
    const read = derived('read', (q) => q.get(never, 'a') ?? -1)
    const db = createDatabase({ definitions: [never] })
    const before = db.snapshot()
    const fork = db.snapshot()
    db.set(never, 'a', 1)
    fork.set(never, 'a', 2)
    expect([db.get(read), before.get(read), fork.get(read), fork.snapshot().get(read)]).toEqual([1, -1, 2, 2])
    expect(thrownBy(() => db.promote(fork, { onConflict: 'view' }))).toBeInstanceOf(DurabilityError)
    fork.set(low, 'a', 5)
    db.restore(before)
    expect([db.get(never, 'a'), db.get(read)]).toEqual([1, 1])
    const other = before.snapshot()
    other.restore(db)
    expect(other.get(read)).toBe(1)
  })
})

describe('random programs', () => {
  it('[DUR-4] answer the same with all annotations removed', async () => {
    await forSeeds(80, async (random) => {
      const keys = ['a', 'b', 'c']
      const build = (isAnnotated: boolean): { view: View; write: (view: View, level: number, key: string, value: number) => void; read: (view: View, key: string) => unknown[] } => {
        const options = (durability: Durability): { durability?: Durability } => (isAnnotated ? { durability } : {})
        const inputs = (['low', 'medium', 'high'] as const).map((name) => input<[key: string], number>(name, options(name)))
        const get = (q: View | Parameters<Parameters<typeof derived>[1]>[0], level: number, key: string): number => q.get(inputs[level] as (typeof inputs)[number], key) ?? -1
        const pick = derived('pick', (q, key: string) => {
          const at = get(q, 2, key)
          return at > 1 ? get(q, 0, key) : at > 0 ? get(q, 1, 'a') : get(q, 2, 'b')
        })
        const even = derived('even', (q, key: string) => q.get(pick, key) % 2 === 0)
        const top = derived('top', (q, key: string) => (q.get(even, key) ? [q.get(pick, 'c'), get(q, 1, key)] : [q.get(even, 'a'), q.keys(inputs[2] as (typeof inputs)[number]).join()]), isAnnotated ? { history: 1 } : {})
        return {
          view: createDatabase({ definitions: inputs }),
          write: (view, level, key, value) => (value < 0 ? view.remove(inputs[level] as (typeof inputs)[number], key) : view.set(inputs[level] as (typeof inputs)[number], key, value)),
          read: (view, key) => [view.get(even, key), view.get(top, key)],
        }
      }
      const [durable, plain] = [build(true), build(false)]
      const views: (readonly [View, View])[] = [[durable.view, plain.view]]
      for (let turn = 0; turn < 80; turn++) {
        const [one, two] = random.pick(views)
        if (random.chance(0.15) && views.length < 6) views.push([one.snapshot(), two.snapshot()])
        else if (random.chance(0.6)) {
          const write = [random.pick([0, 0, 0, 1, 2]), random.pick(keys), random.int(4) - 1] as const
          durable.write(one, ...write)
          plain.write(two, ...write)
        } else if (random.chance(0.2)) {
          const [from, other] = random.pick(views)
          one.restore(from)
          two.restore(other)
        }
        const [a, b] = random.pick(views)
        const key = random.pick(keys)
        if (random.chance(0.6)) expect(durable.read(a, key)).toEqual(plain.read(b, key))
      }
    })
  })

  it('[DUR-3 REV-4] an invalidation reaches a snapshot through results of any durability', () => {
    const levels: readonly Durability[] = ['low', 'high', 'never']
    for (const durability of levels) {
      const base = input<[], number>('base', { durability })
      let factor = 1
      const log: string[] = []
      const scaled = derived('scaled', (q) => {
        log.push('scaled')
        return (q.get(base) ?? 0) * factor
      })
      const sum = derived('sum', (q) => {
        log.push('sum')
        return q.get(scaled)
      })
      const db = createDatabase()
      db.set(base, 1)
      db.get(sum)
      db.invalidate(scaled)
      factor = 2
      using view = db.snapshot()
      expect([durability, view.get(sum), log]).toEqual([durability, 2, ['sum', 'scaled', 'scaled', 'sum']])
    }
  })

  it('[DUR-6 REV-4 VAL-1] an invalidation makes no result less durable, whether anybody listens or not', () => {
    for (const listens of [false, true]) {
      const base = input<[], number>('base', { durability: 'high', initial: 8 })
      const log: string[] = []
      const same = derived('same', (q) => {
        log.push('same')
        return q.get(base)
      })
      const top = derived('top', (q) => {
        log.push('top')
        return q.get(same)
      })
      const db = createDatabase()
      if (listens) db.events('run').subscribe(() => {})
      db.get(top)
      db.invalidate(same)
      db.get(top)
      expect([listens, log]).toEqual([listens, ['top', 'same', 'same']])
    }
  })
})
