import * as fc from 'fast-check'
import { List, Map as ImmutableMap, Record as ImmutableRecord } from 'immutable'
import { defaultEquals } from 'pebre'
import { describe, expect, it } from 'vitest'
import { Codecs, decodeValue, Decoder, encodeValue, Encoder } from '../../src/persist/codec.js'
import { crc32, crc32ByTables, joinCrc32 } from '../../src/persist/checksum.js'
import { CacheError, UnsupportedValueError } from '../../src/persist/errors.js'
import { anyValue } from '../support/values.js'

const place = { definition: 'page', key: 'page("a")' }
const bytesOf = (value: unknown): Uint8Array => encodeValue(value, place)
const again = (value: unknown): unknown => decodeValue(bytesOf(value))

function refusalOf(value: unknown): UnsupportedValueError {
  try {
    bytesOf(value)
  } catch (error) {
    if (error instanceof UnsupportedValueError) return error
    throw error
  }
  throw new Error('was not refused')
}

/** The same value, everything without an order in another one. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value) && Object.keys(value).length === value.length) return value.map(shuffled)
  if (value instanceof Set) return new Set([...value].toReversed().map(shuffled))
  if (value instanceof Map) return new Map([...value].toReversed().map(([key, part]): [unknown, unknown] => [shuffled(key), shuffled(part)]))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const copy = {}
  for (const key of Object.keys(value).toReversed()) Object.defineProperty(copy, key, { value: shuffled((value as Record<string, unknown>)[key]), enumerable: true, writable: true, configurable: true })
  return copy
}

describe('values in files', () => {
  it('[KEY-4 PER-17] every value comes back equal, by the engine’s own equality', () => {
    fc.assert(fc.property(anyValue, (value) => {
      const back = again(value)
      expect(defaultEquals(back, value)).toBe(true)
      expect(bytesOf(back)).toEqual(bytesOf(value))
    }), { numRuns: 1500 })
  }, 30_000)

  it('[PER-16] equal values have equal bytes, whatever the order of names, members and entries', () => {
    fc.assert(fc.property(anyValue, (value) => {
      const other = shuffled(value)
      expect(defaultEquals(other, value)).toBe(true)
      expect(Buffer.from(bytesOf(other)).equals(bytesOf(value))).toBe(true)
    }), { numRuns: 1500 })
    const [a, b] = [{ x: 1 }, { y: [new Set([{ z: 1 }, { z: 2 }])] }]
    expect(bytesOf(new Map<unknown, unknown>([[a, 1], [b, 2]]))).toEqual(bytesOf(new Map<unknown, unknown>([[{ y: [new Set([{ z: 2 }, { z: 1 }])] }, 2], [{ x: 1 }, 1]])))
    expect(bytesOf(new Map([[{ a: 1 }, 1], [{ a: 1 }, 2]]))).toEqual(bytesOf(new Map([[{ a: 1 }, 2], [{ a: 1 }, 1]])))
  }, 30_000)

  it('[KEY-4] hostile values are exact', () => {
    const sparse: unknown[] = [1]
    sparse.length = 4_000_000_000
    sparse[3_999_999_999] = -0
    const values: unknown[] = [
      -0, [-0], Number.NaN, [Number.NaN], 2n ** 2000n, -1n, new Date(Number.NaN), '\ud800', ['\udc00\ud800'], [undefined], { a: undefined }, Object.assign([], { 1: 1 }), sparse, JSON.parse('{"__proto__":{"x":1}}'),
      { constructor: 1 }, { hasOwnProperty: 1, toJSON: 3, __keys__: [4] }, JSON.parse('{"then":2}'), ['\0', 1, 2], ['\0'], [['\0', 0, ['\0', 17]]], { 10: 'a', 9: 'b', a: [{}], 0: '' }, 'abc'.match(/b/),
      Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i])), Object.assign(new Error('no', { cause: new TypeError('deep') }), { code: 'E_NO' }), List([ImmutableMap({ a: new Set([-0]) })]),
      Object.assign([1, 2], { name: 'x' }), new Set([new Set([new Set([1, 2]), 3])]), new Uint8Array(0), new Float64Array([-0, Number.NaN]),
    ]
    for (const [i, value] of values.entries()) expect(defaultEquals(again(value), value), `value ${i}`).toBe(true)
    const error = again(Object.assign(new RangeError('no'), { code: 'E' })) as Error
    expect([error instanceof RangeError, error.stack, Object.keys(error)]).toEqual([true, 'RangeError: no', ['code']])
  })

  it('[KEY-4] cycles and shared parts stay what they are', () => {
    const node: Record<string, unknown> = { b: [{}], a: -0 }
    node['self'] = node
    node['map'] = new Map<unknown, unknown>([[node, new Set([node, [node]])]])
    const back = again(node) as typeof node
    expect(back['self']).toBe(back)
    const [[key, set]] = [...(back['map'] as Map<unknown, Set<unknown>>)] as [[unknown, Set<unknown>]]
    expect([key === back, set.has(back), [...set].some((part) => Array.isArray(part) && part[0] === back)]).toEqual([true, true, true])
    const shared = { x: 1 }
    const pair = again([shared, { y: shared, z: List([shared]) }]) as [unknown, { y: unknown; z: List<unknown> }]
    expect([pair[1].y === pair[0], pair[1].z.get(0) === pair[0]]).toEqual([true, true])
    const error = new Error('itself')
    error.cause = error
    expect((again(error) as Error).cause).toEqual(expect.objectContaining({ message: 'itself' }))
    const members = new Set<unknown>()
    members.add({ name: 'a', of: members }).add({ name: 'b', of: members })
    const set2 = again(members) as Set<{ of: unknown }>
    expect([...set2].map(({ of }) => of === set2)).toEqual([true, true])
  })

  it('[PER-18] what has no place in a file is refused with its path', () => {
    class Point {
      readonly x = 1
    }
    const inner: Record<string, unknown> = {}
    const list = List([inner])
    inner['list'] = list
    const cases: [unknown, string, RegExp][] = [
      [{ a: [1, () => 1] }, 'value.a[1]', /function/],
      [{ 'odd name': Symbol('s') }, 'value["odd name"]', /symbol/],
      [[new Point()], 'value[0]', /instance of Point/],
      [{ [Symbol('k')]: 1 }, 'value[Symbol(k)]', /symbol/],
      [{ get a() { throw new Error('called') } }, 'value.a', /getter/],
      [{ set a(_: unknown) {} }, 'value.a', /setter/],
      [Object.defineProperty({}, 'hidden', { value: 1 }), 'value.hidden', /not enumerable/],
      [new Map([['key', new WeakMap()]]), 'value.key', /WeakMap/],
      [new (ImmutableRecord({ a: 1 }))(), 'value', /instance of|prototype/],
      [Object.assign(new Date(), { a: 1 }), 'value', /properties of its own/],
      [list, 'value[0].list', /contains itself/],
      [new Proxy({}, { ownKeys: () => { throw new Error('trap') } }), 'value', /cannot be inspected/],
      [Promise.resolve(), 'value', /Promise/],
      [Object.create({}), 'value', /prototype/],
      [Object.assign(new DataView(new ArrayBuffer(1)), { a: 1 }), 'value', /properties of its own/],
      ...[Error, ArrayBuffer, DataView, Uint8Array, Date, Map, Set, RegExp, Number, Buffer].map((made): [unknown, string, RegExp] => [Object.create(made.prototype as object), 'value', /./]),
      [Object.setPrototypeOf(new Uint8Array(3), Float64Array.prototype), 'value', /no Float64Array/],
      [Object.setPrototypeOf(new Float64Array(3), Uint8Array.prototype), 'value', /no Uint8Array/],
      [Object.setPrototypeOf(new Uint8Array(3), DataView.prototype), 'value', /no DataView/],
      [Object.setPrototypeOf(new DataView(new ArrayBuffer(8)), Uint8Array.prototype), 'value', /no Uint8Array/],
    ]
    for (const [value, path, reason] of cases) {
      const refused = refusalOf(value)
      expect([refused.code, refused.definition, refused.path]).toEqual(['value', 'page', path])
      expect(refused.reason).toMatch(reason)
      expect(refused.message).toContain('page("a")')
    }
  })

  it('[PER-3 KEY-4] nesting is limited on both sides', () => {
    const nest = (levels: number): unknown => {
      let value: unknown = 1
      for (let i = 0; i < levels; i++) value = [value]
      return value
    }
    expect(defaultEquals(again(nest(999)), nest(999))).toBe(true)
    expect(refusalOf(nest(100_000)).reason).toMatch(/deeper than 1000/)
    const bomb = new Uint8Array(1_000_000).fill(0x91)
    expect(() => decodeValue(bomb)).toThrow(CacheError)
  })

  it('[PER-18] classes are saved through their codecs', () => {
    class Money {
      readonly #cents: bigint
      constructor(cents: bigint) { this.#cents = cents }
      get cents(): bigint { return this.#cents }
    }
    const codecs = new Codecs([{ name: 'Money', class: Money, encode: (money: Money) => ({ cents: money.cents }), decode: (data: unknown) => new Money((data as { cents: bigint }).cents) }])
    const bytes = encodeValue({ price: new Money(5n), both: [1] }, place, new Encoder(codecs))
    const { price } = decodeValue(bytes, new Decoder(codecs)) as { price: Money }
    expect([price instanceof Money, price.cents]).toEqual([true, 5n])
    expect(() => decodeValue(bytes)).toThrow(expect.objectContaining({ code: 'mismatch' }))
    const failing = new Codecs([{ name: 'M', class: Money, encode: () => { throw new Error('no') }, decode: () => { throw new Error('no') } }])
    expect(() => encodeValue([new Money(1n)], place, new Encoder(failing))).toThrow(expect.objectContaining({ path: 'value[0]', reason: expect.stringContaining('codec of M') }))
  })

  it('[PER-17] decoded values share no memory with the buffer, and change no prototype', () => {
    const bytes = bytesOf({ a: new Uint8Array([1, 2]), b: new Uint8Array([3]).buffer, c: Buffer.from('x') })
    const value = decodeValue(bytes) as { a: Uint8Array; b: ArrayBuffer; c: Buffer }
    bytes.fill(0)
    expect([[...value.a], [...new Uint8Array(value.b)], value.c.toString(), value.a.buffer === bytes.buffer]).toEqual([[1, 2], [3], 'x', false])
    const before = Reflect.ownKeys(Object.prototype)
    const polluted = decodeValue(bytesOf(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'))) as object
    expect([Object.getPrototypeOf(polluted) === Object.prototype, 'polluted' in {}, Reflect.ownKeys(Object.prototype)]).toEqual([true, false, before])
  })

  it('[PER-3] changed bytes decode to something, or to an error of ours, and never hang', () => {
    fc.assert(fc.property(anyValue, fc.nat(), fc.nat(255), (value, at, byte) => {
      const bytes = bytesOf(value)
      bytes[at % bytes.length] = byte
      try {
        decodeValue(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(CacheError)
      }
    }), { numRuns: 3000 })
  }, 30_000)
})

describe('checksums', () => {
  it('[PER-2] the checksum is CRC-32, with and without zlib', () => {
    const bytes = new TextEncoder().encode('123456789')
    expect([crc32(bytes), crc32ByTables(bytes)]).toEqual([0xcbf43926, 0xcbf43926])
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(30), (all, cut) => {
      expect(crc32ByTables(all)).toBe(crc32(all))
      expect(crc32ByTables(all.subarray(cut), crc32ByTables(all.subarray(0, cut)))).toBe(crc32(all))
      const [first, second] = [all.subarray(0, cut), all.subarray(cut)]
      expect(joinCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(all))
    }))
  })
})
