/** Interned values: one number for equal values, one table for all views. */
import { List, Map as ImmutableMap } from 'immutable'
import { record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { createDatabase, derived, DuplicateDefinitionError, FinishedQueryError, input, interned, InvalidDefinitionError, InvalidIdError, type InternedId, InvalidKeyError, LimitExceededError, type Query } from '../../src/index.js'
import { forSeeds } from '../support/random.js'
import { thrownBy } from '../support/turns.js'

const symbol = interned<unknown>('symbol')
const path = interned<readonly string[]>('path')
const name = input<[], string>('name', { initial: 'a' })

describe('ids', () => {
  it('[INT-1] equal values have one id, unequal ones different ids', () => {
    const db = createDatabase()
    const groups: unknown[][] = [
      ['a'], ['b'], ['1'], [1, 1.0], [1n], [true], ['true'], [null], ['null'], [undefined], [NaN, NaN], [0, -0],
      [{ a: 1, b: [2] }, { b: [2], a: 1 }], [{ a: 1, b: undefined }], [{ a: 1 }], [[1, 2], [1, 2]], [[2, 1]], [[]], [{}],
      [new Date(0), new Date(0)], [new Date(1)], [new Uint8Array([1]), new Uint8Array([1])], [new Int8Array([1])], [List([1])], [ImmutableMap([['a', 1], ['b', 2]]), ImmutableMap([['b', 2], ['a', 1]])],
      ['\u00e9'], ['e\u0301'], ['\ud800'], ['__proto__'], [''],
    ]
    const ids = groups.map((group) => [...new Set(group.map((value) => db.intern(symbol, value)))])
    expect(ids.map(({ length }) => length)).toEqual(groups.map(() => 1))
    expect(new Set(ids.flat()).size).toBe(groups.length)
    for (const [i, [id]] of ids.entries()) expect(db.lookup(symbol, id as InternedId<unknown>)).toEqual(groups[i]?.at(-1) === 0 ? 0 : groups[i]?.[0])
  })

  it('[INT-1] random values: ids are equal where the values are', async () => {
    await forSeeds(20, (random) => {
      const db = createDatabase()
      const make = (depth: number): unknown => {
        const kind = random.int(depth > 0 ? 4 : 2)
        if (kind === 0) return random.int(3)
        if (kind === 1) return String(random.int(3))
        if (kind === 2) return Array.from({ length: random.int(3) }, () => make(depth - 1))
        const keys = ['x', 'y'].filter(() => random.chance(0.6))
        if (random.chance(0.5)) keys.reverse()
        return Object.fromEntries(keys.map((key) => [key, make(depth - 1)]))
      }
      const canonical = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part))
      const ids = new Map<string, number>()
      for (let i = 0; i < 100; i++) {
        const value = make(3)
        const id = db.intern(symbol, value)
        const text = canonical(value)
        expect(ids.get(text) ?? id).toBe(id)
        ids.set(text, id)
        expect(canonical(db.lookup(symbol, id))).toBe(text)
      }
      expect(new Set(ids.values()).size).toBe(ids.size)
    })
  })

  it('[INT-1 IN-9] what cannot be a key cannot be interned', () => {
    const db = createDatabase()
    for (const value of [() => {}, Symbol('s'), new Error('x'), [{ a: () => {} }]]) expect(thrownBy(() => db.intern(symbol, value))).toBeInstanceOf(InvalidKeyError)
    expect(db.lookup(symbol, db.intern(symbol, 'fine'))).toBe('fine')
  })

  it('[INT-1] an id is an argument, a value and a key like any number', () => {
    const size = input<[id: InternedId<readonly string[]>], number>('size')
    const depth = derived('depth', (q, id: InternedId<readonly string[]>) => q.lookup(path, id).length * (q.get(size, id) ?? 1))
    const db = createDatabase()
    const id = db.intern(path, ['a', 'b'])
    db.set(size, id, 10)
    expect([db.get(depth, id), db.keys(size), Number.isSafeInteger(id)]).toEqual([20, [id], true])
  })
})

describe('what interning leaves alone', () => {
  it('[INT-2] no revision, no event, no dependency: queries that intern or look up do not run again', () => {
    const ran: string[] = []
    const make = derived('make', (q, first: string) => {
      ran.push(`make ${first}`)
      return q.intern(path, [first, 'x'])
    })
    const show = derived('show', (q, first: string) => {
      ran.push(`show ${first}`)
      return q.lookup(path, q.get(make, first)).join('/')
    })
    const db = createDatabase()
    const log = record(db, 'input', 'revision', 'invalidation')
    expect([db.get(show, 'a'), db.get(show, 'b'), ran.splice(0)]).toEqual(['a/x', 'b/x', ['show a', 'make a', 'show b', 'make b']])
    for (let i = 0; i < 100; i++) db.intern(path, [String(i)])
    db.set(name, 'other')
    expect([db.get(show, 'a'), db.get(show, 'b'), ran, log.take(), db.revision]).toEqual(['a/x', 'b/x', [], ['revision 1', 'set name()'], 1])
    log.stop()
  })

  it('[INT-2 IN-12] a body may intern: it is no write', () => {
    const both = derived('both', (q) => [q.intern(symbol, 1), q.intern(symbol, 2)])
    const db = createDatabase()
    const [one, two] = db.get(both) as [InternedId<unknown>, InternedId<unknown>]
    expect([db.lookup(symbol, one), db.lookup(symbol, two)]).toEqual([1, 2])
    expect(db.read((q) => q.intern(symbol, 2))).toBe(two)
  })
})

describe('views', () => {
  it('[INT-3] one table for all: a new entry is readable through older snapshots at once, and the reverse', () => {
    const db = createDatabase()
    const old = db.snapshot()
    const written = db.snapshot()
    written.set(name, 'fork')
    const id = db.intern(path, ['new'])
    expect([old, written, written.snapshot()].map((view) => [view.lookup(path, id), view.intern(path, ['new'])])).toEqual([[['new'], id], [['new'], id], [['new'], id]])
    const below = old.intern(path, ['below'])
    expect([db.lookup(path, below), old.revision, db.revision]).toEqual([['below'], 0, 0])
    old.dispose()
    expect(db.lookup(path, below)).toEqual(['below'])
  })
})

describe('what is read back', () => {
  it('[INT-4] cannot be mutated, whatever happens to what was given, and without freeze too', () => {
    const db = createDatabase({ freeze: false })
    const given = { list: [1, { deep: 'x' }] as [number, { deep: string }] }
    const thing = interned<{ readonly list: [number, { deep: string }] }>('thing')
    const id = db.intern(thing, given)
    given.list[1].deep = 'changed'
    const value = db.lookup(thing, id)
    expect(value).toEqual({ list: [1, { deep: 'x' }] })
    expect(() => {
      value.list[1].deep = 'y'
    }).toThrow(TypeError)
    expect(() => (value.list as unknown[]).push(3)).toThrow(TypeError)
    expect(db.lookup(thing, id)).toBe(value)
    const bytes = interned<{ readonly at: Date; readonly bytes: Uint8Array }>('bytes')
    const dated = db.intern(bytes, { at: new Date(5), bytes: new Uint8Array([1, 2]) })
    db.lookup(bytes, dated).at.setTime(9)
    db.lookup(bytes, dated).bytes[0] = 9
    expect(db.lookup(bytes, dated)).toEqual({ at: new Date(5), bytes: new Uint8Array([1, 2]) })
  })

  it('[INT-4] an id of another database or definition, or no id, is refused', () => {
    const db = createDatabase()
    const other = createDatabase()
    const id = db.intern(path, ['a'])
    const foreign = other.intern(path, ['a'])
    const elsewhere = db.intern(symbol, ['a'])
    const refused: unknown[] = [foreign, elsewhere, 0, -1, NaN, id + 0.5, id + 1000, undefined, null, String(id), {}]
    for (const one of refused) expect(thrownBy(() => db.lookup(path, one as InternedId<readonly string[]>))).toBeInstanceOf(InvalidIdError)
    expect(thrownBy(() => db.lookup(path, elsewhere as never))).toMatchObject({ definition: 'path', id: elsewhere, message: `${elsewhere} is no id of path: it stands for a value of symbol. Use ids with the definition and database that interned them.` })
    expect(thrownBy(() => other.lookup(path, id))).toBeInstanceOf(InvalidIdError)
    expect(db.lookup(path, id)).toEqual(['a'])
    const fails = derived('fails', (q) => q.lookup(path, foreign))
    expect(thrownBy(() => db.get(fails))).toBeInstanceOf(InvalidIdError)
  })

  it('[INT-4 REV-8] one definition in two databases has ids of its own in each', () => {
    const [one, two] = [createDatabase(), createDatabase()]
    expect(one.intern(path, ['a'])).not.toBe(two.intern(path, ['a']))
  })
})

describe('definitions', () => {
  it('[INT-4 IN-8 DER-9] names are unique, kinds are not mixed up, and q ends with its query', () => {
    const db = createDatabase({ definitions: [symbol, name] })
    expect(thrownBy(() => db.intern(interned('name'), 1))).toBeInstanceOf(DuplicateDefinitionError)
    expect(thrownBy(() => db.get(input('symbol')))).toBeInstanceOf(DuplicateDefinitionError)
    expect(thrownBy(() => createDatabase({ definitions: [symbol, interned('symbol')] }))).toBeInstanceOf(DuplicateDefinitionError)
    expect(thrownBy(() => db.get(symbol as never))).toBeInstanceOf(InvalidDefinitionError)
    expect(thrownBy(() => db.intern(name as never, 1))).toBeInstanceOf(InvalidDefinitionError)
    expect(thrownBy(() => interned(''))).toBeInstanceOf(InvalidDefinitionError)
    const kept: Query[] = []
    db.get(derived('keeps', (q) => kept.push(q)))
    expect(thrownBy(() => kept[0]?.intern(symbol, 1))).toBeInstanceOf(FinishedQueryError)
    db.close()
    expect(thrownBy(() => db.intern(symbol, 1))).toMatchObject({ name: 'ClosedError' })
  })

  it('[MEM-6] interning over limits.stateBytes fails and leaves nothing; what is known costs nothing', () => {
    const db = createDatabase({ limits: { stateBytes: 400 } })
    const long = 'x'.repeat(100)
    const id = db.intern(symbol, long)
    const error = thrownBy(() => db.intern(symbol, 'y'.repeat(100)))
    expect(error).toBeInstanceOf(LimitExceededError)
    expect([db.intern(symbol, long), db.lookup(symbol, id)]).toEqual([id, long])
    expect(thrownBy(() => db.set(name, 'z'.repeat(100)))).toBeInstanceOf(LimitExceededError)
    db.set(name, 'z'.repeat(30))
    expect(thrownBy(() => db.intern(symbol, 'y'.repeat(50)))).toBeInstanceOf(LimitExceededError)
    db.remove(name)
    expect(db.lookup(symbol, db.intern(symbol, 'y'.repeat(50)))).toBe('y'.repeat(50))
  })
})
