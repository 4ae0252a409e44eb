/** Reads that leave no trace in a file, of interned values and of inputs that never change: no result outlives what it was read from. */
import { createDatabase, type Database, derived, type Durability, input, type Input, interned } from 'pebre'
import { loadCache, MemoryPort, saveCache } from 'pebre/persist'
import type { Random } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { forSeeds } from '../support/random.js'

const log: string[] = []
const ran = (): string[] => log.splice(0)
const place = (): { port: MemoryPort; name: string } => ({ port: new MemoryPort(), name: 'c' })

type Fixed = Input<[key: string], number>

const fixedAs = (durability: Durability): Fixed => input<[key: string], number>('fixed', { durability })
const never = fixedAs('never')
const other = input<[key: string], number>('other')
const symbol = interned<string>('symbol')

/** Queries over an input of some durability. */
function over(fixed: Fixed): { read: typeof read; above: typeof above; apart: typeof apart; named: typeof named } {
  const read = derived('read', (q, key: string) => {
    log.push('read')
    return q.get(fixed, key) ?? 0
  })
  const above = derived('above', (q, key: string) => {
    log.push('above')
    return q.get(read, key) * 2 + (q.get(other, key) ?? 0)
  })
  const apart = derived('apart', (q, key: string) => {
    log.push('apart')
    return q.get(other, key) ?? -1
  })
  const named = derived('named', (q, key: string) => {
    log.push('named')
    return q.intern(symbol, `name ${q.get(other, key)}`)
  })
  return { read, above, apart, named }
}

const queries = over(never)

describe('results that were made from an input that never changes', () => {
  async function saved(): Promise<ReturnType<typeof place>> {
    const at = place()
    const db = createDatabase()
    db.set(never, 'a', 1)
    db.set(other, 'a', 5)
    db.get(queries.above, 'a')
    db.get(queries.apart, 'a')
    await saveCache(db, at)
    ran()
    return at
  }

  it('[DUR-4 DUR-5 PER-1] hold as long as it never changes, and not where it may', async () => {
    const at = await saved()
    const same = createDatabase({ definitions: [never, other, ...Object.values(queries)] })
    expect([await loadCache(same, at), same.get(queries.above, 'a'), ran()]).toMatchObject([{ dropped: [], queries: 3 }, 7, []])
    const high = fixedAs('high')
    const { read, above, apart } = over(high)
    const db = createDatabase({ definitions: [high, other, read, above, apart] })
    const report = await loadCache(db, at)
    expect(report).toMatchObject({ inputs: 2, queries: 0, dropped: [{ definition: 'above', count: 1, reason: 'dependencies' }, { definition: 'apart' }, { definition: 'read' }] })
    expect([db.get(above, 'a'), db.get(high, 'a')]).toEqual([7, 1])
    db.set(high, 'a', 3)
    expect([db.get(read, 'a'), db.get(above, 'a')]).toEqual([3, 11])
    await saveCache(db, at)
    const again = createDatabase({ definitions: [high, other, read, above, apart] })
    ran()
    expect([await loadCache(again, at), again.get(above, 'a'), ran()]).toMatchObject([{ dropped: [] }, 11, []])
  })

  it('[DUR-4 PER-9 PER-11] are not used without it, and stand again where it is known', async () => {
    const at = await saved()
    const db = createDatabase({ definitions: [other, ...Object.values(queries)] })
    expect(await loadCache(db, at)).toMatchObject({ unknown: ['fixed'], queries: 0 })
    expect([db.get(queries.read, 'a'), db.get(never, 'a')]).toEqual([0, undefined])
    db.set(never, 'a', 4)
    expect([db.get(queries.read, 'a'), db.get(queries.above, 'a')]).toEqual([4, 13])
    const none = createDatabase()
    await loadCache(none, at)
    await saveCache(none, at)
    const again = createDatabase({ definitions: [never, other, ...Object.values(queries)] })
    ran()
    expect([await loadCache(again, at), again.get(queries.above, 'a'), ran()]).toMatchObject([{ dropped: [] }, 7, []])
  })

  it('[DUR-4 PER-7] are not used where it has become something else', async () => {
    const at = await saved()
    const computed = derived('fixed', (_q, _key: string) => 9)
    const read = derived('read', (q, key: string) => q.get(computed, key))
    const db = createDatabase({ definitions: [computed, read, other] })
    await loadCache(db, at, { onMismatch: 'drop' })
    expect([db.get(read, 'a'), (await saveCache(db, at)).retained]).toEqual([9, []])
  })

  it('[DUR-4 PER-9] that are kept for other programs go when this one sets the input itself', async () => {
    const at = await saved()
    const db = createDatabase({ definitions: [other] })
    expect(await loadCache(db, at)).toMatchObject({ unknown: ['fixed', 'above', 'apart', 'read'] })
    expect((await saveCache(db, place())).retained).toEqual(['fixed', 'above', 'apart', 'read'])
    db.set(never, 'a', 2)
    expect((await saveCache(db, at)).retained).toEqual([])
    const again = createDatabase({ definitions: [never, other, ...Object.values(queries)] })
    await loadCache(again, at)
    expect(again.get(queries.above, 'a')).toBe(9)
  })

  it('[PER-1 PER-9] a program that has done away with it loses its results once, not with every load', async () => {
    const at = await saved()
    const shown = derived('shown', (q, key: string) => (log.push('shown'), q.get(queries.apart, key) + 1))
    for (const expected of [['shown', 'apart'], [], []]) {
      const db = createDatabase({ definitions: [other, queries.apart, shown] })
      expect(await loadCache(db, at)).toMatchObject({ unknown: ['fixed', 'above', 'read'] })
      expect([db.get(shown, 'a'), ran()]).toEqual([6, expected])
      await saveCache(db, at)
    }
    const again = createDatabase({ definitions: [never, other, ...Object.values(queries), shown] })
    await loadCache(again, at)
    expect([again.get(queries.above, 'a'), again.get(shown, 'a'), ran()]).toEqual([7, 6, []])
    // What was kept was made from it; what was made here was not.
    const half = createDatabase({ definitions: [other, ...Object.values(queries), shown] })
    expect(await loadCache(half, at)).toMatchObject({ queries: 2, unknown: ['fixed'], dropped: [{ definition: 'above' }, { definition: 'read' }] })
  })
})

describe('results that may hold ids', () => {
  it('[INT-5 PER-9] are not used where the interned values are not known, and stand again where they are', async () => {
    const at = place()
    const one = createDatabase()
    one.set(other, 'a', 5)
    const id = one.get(queries.named, 'a')
    await saveCache(one, at)
    const db = createDatabase({ definitions: [other, queries.named] })
    expect(await loadCache(db, at)).toMatchObject({ unknown: ['symbol'], dropped: [{ definition: 'named', reason: 'dependencies' }] })
    expect(db.lookup(symbol, db.get(queries.named, 'a'))).toBe('name 5')
    const none = createDatabase()
    await loadCache(none, at)
    await saveCache(none, at)
    const again = createDatabase({ definitions: [other, symbol, queries.named] })
    await loadCache(again, at)
    ran()
    expect([again.get(queries.named, 'a'), again.lookup(symbol, id), ran()]).toEqual([id, 'name 5', []])
    none.intern(symbol, 'name 5')
    expect((await saveCache(none, place())).retained).toEqual(['other'])
  })
})

describe('files of files', () => {
  it('[DUR-4 DUR-5 INT-5 PER-1 PER-9] generations of programs that know some definitions, and for which the input never changes or may: all answers are right', async () => {
    const keys = ['p', 'q', 'r']
    await forSeeds(300, async (random: Random) => {
      const port = new MemoryPort()
      const at = { port, name: 'c' }
      const model = { fixed: new Map<string, number>(), other: new Map<string, number>() }
      const check = (db: Database, fixed: Fixed, life: number): void => {
        const { read, above, apart, named } = over(fixed)
        for (const [key, query] of keys.flatMap((one) => [read, above, apart].map((each) => [one, each] as const))) {
          const [x, y] = [model.fixed.get(key) ?? 0, model.other.get(key)]
          expect([life, key, query.name, db.get(db_(db, query), key)]).toEqual([life, key, query.name, query.name === 'read' ? x : query.name === 'above' ? x * 2 + (y ?? 0) : (y ?? -1)])
        }
        for (const key of keys) expect([life, db.lookup(symbol, db.get(db_(db, named), key))]).toEqual([life, `name ${model.other.get(key)}`])
      }
      // Definitions of one name must be the same object within one database.
      const known = new Map<Database, ReturnType<typeof over>>()
      const db_ = <Q extends { readonly name: string }>(db: Database, query: Q): Q => (known.get(db) as unknown as Record<string, Q>)[query.name] as Q
      for (let life = 0; life < 5; life++) {
        const fixed = fixedAs(random.pick(['never', 'never', 'high']))
        const own = over(fixed)
        const isWhole = life % 2 === 0
        const has = (): boolean => isWhole || random.chance(0.6)
        const [hasFixed, hasSymbol] = [has(), has()]
        const definitions = [other, ...(hasFixed ? [fixed] : []), ...(hasSymbol ? [symbol] : []), ...Object.values(own).filter(has)]
        const db = createDatabase({ definitions })
        known.set(db, own)
        await loadCache(db, at)
        for (let step = random.int(8); step > 0; step--) {
          const key = random.pick(keys)
          const die = random.int(5)
          const value = random.int(5)
          if (die === 0) {
            db.set(other, key, value)
            model.other.set(key, value)
          } else if (die === 1 && hasFixed && (fixed.options.durability !== 'never' || !model.fixed.has(key))) {
            db.set(fixed, key, value)
            model.fixed.set(key, value)
          } else if (die === 2) db.get(own.apart, key)
          else if (die === 3 && hasFixed) db.get(random.pick([own.read, own.above]), key)
          else if (die === 4 && hasSymbol) db.get(own.named, key)
        }
        await saveCache(db, at)
        const again = createDatabase({ definitions: [other, fixed, symbol, ...Object.values(own)] })
        known.set(again, own)
        await loadCache(again, at)
        check(again, fixed, life)
      }
    })
  }, 60_000)
})

describe('results that were made through a query that is not saved', () => {
  const factors = { 1: 10, 2: 100 }
  const product = (version: 1 | 2, persist: boolean) => derived('product', (q, key: string) => {
    log.push('product')
    return (q.get(other, key) ?? 0) * factors[version]
  }, { version, persist })
  const sums = (of: ReturnType<typeof product>) => {
    const sum = derived('sum', (q, key: string) => {
      log.push('sum')
      return q.get(of, key) + 1
    })
    const top = derived('top', (q, key: string) => {
      log.push('top')
      return `${q.get(sum, key)}`
    })
    return { of, sum, top, definitions: [other, of, sum, top] }
  }

  it.each([['persist: false', false], ['a limit', true]])('[PER-8 PER-12] stand for its version, where %s left it out', async (_, persist) => {
    const at = place()
    const { of, top, definitions } = sums(product(1, persist))
    const db = createDatabase({ definitions })
    db.set(other, 'a', 5)
    expect(db.get(top, 'a')).toBe('51')
    if (persist) db.limit(of, 0)
    db.set(other, 'b', 5)
    expect((await saveCache(db, at)).sections.map(({ name }) => name)).toEqual(['other', 'sum', 'top'])
    ran()
    const same = createDatabase({ definitions })
    expect([await loadCache(same, at), same.get(top, 'a'), ran()]).toMatchObject([{ dropped: [] }, '51', []])
    for (const kept of [true, false]) {
      const now = sums(product(2, kept))
      const changed = createDatabase({ definitions: now.definitions })
      expect(await loadCache(changed, at)).toMatchObject({ dropped: [{ definition: 'sum', reason: 'dependencies' }, { definition: 'top', reason: 'dependencies' }] })
      expect([changed.get(now.top, 'a'), ran()]).toEqual(['501', ['top', 'sum', 'product']])
    }
    const unknown = createDatabase({ definitions: definitions.filter((definition) => definition !== of) })
    expect([await loadCache(unknown, at), unknown.get(top, 'a'), ran()]).toMatchObject([{ queries: 0 }, '51', ['top', 'sum', 'product']])
  })
})

describe('an input with an initial value', () => {
  it('[PER-1 IN-14 IN-15] holds the keys of the file, also those that hold the initial value', async () => {
    const at = place()
    const [plain, rising] = [input<[key: string], number>('count'), input<[key: string], number>('count', { initial: 0 })]
    const namesOf = (of: typeof plain) => derived('names', (q) => {
      log.push('names')
      return q.keys(of).join()
    })
    const names = namesOf(rising)
    const db = createDatabase({ definitions: [rising, names] })
    for (const value of [1, 0]) db.set(rising, 'a', value)
    expect([db.get(names), db.keys(rising), ran()]).toEqual(['a', ['a'], ['names']])
    await saveCache(db, at)
    const again = createDatabase({ definitions: [rising, names] })
    await loadCache(again, at)
    expect([again.keys(rising), again.get(names), ran()]).toEqual([['a'], 'a', []])
    const elsewhere = place()
    const bare = createDatabase({ definitions: [plain] })
    bare.set(plain, 'a', 0)
    await saveCache(bare, elsewhere)
    const given = createDatabase({ definitions: [rising] })
    expect([given.get(rising, 'a'), await loadCache(given, elsewhere), given.get(rising, 'a'), given.keys(rising)]).toMatchObject([0, { inputs: 1 }, 0, ['a']])
    await saveCache(given, elsewhere)
    const back = createDatabase({ definitions: [plain] })
    await loadCache(back, elsewhere)
    expect(back.get(plain, 'a')).toBe(0)
  })
})
