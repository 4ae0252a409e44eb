/** Inputs: absent and present, equal and unequal, and what is refused. */
import { List } from 'immutable'
import { gate, record } from 'pebre/testing'
import { describe, expect, it } from 'vitest'
import { BatchError, createDatabase, type Database, derived, diff, DuplicateDefinitionError, EqualityError, input, InvalidKeyError, WriteInQueryError } from '../../src/index.js'
import { rejectionOf, thrownBy } from '../support/turns.js'

const file = input<[path: string], string | undefined>('file')
const other = input<[path: string], string>('other')
const show = derived('show', (q, path: string) => `${q.has(file, path)} ${q.get(file, path)}`)
const present = derived('present', (q, path: string) => q.has(file, path))

describe('absent and present', () => {
  it('[IN-1] a slot never set reads as absent, and its reader depends on it', () => {
    const db = createDatabase()
    const log = record(db, 'run', 'invalidation')
    expect([db.get(file, 'a'), db.has(file, 'a'), db.keys(file), db.get(show, 'a'), db.get(present, 'a')]).toEqual([undefined, false, [], 'false undefined', false])
    log.take()
    db.set(file, 'a', 'x')
    expect(log.take()).toEqual(['stale show(a)', 'stale present(a)'])
  })

  it('[IN-2] setting it makes those run again who found it absent, by get or by has, and nobody else', () => {
    const db = createDatabase()
    const log = record(db)
    db.get(show, 'a')
    db.get(present, 'a')
    db.get(show, 'b')
    log.take()
    db.set(file, 'a', 'x')
    expect([db.get(show, 'a'), db.get(present, 'a'), db.get(show, 'b'), log.take()]).toEqual(['true x', true, 'false undefined', ['run show(a)', 'run present(a)']])
  })

  it('[IN-3] removing a present key is one revision, and readers see it absent', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.get(show, 'a')
    const log = record(db, 'revision', 'input', 'run')
    expect([db.remove(file, 'a'), db.get(show, 'a'), db.get(file, 'a'), db.has(file, 'a'), db.keys(file)]).toEqual([2, 'false undefined', undefined, false, []])
    expect(log.take()).toEqual(['revision 2', 'remove file(a)', 'run show(a)'])
  })

  it('[IN-4] removing a missing key, or one removed before, is a no-op', () => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    db.remove(file, 'a')
    const log = record(db, 'revision', 'input', 'invalidation')
    expect([db.remove(file, 'a'), db.remove(file, 'never'), db.revision, log.take()]).toEqual([2, 2, 2, []])
  })

  it('[IN-4 IN-15] also where every value counts as a change, and where an initial value shows', () => {
    const loud = input<[name: string], number>('loud', { equals: false, initial: 0 })
    const silent = input<[name: string], number>('silent', { equals: false })
    const db = createDatabase()
    const log = record(db, 'revision', 'input')
    expect([db.remove(loud, 'a'), db.remove(silent, 'a')]).toEqual([0, 0])
    db.set(loud, 'a', 1)
    db.remove(loud, 'a')
    log.take()
    expect([db.remove(loud, 'a'), db.replaceAll(loud, []), log.take()]).toEqual([2, 2, []])
  })

  it('[IN-6] an explicit undefined is a value: has, keys, entries and readers tell it from absence', () => {
    const db = createDatabase()
    const log = record(db, 'revision', 'input', 'run')
    db.get(present, 'a')
    log.take()
    expect([db.set(file, 'a', undefined), db.has(file, 'a'), db.get(file, 'a'), db.keys(file), db.entries(file).has('a')]).toEqual([1, true, undefined, ['a'], true])
    expect([db.get(present, 'a'), db.get(show, 'a'), db.set(file, 'a', undefined)]).toEqual([true, 'true undefined', 1])
    expect([db.remove(file, 'a'), db.get(present, 'a'), db.entries(file).size]).toEqual([2, false, 0])
    expect(log.take()).toEqual(['revision 1', 'set file(a)', 'run present(a)', 'run show(a)', 'revision 2', 'remove file(a)', 'run present(a)'])
  })

  it('[IN-7] equal keys of two definitions never meet', () => {
    const db = createDatabase()
    const log = record(db)
    db.set(file, 'a', 'file')
    db.set(other, 'a', 'other')
    db.get(show, 'a')
    log.take()
    db.remove(other, 'a')
    expect([db.get(show, 'a'), db.get(file, 'a'), db.has(other, 'a'), db.keys(file), log.take()]).toEqual(['true file', 'file', false, ['a'], []])
  })
})

describe('equal values', () => {
  it('[IN-5] setting an equal value is a no-op and keeps the stored reference', () => {
    const page = input<[], { readonly tags: readonly string[] }>('page')
    const db = createDatabase()
    const log = record(db, 'revision', 'input')
    const first = { tags: ['x', 'y'] }
    const returned = [db.set(page, first), db.set(page, { tags: ['x', 'y'] }), db.update(page, () => ({ tags: ['x', 'y'] })), db.replaceAll(page, [[[], { tags: ['x', 'y'] }]])]
    expect([returned, log.take()]).toEqual([[1, 1, 1, 1], ['revision 1', 'set page()']])
    expect(db.get(page)).toBe(first)
  })

  it('[IN-5] by the default equality, NaN is no change, and −0 over 0 is one', () => {
    const value = input<[], unknown>('value')
    const db = createDatabase()
    expect([NaN, NaN, 0, -0, -0, 0].map((next) => db.set(value, next))).toEqual([1, 1, 2, 3, 3, 4])
  })

  it('[IN-5] by the equality of the input: called with old and new, never for the identical value, and false for every change', () => {
    const calls: unknown[] = []
    const rounded = input<[], number>('rounded', {
      equals: (a, b) => {
        calls.push([a, b])
        return Math.round(a) === Math.round(b)
      },
    })
    const every = input<[], number>('every', { equals: false })
    const db = createDatabase()
    expect([db.set(rounded, 1), db.set(rounded, 1.2), db.set(rounded, 1), db.set(rounded, 2)]).toEqual([1, 1, 1, 2])
    expect([calls, db.get(rounded)]).toEqual([[[1, 1.2], [1, 2]], 2])
    expect([db.set(every, 1), db.set(every, 1), db.remove(every), db.remove(every)]).toEqual([3, 4, 5, 5])
  })

  it('[IN-5] an equality that throws, or writes, refuses the write and changes nothing', () => {
    const throws = input<[], number>('throws', { equals: () => { throw new RangeError('cannot') } })
    const writes = input<[], number>('writes', { equals: () => db.set(file, 'a', 'x') > 0 })
    const db: Database = createDatabase()
    db.set(throws, 1)
    db.set(writes, 1)
    const log = record(db, 'revision', 'input')
    const errors = [thrownBy(() => db.set(throws, 2)), thrownBy(() => db.set(writes, 2)), thrownBy(() => db.batch((tx) => (tx.set(other, 'b', 'y'), tx.set(throws, 2))))]
    expect([log.take(), db.revision]).toEqual([[], 2])
    expect(errors).toEqual([expect.any(EqualityError), expect.any(EqualityError), expect.any(EqualityError)])
    expect(errors).toMatchObject([{ definition: 'throws', cause: { message: 'cannot' } }, { definition: 'writes', cause: { name: 'WriteInQueryError' } }, { definition: 'throws' }])
    expect([db.get(throws), db.get(writes), db.has(file, 'a'), db.has(other, 'b'), db.set(file, 'a', 'later')]).toEqual([1, 1, false, false, 3])
  })

  it('[IN-5 IN-12] an equality that compares other inputs on the way may still not write', () => {
    const inner = input<[], number>('inner', { equals: (a, b) => a === b })
    const writes = input<[], number>('writes', { equals: () => diff(db, snapshot, inner).changed.length > 0 && db.set(file, 'a', 'x') > 0 })
    const db: Database = createDatabase()
    db.set(inner, 1)
    const snapshot = db.snapshot()
    snapshot.set(inner, 2)
    db.set(writes, 1)
    const log = record(db, 'revision', 'input')
    const error = thrownBy(() => db.set(writes, 2))
    expect([log.take(), db.has(file, 'a')]).toEqual([[], false])
    expect(error).toMatchObject({ name: 'EqualityError', cause: { name: 'WriteInQueryError' } })
  })
})

describe('a write without a value', () => {
  it('[IN-6] is refused and changes nothing: undefined is a value, and has to be given', () => {
    const count = input<[], number | undefined>('count')
    const db = createDatabase()
    const log = record(db, 'revision', 'input')
    const set = (view: { readonly set: unknown }, definition: unknown): void => void Reflect.apply(view.set as () => void, view, [definition])
    const errors = [thrownBy(() => set(db, count)), thrownBy(() => set(db, file)), thrownBy(() => db.batch((tx) => set(tx, count)))]
    expect([errors, log.take(), db.keys(count), db.keys(file)]).toEqual([[expect.any(BatchError), expect.any(BatchError), expect.any(BatchError)], [], [], []])
    expect([db.set(count, undefined), db.has(count), log.take()]).toEqual([1, true, ['revision 1', 'set count()']])
  })
})

describe('update', () => {
  it('[IN-11] calls its function once with the current value and commits once', () => {
    const db = createDatabase()
    const log = record(db, 'revision', 'input')
    const given: unknown[] = []
    const count = input<[], number>('count', { initial: 5 })
    const revisions = [
      db.update(other, 'a', (old) => `${given.push(old)}`),
      db.update(other, 'a', (old) => `${given.push(old)}${old}`),
      db.update(count, (old) => (given.push(old), (old ?? 0) + 1)),
    ]
    expect([given, revisions, db.get(other, 'a'), db.get(count)]).toEqual([[undefined, '1', 5], [1, 2, 3], '21', 6])
    expect(log.take()).toEqual(['revision 1', 'set other(a)', 'revision 2', 'set other(a)', 'revision 3', 'set count()'])
  })

  it('[IN-11] an equal result, or a throw, changes nothing', () => {
    const error = new Error('no')
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const log = record(db, 'revision', 'input')
    expect([db.update(file, 'a', () => 'x'), thrownBy(() => db.update(file, 'a', () => { throw error })), db.get(file, 'a'), log.take()]).toEqual([1, error, 'x', []])
    expect(db.set(file, 'a', 'y')).toBe(2)
  })

  it('[IN-11 IN-10] its function cannot change the current value in place', () => {
    const list = input<[], readonly number[]>('list')
    const db = createDatabase({ freeze: true })
    db.set(list, [1])
    expect(() => db.update(list, (old) => ((old as number[]).push(2), old ?? []))).toThrow(TypeError)
    expect([db.get(list), db.revision]).toEqual([[1], 1])
  })
})

describe('what is refused', () => {
  it('[IN-8] two definitions of one name: at registration, and else at first use', () => {
    const twin = input<[path: string], string>('file')
    const query = derived('file', () => 1)
    const uses = derived('uses', (q) => q.get(query))
    expect(thrownBy(() => createDatabase({ definitions: [file, other, twin] }))).toMatchObject({ name: 'DuplicateDefinitionError', definition: 'file' })
    expect(() => createDatabase({ definitions: [file, file] })).not.toThrow()
    const db = createDatabase()
    db.set(file, 'a', 'x')
    for (const use of [() => db.get(twin, 'a'), () => db.set(twin, 'a', 'y'), () => db.keys(twin), () => db.get(query), () => db.get(uses)]) {
      expect(use).toThrow(DuplicateDefinitionError)
      expect(use).toThrow('file')
    }
    expect([db.get(file, 'a'), db.revision, createDatabase().get(twin, 'a')]).toEqual(['x', 1, undefined])
  })

  it.each([['a symbol', Symbol('k')], ['a function', () => 1], ['a class instance', new (class Point { readonly x = 1 })()], ['a hole', Object.assign([], { length: 2 })], ['a promise', Promise.resolve()], ['a Map', new Map()]])(
    '[IN-9] a key that cannot be encoded makes every operation throw and changes nothing: %s', (_, bad) => {
      const key = bad as unknown as string
      const entries: [string | List<string>, string][] = [['a', 'y'], [List.of(key), 'x']]
      const db = createDatabase({ definitions: [file, show] })
      db.set(file, 'a', 'x')
      const log = record(db, 'revision', 'input', 'invalidation')
      const before = [db.keys(file), db.stats()]
      const operations: (() => unknown)[] = [
        () => db.get(file, key), () => db.has(file, key), () => db.set(file, key, 'x'), () => db.remove(file, key), () => db.update(file, key, () => 'x'),
        () => db.replaceAll(file, entries as [string, string][]), () => db.node(file, key), () => db.get(show, key), () => db.watch(show, key).subscribe(),
        () => db.observe(show, key).subscribe(), () => db.touch(show, key), () => db.prefetch(show, key), () => db.invalidate(show, key),
        () => db.with({ signal: new AbortController().signal }).get(show, key), () => db.snapshot().get(file, key), () => db.snapshot().set(file, key, 'x'),
        () => db.batch((tx) => tx.set(file, key, 'x')), () => db.batch((tx) => tx.get(file, key)), () => db.batch((tx) => (tx.set(file, 'a', 'y'), tx.remove(file, key))),
      ]
      for (const operation of operations) expect(operation).toThrow(InvalidKeyError)
      expect([log.take(), db.revision, db.get(file, 'a'), [db.keys(file), db.stats()]]).toEqual([[], 1, 'x', before])
    })

  it('[IN-9] inside a query it is an ordinary failure, which names definition and place', () => {
    const bad = derived('bad', (q) => q.get(file, Symbol('k') as never))
    const careful = derived('careful', (q) => {
      for (const read of [() => q.get(file, Symbol('k') as never), () => q.has(file, Symbol('k') as never), () => q.peek(file, Symbol('k') as never)]) {
        expect(read).toThrow(InvalidKeyError)
      }
      return q.get(file, 'a')
    })
    const db = createDatabase()
    db.set(file, 'a', 'x')
    expect(thrownBy(() => db.get(bad))).toMatchObject({ name: 'InvalidKeyError', definition: 'file', path: 'args[0]' })
    expect(db.get(careful)).toBe('x')
  })
})

describe('writing from inside a query', () => {
  const doors: [string, (db: Database) => unknown][] = [
    ['set', (db) => db.set(file, 'a', 'y')],
    ['remove', (db) => db.remove(file, 'a')],
    ['update', (db) => db.update(file, 'a', () => 'y')],
    ['replaceAll', (db) => db.replaceAll(file, [])],
    ['batch', (db) => db.batch((tx) => tx.set(file, 'a', 'y'))],
    ['an empty batch', (db) => db.batch(() => {})],
    ['invalidate', (db) => db.invalidate(show, 'a')],
    ['the next of a node', (db) => db.node(file, 'a').next('y')],
    ['set of a snapshot', (db) => db.snapshot().set(file, 'a', 'y')],
  ]

  it.each(doors)('[IN-12] %s throws in the synchronous part of a body, however deep', async (_, write) => {
    const db = createDatabase()
    db.set(file, 'a', 'x')
    const log = record(db, 'revision', 'input')
    const plain = derived('plain', () => write(db))
    const early = derived('early', async () => {
      write(db)
      await Promise.resolve()
    })
    const deep = derived('deep', (q) => q.get(plain))
    const catching = derived('catching', (q) => {
      expect(() => write(db)).toThrow(WriteInQueryError)
      return q.get(file, 'a')
    })
    for (const get of [() => db.get(plain), () => db.get(deep), () => db.read(() => write(db))]) expect(get).toThrow(WriteInQueryError)
    expect(await rejectionOf(db.get(early))).toBeInstanceOf(WriteInQueryError)
    expect([db.get(catching), db.get(file, 'a'), log.take(), db.revision]).toEqual(['x', 'x', [], 1])
  })

  it('[IN-12 BAT-6] a tx that a body got hold of is no way around', () => {
    const db = createDatabase()
    db.batch((tx) => {
      const writer = derived('writer', () => tx.set(file, 'a', 'y'))
      tx.set(file, 'b', 'x')
      expect(() => db.get(writer)).toThrow(WriteInQueryError)
    })
    expect(db.keys(file)).toEqual(['b'])
  })

  it('[IN-12] nor is the equality function of a query', () => {
    const sneaky = derived('sneaky', (q) => q.get(file, 'a'), { equals: () => db.set(file, 'b', 'y') > 0 })
    const db: Database = createDatabase()
    db.set(file, 'a', 'x')
    db.get(sneaky)
    db.set(file, 'a', 'y')
    expect(thrownBy(() => db.get(sneaky))).toMatchObject({ name: 'EqualityError', cause: { name: 'WriteInQueryError' } })
    expect([db.keys(file), db.revision]).toEqual([['a'], 2])
  })

  it('[IN-12] after the first await it is a write from outside, which the evaluation does not see', async () => {
    const opened = gate()
    const counts = derived('counts', async (q) => {
      const before = q.get(file, 'a')
      await opened.promise
      const revision = db.set(file, 'a', 'y')
      return [before, q.get(file, 'a'), q.revision, revision, db.get(file, 'a')]
    })
    const db: Database = createDatabase()
    db.set(file, 'a', 'x')
    const log = record(db, 'revision', 'run')
    const first = db.get(counts)
    opened.open()
    expect([await first, log.take()]).toEqual([['x', 'x', 1, 2, 'y'], ['run counts()', 'revision 2']])
    expect([await db.get(counts), log.take()]).toEqual([['y', 'y', 2, 2, 'y'], ['run counts()']])
  })
})
