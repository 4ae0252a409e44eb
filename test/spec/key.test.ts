/** Keys: which arguments are one key, what the body receives, what is refused, how keys and values are described. */
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { List, Map as ImmutableMap, OrderedMap, OrderedSet, Record as ImmutableRecord, Seq, Set as ImmutableSet, Stack } from 'immutable'
import { describe, expect, it } from 'vitest'
import { InvalidKeyError } from '../../src/core/errors.js'
import { defaultEquals } from '../../src/core/equality.js'
import { copyArgs, describeNode, describeValue, encodeArgs, isPrimitive } from '../../src/core/key.js'

const boom = (): never => {
  throw new Error('boom')
}

function encode(...args: unknown[]): string {
  return encodeArgs('cell', args)
}

/** All of these are keys of their own, alone and inside of every kind of container. */
function expectDistinct(values: readonly unknown[]): void {
  const wrappers: ((value: unknown) => unknown[])[] = [
    (value) => [value, 0], (value) => [[value]], (value) => [{ a: value }], (value) => [List([value])],
    (value) => [ImmutableMap([[value, 1]])], (value) => [ImmutableMap([['a', value]])], (value) => [ImmutableSet([value])],
  ]
  for (const wrap of wrappers) {
    const texts = values.map((value) => encode(...wrap(value)))
    expect(new Set(texts).size).toBe(values.length)
    const ids = values.map((value) => describeNode('cell', copyArgs(wrap(value)), 10_000))
    expect(new Set(ids).size).toBe(values.length)
  }
}

function expectSame(...keys: unknown[]): void {
  for (const key of keys) {
    expect(encode(key, 0)).toBe(encode(keys[0], 0))
    expect(encode({ nested: [key] })).toBe(encode({ nested: [keys[0]] }))
    expect(defaultEquals(copyArgs([key]), copyArgs([keys[0]]))).toBe(true)
  }
}

function refusal(...args: unknown[]): InvalidKeyError {
  try {
    encode(...args)
  } catch (error) {
    if (error instanceof InvalidKeyError) return error
    throw error
  }
  throw new Error(`${describeNode('encode', args)} was accepted`)
}

describe('one key or two', () => {
  it('[KEY-2] 1, "1", 1n, true, "true", null, "null" and undefined are eight keys', () => {
    expectDistinct([1, '1', 1n, true, 'true', null, 'null', undefined])
  })

  it('[KEY-2] NaN is one key, 0 and −0 are one, and the copy has 0', () => {
    expectSame(NaN, Number('x'))
    expectSame(0, -0)
    const minusZeros = [-0, { a: [-0] }, List([-0]), ImmutableMap([[-0, -0]]), OrderedSet([-0])]
    const zeros = [0, { a: [0] }, List([0]), ImmutableMap([[0, 0]]), OrderedSet([0])]
    expect(defaultEquals(copyArgs(minusZeros), zeros)).toBe(true)
    expect(encode(...minusZeros)).toBe(encode(...zeros))
  })

  it('[KEY-2] primitives are told from the rest', () => {
    expect(['', 0, 1n, true, null, undefined].every((value) => isPrimitive(value))).toBe(true)
    expect([{}, [], boom, Symbol('s'), Object(1)].some((value) => isPrimitive(value))).toBe(false)
  })

  it('[KEY-1] hostile strings are keys of their own, as values and as names', () => {
    const strings = [
      '__proto__', 'constructor', 'toString', 'hasOwnProperty', '', ' ', '0', 'é'.normalize('NFC'), 'é'.normalize('NFD'),
      '\ud800', '\ud801', '\udc00', '\ufffd', '"', '\\', '\n', '}', 's1:a', 'u', '…', 'x'.repeat(1_000_000),
      `${'x'.repeat(999_999)}y`,
    ]
    const short = strings.filter((string) => string.length < 100)
    expectDistinct(short)
    const named = (name: string): object => Object.defineProperty({}, name, { value: 1, enumerable: true })
    for (const make of [(text: string): unknown => text, named, (text: string): unknown => [named(text)]]) {
      expect(new Set(strings.map((string) => encode(make(string), 0))).size).toBe(strings.length)
    }
    expectDistinct([...short.map((string) => named(string)), {}])
  })

  it('[DER-5] (1, "2"), ("1", 2), ("12"), and the same in lists, are keys of their own', () => {
    const lists = [
      [1, '2'], ['1', 2], ['12', 0], [12, 0], [1, 2], ['1', '2'], [[1, 2]], [[1], 2], [[1], [2]], [[[1, 2]]], ['12', '0'],
      ['a', 'b', 'c'], ['ab', 'c'], ['a', 'bc'], ['as1:b', 'c'], [undefined, 1], [null, 1], [[undefined]], [[]], [{}], [[], []],
    ]
    expect(new Set(lists.map((args) => encode(...args))).size).toBe(lists.length)
    expect(new Set(lists.map((args) => describeNode('cell', args))).size).toBe(lists.length)
  })

  it('[DER-5] strings that look like pieces of the encoding never make two lists or objects one key', () => {
    const words = (letters: readonly string[], length: number): string[] =>
      length === 0 ? [''] : ['', ...words(letters, length - 1).flatMap((word) => letters.map((letter) => letter + word))]
    const values = [...new Set([...words(['s', '1', ':', 'u'], 2), undefined, null, 1, 11, 1n])]
    const lists = values.flatMap((a) => [[a], ...values.flatMap((b) => [[a, b], [[a, b]], ...values.map((c) => [a, b, c])])])
    expect(new Set(lists.map((args) => encode(...args))).size).toBe(lists.length)
    const names = [...new Set(words(['u', 's'], 3))]
    const objects = names.flatMap((a) => names.filter((b) => a < b).flatMap((b) =>
      [undefined, '', 'u', 'su'].map((value) => ({ [a]: value, [b]: undefined }))))
    expect(new Set(objects.map((object) => encode(object))).size).toBe(objects.length)
  })

  it('[KEY-3] the order of names does not matter, undefined does', () => {
    expectSame({ a: 1, b: 2 }, { b: 2, a: 1 })
    expectSame({ a: { c: [1], b: 2 } }, { a: { b: 2, c: [1] } })
    expectDistinct([{ a: 1 }, { a: 1, b: undefined }, { a: undefined, b: 1 }, { b: 1 }, { a: { b: 1 } }, {}])
    expectDistinct([{ a: 1 }, Object.assign(Object.create(null), { a: 1 }), ['a', 1], [['a', 1]], ImmutableMap({ a: 1 })])
    expectDistinct([JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 2}'), {}, { a: 1 }])
    expectDistinct([[1, 2], [2, 1], [1, 2, undefined]])
  })

  it('[KEY-3] dates, bigints and binary data', () => {
    expectSame(new Date(5), new Date(5))
    expectSame(new Date(NaN), new Date(NaN))
    expectDistinct([new Date(0), new Date(1), new Date(NaN), 0, '1970-01-01T00:00:00.000Z', 'Invalid Date'])
    expectDistinct([1n, -1n, 10n, 16n, 2n ** 64n, 2n ** 64n + 1n, 10n ** 4000n, 10n ** 4000n + 1n, 1])
    const { buffer } = new Uint8Array([0, 1, 2])
    expectDistinct([
      buffer, new Uint8Array(buffer), new Int8Array(buffer), new Uint8ClampedArray(buffer), new DataView(buffer),
      new DataView(buffer, 1), new Uint8Array(buffer, 1), new Uint8Array(0), new Uint16Array(0), new Uint16Array([1]),
      new Float64Array([1]), new Float32Array([1]), new BigInt64Array([1n]), new BigUint64Array([1n]), [0, 1, 2],
    ])
    expectSame(new Uint8Array(buffer, 1), new Uint8Array([1, 2]))
    expectSame(new Uint8Array(100_000), new Uint8Array(100_000))
  })

  it('[KEY-3] Immutable collections: kinds count, order where there is one, contents like any key', () => {
    const make = (order: <T>(members: T[]) => T[]): unknown[] => [
      ImmutableMap(order<[string, unknown]>([['a', 1], ['b', { x: 1 }]])), ImmutableSet(order([1, 'a', List([1]), { x: 1 }])),
      ImmutableMap(order<[unknown, number]>([[List([1]), 1], [{ y: 1 }, 2]])), ImmutableMap(order(Array.from({ length: 100 }, (_, i): [number, number] => [i, i]))),
    ]
    expectSame(make((members) => members), make((members) => members.toReversed()))
    expectDistinct([
      List([1, 2]), List([2, 1]), Stack([1, 2]), ImmutableSet([1, 2]), OrderedSet([1, 2]), OrderedSet([2, 1]), [1, 2],
      ImmutableMap([[1, 2]]), OrderedMap([[1, 2]]), List([1]), List(), Stack(), ImmutableSet(), OrderedSet(),
      ImmutableMap(), OrderedMap(), OrderedMap([[1, 2], [2, 1]]), OrderedMap([[2, 1], [1, 2]]),
      ImmutableSet([{ a: 1 }]), ImmutableSet([{ a: 1 }, { a: 1 }]),
    ])
  })

  it('[KEY-3] sharing makes no difference, and many shared parts take no time', () => {
    const part = { a: [1] }
    expectSame([part, part], [{ a: [1] }, { a: [1] }])
    let shared: unknown = 1
    for (let level = 0; level < 20; level += 1) shared = [shared, shared]
    expect(encode(shared)).toBe(encode(structuredClone(shared)))
    for (let level = 20; level < 50; level += 1) shared = [shared, shared]
    expect(refusal(shared).reason).toContain('characters long')
  })
})

describe('keys as a relation', () => {
  /** The naive answer, compared value by value without any text. */
  function isSameKey(a: unknown, b: unknown): boolean {
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b || (a !== a && b !== b)
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
    if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime())
    if (ImmutableMap.isMap(a) || ImmutableSet.isSet(a)) {
      const rest = [...(b as Iterable<unknown>)]
      const found = [...(a as Iterable<unknown>)].every((entry) => {
        const index = rest.findIndex((other) => isSameKey(entry, other))
        return index >= 0 && rest.splice(index, 1).length === 1
      })
      return found && rest.length === 0
    }
    const [left, right] = List.isList(a) ? [[...a], [...(b as List<unknown>)]] : [a, b]
    const names = Reflect.ownKeys(left)
    const value = (object: object, name: PropertyKey): unknown => Object.getOwnPropertyDescriptor(object, name)?.value
    return names.length === Reflect.ownKeys(right).length &&
      names.every((name) => Object.hasOwn(right, name) && isSameKey(value(left, name), value(right, name)))
  }

  const leaf = fc.constantFrom(
    0, -0, 1, NaN, '', '1', 'a', 's1:a', '#1;', 'u', 'a0:', 1n, true, null, undefined, new Date(1), new Date(NaN),
    new Uint8Array([1]), new Int8Array([1]), new Uint8Array(),
  )
  const { key } = fc.letrec((tie) => ({
    key: fc.oneof({ maxDepth: 3, withCrossShrink: true }, leaf, tie('many')),
    many: fc.oneof(
      fc.array(tie('key'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', '', '__proto__', '1:a'), tie('key'), { maxKeys: 3 }),
      fc.array(tie('key'), { maxLength: 2 }).map((members) => List(members)),
      fc.array(tie('key'), { maxLength: 2 }).map((members) => ImmutableSet(members)),
      fc.array(fc.tuple(tie('key'), tie('key')), { maxLength: 2 }).map((entries) => ImmutableMap(entries)),
    ),
  }))
  const args = fc.array(key, { maxLength: 3 })

  it('[KEY-3] two lists of arguments have one text exactly if they are one key', () => {
    fc.assert(fc.property(args, args, (a, b) => {
      expect(encode(...a) === encode(...b)).toBe(isSameKey(a, b))
    }), { numRuns: 5000 })
  })

  it('[KEY-3] a copy is the same key, deeply equal to any other copy of that key, and its own copy', () => {
    fc.assert(fc.property(args, (a) => {
      const copy = copyArgs(a)
      expect(encode(...copy)).toBe(encode(...a))
      expect(isSameKey(copy, a)).toBe(true)
      expect(defaultEquals(copy, copyArgs(copy))).toBe(true)
    }), { numRuns: 2000 })
  })

  it('[KEY-1] the ids of two keys differ', () => {
    fc.assert(fc.property(args, args, (a, b) => {
      fc.pre(!isSameKey(a, b))
      expect(describeNode('cell', copyArgs(a), 100_000)).not.toBe(describeNode('cell', copyArgs(b), 100_000))
    }), { numRuns: 2000 })
  })

  it('[KEY-1] any string, and any bytes, are kept apart and whole', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), fc.uint8Array(), (a, b, bytes) => {
      if (a !== b) expect(encode(a, b)).not.toBe(encode(b, a))
      expect(encode(bytes)).toBe(encode(bytes.slice()))
      if (bytes.length > 0) expect(encode(bytes)).not.toBe(encode(bytes.with(0, (bytes[0] ?? 0) ^ 1)))
    }))
  })
})

describe('copies', () => {
  it('[KEY-3] are isolated from the caller, and frozen', () => {
    const date = new Date(5)
    const bytes = new Uint8Array([1, 2, 3])
    const view = new DataView(bytes.buffer, 1)
    const inner = { x: 1 }
    const list = List([inner])
    const plain = { b: [inner], a: date }
    const args = [plain, bytes, view, bytes.buffer, list, ImmutableMap([[inner, 1]])]
    const before = encode(...args)
    const copy = copyArgs(args)
    inner.x = 2
    plain.b.push({ x: 3 })
    date.setTime(6)
    bytes.fill(9)
    expect(encode(...copy)).toBe(before)
    const [object] = copy as [{ b: unknown[]; a: Date }]
    expect([copy, object, object.b, object.b[0]].every((part) => Object.isFrozen(part))).toBe(true)
    expect(Object.keys(object)).toEqual(['a', 'b'])
  })

  it('[KEY-1] keep a property named __proto__ and a missing prototype', () => {
    const [own, bare] = copyArgs([JSON.parse('{"__proto__": {"x": 1}}'), Object.assign(Object.create(null), JSON.parse('{"__proto__": 1}'))])
    expect(Object.getPrototypeOf(own)).toBe(Object.prototype)
    expect(Object.getOwnPropertyDescriptor(own, '__proto__')?.value).toEqual({ x: 1 })
    expect(Object.getPrototypeOf(bare)).toBe(null)
    expect(Reflect.ownKeys(bare as object)).toEqual(['__proto__'])
  })

  it('[KEY-3] keep an Immutable collection unless something in it had to be copied, or it can still change', () => {
    const kept = [List([1]), ImmutableMap({ a: List([1]) }), ImmutableSet(['a']), OrderedMap([[1, 2]]), Stack([1]), OrderedSet([1])]
    expect(copyArgs(kept).every((copy, index) => copy === kept[index])).toBe(true)
    const mutable = List([1]).asMutable()
    const [copy] = copyArgs([mutable])
    mutable.push(2)
    expect(copy).toEqual(List([1]))
    const made = [List([{}]), Stack([{}, 1]), ImmutableSet([{}]), OrderedSet([{}]), ImmutableMap([[{}, 1]]), OrderedMap([['a', {}]])]
    expect(defaultEquals(copyArgs(made), made)).toBe(true)
    expect(copyArgs(made).some((value, index) => value === made[index])).toBe(false)
  })

  it('[IN-9] a Proxy that changes its mind after it was encoded still ends in InvalidKeyError', () => {
    const { proxy, revoke } = Proxy.revocable({ a: 1 }, {})
    encode(proxy)
    revoke()
    expect(() => copyArgs([proxy], 'cell')).toThrow(InvalidKeyError)
  })
})

describe('refusals', () => {
  it('[IN-9] name the definition and the path', () => {
    const error = refusal(1, { a: { 'b c': [1, 2, boom] } })
    expect(error).toMatchObject({ definition: 'cell', path: 'args[1].a["b c"][2]', reason: 'it is a function' })
    expect(error.message).toContain('cell: args[1].a["b c"][2]')
    expect(refusal(List([1, boom])).path).toBe('args[0][1]')
    expect(refusal(ImmutableMap({ key: boom })).path).toBe('args[0].key')
    expect(refusal(ImmutableMap<unknown, number>([['x', 1], [{ y: boom }, 1]])).path).toBe('args[0][1].y')
    expect(refusal({ ['n'.repeat(1_000_000)]: [boom] }).message.length).toBeLessThan(400)
  })

  it('[KEY-3] functions, symbols, class instances, native Maps and Sets, boxed primitives, lazy sequences, records', () => {
    const Person = ImmutableRecord({ name: '' })
    const refused: unknown[] = [
      boom, class { x = 1 }, Symbol('s'), Symbol.iterator, { [Symbol('s')]: 1 }, new (class Foo { x = 1 })(), new (class extends Array {})(),
      new Map(), new Set(), new WeakMap(), new Error('e'), /a/, Promise.resolve(), new URL('a:b'), Object(1), Object('a'),
      Seq([1]), Seq([1]).map((x) => x), Person(), Buffer.from('a'), new (class extends Date {})(), new SharedArrayBuffer(1),
      Object.create({}), Object.create(Array.prototype), Object.create(Date.prototype), Object.create(DataView.prototype),
      Object.create(List.prototype), runInNewContext('({})'), Object.assign(new Date(0), { a: 1 }),
      Object.assign(new ArrayBuffer(1), { a: 1 }), Object.defineProperty(new Uint8Array(1), 'buffer', { get: boom }),
    ]
    for (const value of refused) {
      for (const args of [[value], [1, value], [[value]], [{ a: value }], [List([value])]]) {
        expect(refusal(...args).path).toMatch(/^args\[[01]\]/)
      }
    }
  })

  it('[KEY-3] accessors, hidden properties, holes and named properties of arrays, without calling a getter', () => {
    expect(refusal({ get a(): never { return boom() } })).toMatchObject({ path: 'args[0].a', reason: 'it is an accessor' })
    expect(refusal(Object.defineProperty([1], 0, { get: boom })).path).toBe('args[0][0]')
    expect(refusal(Object.defineProperty({}, 'a', { value: 1 })).reason).toContain('enumerable')
    // oxlint-disable-next-line no-sparse-arrays
    expect(refusal([1, , 3])).toMatchObject({ path: 'args[0][1]', reason: 'it is a hole' })
    expect(refusal(Object.assign([], { 4_000_000_000: 1 })).path).toBe('args[0][0]')
    expect(refusal(Object.assign([1], { extra: 1 })).reason).toContain('named')
    expect(refusal(/a/.exec('a')).reason).toContain('named')
    expect(refusal(Object.defineProperty(new Uint8Array(1), 'buffer', { get: boom })).reason).toContain('a buffer of its own')
  })

  it('[KEY-3] cycles, through anything', () => {
    const object: { self?: unknown } = {}
    object.self = [object]
    expect(refusal(object)).toMatchObject({ path: 'args[0].self[0]', reason: 'it closes a cycle' })
    const holder: unknown[] = []
    holder.push(List([ImmutableMap({ holder })]))
    expect(refusal(holder).path).toBe('args[0][0][0].holder')
  })

  it('[IN-9] deeper than 1000 levels, or longer than 16 MB: refused; up to that accepted', () => {
    const nest = (levels: number): unknown => {
      let value: unknown = 1
      for (let level = 0; level < levels; level += 1) value = [value]
      return value
    }
    expect(encode(nest(1000))).toBe(encode(...copyArgs([nest(1000)])))
    for (const levels of [1001, 100_000]) expect(refusal(nest(levels)).reason).toContain('deeper')
    expect(refusal(nest(2000)).message.length).toBeLessThan(400)
    expect(encode('x'.repeat(1_000_000), 1).length).toBeGreaterThan(1_000_000)
    expect(refusal('x'.repeat(2 ** 24), 1).reason).toContain('characters long')
    expect(encode(Array.from({ length: 100_000 }, (_, index) => ({ index }))).length).toBeGreaterThan(100_000)
  })

  it('[IN-9] whatever a Proxy throws becomes InvalidKeyError; one that behaves is its target', () => {
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    const nasty = new Proxy({}, { getPrototypeOf: () => boom() })
    const hostile = [
      revoked.proxy, nasty, new Proxy({}, { ownKeys: boom }), new Proxy({ a: 1 }, { getOwnPropertyDescriptor: boom }),
      new Proxy([1], { get: boom }), new Proxy({}, { ownKeys: () => { throw nasty } }),
      new Proxy({}, { getPrototypeOf: () => { throw undefined } }),
    ]
    for (const proxy of hostile) {
      expect(refusal({ deep: [proxy] })).toMatchObject({ path: 'args[0].deep[0]' })
    }
    expect(encode(new Proxy({ a: 1 }, {}))).toBe(encode({ a: 1 }))
  })
})

describe('descriptions', () => {
  it('[DBG-6] are readable', () => {
    const shown: [unknown, string][] = [
      ['a', '"a"'], [1, '1'], [-0, '-0'], [1n, '1n'], [undefined, 'undefined'], [null, 'null'], [Symbol('s'), 'Symbol(s)'],
      [[1, ['a'], {}], '[1, ["a"], {}]'], [{ a: 1, 'b c': 2 }, '{a: 1, "b c": 2}'], [new Date(0), 'Date(1970-01-01T00:00:00.000Z)'],
      [new Date(NaN), 'Date(invalid)'], [new Map([['a', 1]]), 'Map {"a" => 1}'], [new Set([1]), 'Set {1}'], [List([1]), 'List [1]'],
      [ImmutableMap({ a: 1 }), 'Immutable.Map {"a" => 1}'], [new Uint8Array(2), 'Uint8Array [0, 0]'], [Buffer.from('a'), 'Buffer [97]'],
      [new DataView(new ArrayBuffer(1)), 'DataView [0]'], [new ArrayBuffer(1), 'ArrayBuffer [0]'], [/a/, 'RegExp("a")'],
      [new TypeError('no'), 'TypeError("no")'], [boom, '[function boom]'], [class Foo { x = 1 }, '[function Foo]'],
      [new (class Bar { x = 1 })(), 'Bar {x: 1}'], [Object.create(null), 'null-prototype {}'], ['\ud800\n', '"\\ud800\\n"'],
      // oxlint-disable-next-line no-sparse-arrays
      [[1, , 2], '[1, <hole>, 2]'], [{ get a(): never { return boom() } }, '{a: <accessor>}'], [{ [Symbol('s')]: 1 }, '{[Symbol(s)]: 1}'],
    ]
    for (const [value, text] of shown) expect(describeValue(value)).toBe(text)
    const cyclic: unknown[] = [1]
    cyclic.push(cyclic)
    expect(describeValue(cyclic)).toBe('[1, <cycle>]')
  })

  it('[DBG-6] of nodes: simple strings bare, others quoted', () => {
    expect(describeNode('words', ['src/a-b.md'])).toBe('words(src/a-b.md)')
    expect(describeNode('words', ['a b'])).toBe('words("a b")')
    expect(describeNode('cell', [1, '2', 'x', { a: 'y' }])).toBe('cell(1, "2", x, {a: "y"})')
    expect(describeNode('title', [])).toBe('title()')
    for (const text of ['', '1', '-1', '1.5', '1e5', '1n', 'NaN', 'Infinity', '-Infinity', 'true', 'false', 'null', 'undefined']) {
      expect(describeNode('cell', [text])).toBe(`cell("${text}")`)
    }
  })

  it('[DBG-6] are cut, with the length, at no more cost than what is shown', () => {
    const long: [unknown, RegExp][] = [
      ['x'.repeat(1_000_000), /^"x+…" \(1000000 characters\)$/], [Array.from({ length: 1_000_000 }, () => 7), /^\[7, .*… 1000000 in all\]$/],
      [new Uint8Array(1_000_000), /^Uint8Array \[0, .*… 1000000 in all\]$/], [new Set(Array.from({ length: 1000 }, (_, i) => i)), /… 1000 in all\}$/],
      [List(Array.from({ length: 1000 }, (_, i) => i)), /… 1000 in all\]$/], [10n ** 4000n, /^0x[\da-f]+… \(3322 hexadecimal digits\)$/],
      [{ a: 'x'.repeat(1000), b: 1 }, /^\{a: "x+…" \(1000 characters\), … 2 in all\}$/],
    ]
    for (const [value, pattern] of long) {
      for (const limit of [60, 80, 200]) {
        const text = describeValue(value, limit)
        expect(text.length).toBeLessThanOrEqual(limit)
        expect(text).toMatch(pattern)
      }
    }
    expect(describeNode('cell', ['x'.repeat(1_000_000), 1]).length).toBeLessThan(130)
    expect(describeValue(Object.assign([], { 4_000_000_000: 1 }))).toMatch(/^\[<hole>, /)
  })

  it('[DBG-6] never throw, never run user code, never exceed the limit', () => {
    const endless: () => object = () => new Proxy({}, { getPrototypeOf: endless })
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    class Nasty extends Error {
      override get name(): never {
        return boom()
      }
      override get message(): never {
        return boom()
      }
      get [Symbol.toStringTag](): never {
        return boom()
      }
      override toString(): never {
        return boom()
      }
      toJSON(): never {
        return boom()
      }
      [Symbol.toPrimitive](): never {
        return boom()
      }
    }
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level += 1) deep = [deep]
    const traps = new Proxy({}, { get: () => boom })
    const hostile = [
      endless(), revoked.proxy, new Nasty(), new Proxy({}, traps), new Proxy([], traps), new Proxy(boom, traps), new Proxy(new Map(), {}),
      Object.create(Date.prototype), Object.create(Map.prototype), Object.create(RegExp.prototype), Object.create(List.prototype),
      Object.defineProperty(() => 1, 'name', { get: boom }), Object.create({ get constructor(): never { return boom() } }), deep,
      Object.defineProperty(/a/, 'source', { get: boom }), Object.defineProperty(new Uint8Array(1), 'length', { get: boom }),
      Seq([1]).map(boom),
    ]
    for (const value of hostile) {
      expect(describeValue(value).length).toBeLessThanOrEqual(80)
      expect(describeNode('cell', [value, [value]])).toMatch(/^cell\(/)
    }
    fc.assert(fc.property(fc.anything({ withMap: true, withSet: true, withBigInt: true, withDate: true, withTypedArray: true, withSparseArray: true }), fc.nat(100), (value, limit) => {
      expect(describeValue(value, limit).length).toBeLessThanOrEqual(Math.max(limit, 1))
    }))
  })
})
