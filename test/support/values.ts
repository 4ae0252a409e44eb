/** Any value a file can hold, generated. */
import * as fc from 'fast-check'
import { List, Map as ImmutableMap, OrderedMap, OrderedSet, Set as ImmutableSet, Stack } from 'immutable'

const hostileName = fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toJSON', '__keys__', 'toString', '', '0', '10', '9', 'then', 'length', '\0', '\ud800', 'a\u0301', '\u00e1')
const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') }, hostileName, fc.string({ unit: 'binary', maxLength: 6 }))
const text = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 6 }), hostileName)
const primitive = fc.oneof(
  text, fc.integer(), fc.double(), fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, -(2 ** 31) - 1, 2 ** 53, 5e-324), fc.boolean(), fc.constantFrom(null, undefined), fc.bigInt(), fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
)
const leaf = fc.oneof(
  { weight: 4, arbitrary: primitive },
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a+\/b/giu, /[\n]/, Object(1), Object('ab'), Object(false), Object(3n), Object(-0)).map((value: object) => value),
  fc.oneof(fc.uint8Array(), fc.float64Array({ noNaN: true }), fc.int16Array(), fc.bigInt64Array()),
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
  fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
)

function nameAll(target: object, entries: readonly (readonly [string, unknown])[]): object {
  for (const [key, value] of entries) Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
  return target
}

/** Values of every kind, nested. No part occurs twice in one. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => {
  const value = tie('value')
  const list = fc.array(value, { maxLength: 4 })
  const named = fc.array(fc.tuple(name, value), { maxLength: 5 })
  const pairs = fc.array(fc.tuple(value, value), { maxLength: 4 })
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 5, arbitrary: leaf },
      { weight: 3, arbitrary: list },
      { weight: 3, arbitrary: named.map((entries) => nameAll({}, entries)) },
      named.map((entries) => nameAll(Object.create(null) as object, entries)),
      fc.tuple(list, fc.nat(7)).map(([items, hole]) => {
        const sparse = [...items]
        sparse.length = items.length + hole
        Reflect.deleteProperty(sparse, hole)
        return sparse
      }),
      fc.tuple(list, named).map(([items, entries]) => nameAll(items, entries.filter(([key]) => key !== 'length'))),
      list.map((items) => new Set(items)),
      pairs.map((entries) => new Map(entries)),
      list.map((items) => List(items)), list.map((items) => Stack(items)), list.map((items) => ImmutableSet(items)), list.map((items) => OrderedSet(items)),
      pairs.map((entries) => ImmutableMap(entries)), pairs.map((entries) => OrderedMap(entries)),
      fc.tuple(fc.constantFrom(Error, TypeError, RangeError), text, value, named).map(([Class, message, cause, entries]) => nameAll(new Class(message, { cause }), entries.filter(([key]) => key !== 'stack' && key !== 'message'))),
      list.map((errors) => new AggregateError(errors, 'several')),
    ),
  }
}).value
