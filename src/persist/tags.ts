/**
 * How values stand in a payload. What msgpack keeps as it is stands there as it is: null, booleans, numbers but −0, well-formed
 * strings, undefined, dense arrays, and plain objects with ordinary names in sorted order. Everything else is an array that begins
 * with `MARK` and one of these numbers. A payload of msgpack's own extensions, maps or binaries occurs only as this file says.
 */
import { List, Map as ImmutableMap, OrderedMap, OrderedSet, Set as ImmutableSet, Stack } from 'immutable'
import { aListOf, aText, check, hasMethods } from '../core/check.js'
import { InvalidDefinitionError } from '../index.js'

/** First in an array: what follows is a tag. An array that begins with it by itself is tagged too. */
export const MARK = '\0'

/** A value with tags inside: the value. Without it nothing has to be looked for. */
export const TAGGED = 0
/** An array that begins with MARK: its elements. */
export const ARRAY = 1
export const MINUS_ZERO = 2
/** A string with lone surrogates: its code units, as bytes, the lower first. */
export const TEXT = 3
/** A bigint: its hexadecimal text. */
export const BIGINT = 4
/** An object of the same value once more: its number, counted in the order in which objects begin in the payload. */
export const REFERENCE = 5
/** A plain object with unusual names, or with many: name, value, name, value … */
export const OBJECT = 6
/** An object without a prototype: the same. */
export const BARE = 7
/** An array with holes or names: its length, then name, value, name, value … */
export const SPARSE = 8
/** A date: its milliseconds, or NaN. */
export const DATE = 9
/** A regular expression: source, flags, lastIndex. */
export const REGEXP = 10
/** A number, string, boolean or bigint as an object: the primitive. */
export const BOXED = 11
/** An error: the name of its class, then name, enumerable, value, … of its own properties but `stack`. */
export const ERROR = 12
/** A Map: key, value, key, value …, sorted. */
export const MAP = 13
/** A Set: its members, sorted. */
export const SET = 14
/** A typed array, a DataView or an ArrayBuffer: the name of its class, its bytes. */
export const BYTES = 15
/** An Immutable collection: its number in `collections`, then its members, or keys and values. */
export const COLLECTION = 16
/** An instance of a registered class: its name, what its codec made of it. */
export const INSTANCE = 17

/** How deeply values may be nested. */
export const MAX_DEPTH = 1000

/** An Immutable collection that a file can hold. */
export interface CollectionKind {
  readonly prototype: object
  readonly keyed: boolean
  /** Its order is no part of the value. */
  readonly unordered: boolean
  readonly build: (members: readonly unknown[]) => object
}

/** By number. Never reorder: the numbers stand in files. */
export const collections: readonly CollectionKind[] = [
  { prototype: List.prototype, keyed: false, unordered: false, build: (members) => List(members) },
  { prototype: ImmutableMap.prototype, keyed: true, unordered: true, build: (members) => ImmutableMap(pairs(members)) },
  { prototype: OrderedMap.prototype, keyed: true, unordered: false, build: (members) => OrderedMap(pairs(members)) },
  { prototype: ImmutableSet.prototype, keyed: false, unordered: true, build: (members) => ImmutableSet(members) },
  { prototype: OrderedSet.prototype, keyed: false, unordered: false, build: (members) => OrderedSet(members) },
  { prototype: Stack.prototype, keyed: false, unordered: false, build: (members) => Stack(members) },
]

function pairs(members: readonly unknown[]): [unknown, unknown][] {
  const result: [unknown, unknown][] = []
  for (let i = 0; i < members.length; i += 2) result.push([members[i], members[i + 1]])
  return result
}

type ErrorClass = new () => Error

/** The classes of errors that every place has. */
export const errorClasses: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ['Error', Error], ['TypeError', TypeError], ['RangeError', RangeError], ['SyntaxError', SyntaxError], ['ReferenceError', ReferenceError],
  ['EvalError', EvalError], ['URIError', URIError],
  ['AggregateError', function AggregateErrorWithout(): Error {
    const error = new AggregateError([])
    Reflect.deleteProperty(error, 'errors')
    return error
  } as unknown as ErrorClass],
])

type BytesClass = new (buffer: ArrayBuffer) => object

/** The classes of binary data. */
export const bytesClasses: ReadonlyMap<string, BytesClass> = new Map<string, BytesClass>([
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView,
].map((made): [string, BytesClass] => [made.name, made]))

/** Says how instances of a class go into files. */
export interface ClassCodec<T = unknown> {
  /** Names the class in files: never change it. */
  readonly name: string
  /** Instances of exactly this class; subclasses need codecs of their own. */
  readonly class: abstract new (...args: never) => T
  /** What to keep of an instance: any value that can be saved itself. */
  encode(instance: T): unknown
  /** The instance again. */
  decode(data: unknown): T
}

function isCodec(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !hasMethods(value, ['class', 'encode', 'decode'])) return false
  const codec = value as ClassCodec
  return aText[0](codec.name) && typeof codec.class.prototype === 'object'
}

/** @throws InvalidDefinitionError for anything but codecs, each with a name and a class of its own */
export function checkCodecs(codecs: unknown): void {
  check('codecs', codecs, aListOf(isCodec, 'codecs, each with name, class, encode and decode'))
  const all = codecs as readonly ClassCodec[]
  const distinct = (part: 'name' | 'class'): number => new Set(all.map((codec) => codec[part])).size
  if (distinct('name') < all.length || distinct('class') < all.length) throw new InvalidDefinitionError('Two codecs have one name, or one class. Give each a name and a class of its own.')
}

/** Codecs by name and by prototype. @throws InvalidDefinitionError */
export class Codecs {
  readonly byName: ReadonlyMap<string, ClassCodec>
  readonly byPrototype: ReadonlyMap<object, ClassCodec>

  constructor(codecs: readonly ClassCodec[] = []) {
    checkCodecs(codecs)
    this.byName = new Map(codecs.map((codec) => [codec.name, codec]))
    this.byPrototype = new Map(codecs.map((codec) => [codec.class.prototype as object, codec]))
  }
}

export const noCodecs: Codecs = new Codecs()

const wellFormed = (String.prototype as { isWellFormed?: (this: string) => boolean }).isWellFormed

/** Whether a string is free of lone surrogates, and so survives UTF-8. */
export const isWellFormed: (text: string) => boolean = wellFormed === undefined ? (text) => !/\p{Surrogate}/u.test(text) : (text) => wellFormed.call(text)
