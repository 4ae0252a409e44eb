/**
 * What values consist of: the kinds of objects that equality knows, told by the prototype itself, and how their parts are read without calling
 * anybody's code.
 */
import { List, Map as ImmutableMap, OrderedMap, OrderedSet, Set as ImmutableSet, Stack } from 'immutable'
import { isObject } from './comparison.js'

export type Kind =
  | 'plain' | 'array' | 'map' | 'set' | 'immutable map' | 'immutable set' | 'ordered map' | 'sequence'
  | 'date' | 'regexp' | 'boxed' | 'bytes'

const kinds: ReadonlyMap<object, Kind> = new Map<object, Kind>([
  [Object.prototype, 'plain'], [Array.prototype, 'array'], [Map.prototype, 'map'], [Set.prototype, 'set'],
  [ImmutableMap.prototype, 'immutable map'], [ImmutableSet.prototype, 'immutable set'],
  [OrderedMap.prototype, 'ordered map'], [OrderedSet.prototype, 'sequence'], [List.prototype, 'sequence'],
  [Stack.prototype, 'sequence'], [Date.prototype, 'date'], [RegExp.prototype, 'regexp'],
  [ArrayBuffer.prototype, 'bytes'], [DataView.prototype, 'bytes'], [Number.prototype, 'boxed'],
  [String.prototype, 'boxed'], [Boolean.prototype, 'boxed'], [BigInt.prototype, 'boxed'], [Symbol.prototype, 'boxed'],
])

export function kindOf(object: object): Kind | undefined {
  return kindBy(Object.getPrototypeOf(object) as object | null)
}

export function kindBy(prototype: object | null): Kind | undefined {
  return prototype === null || prototype === Object.prototype ? 'plain' : kinds.get(prototype)
}

/** By the prototype chain, a little way only: a Proxy can make it endless. A Proxy of an error is none: see its tag. */
export function isError(value: unknown): value is Error {
  let holder = value
  for (let depth = 0; depth < 32 && isObject(holder); depth += 1) {
    if (holder === Error.prototype) return Object.prototype.toString.call(value) !== '[object Object]'
    holder = Object.getPrototypeOf(holder)
  }
  return false
}

export function bytesOf(object: object): Uint8Array {
  const view = ArrayBuffer.isView(object) ? object : new DataView(object as ArrayBuffer) // throws if it is no buffer
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

export function keysOf(object: object, except: readonly PropertyKey[] = []): readonly PropertyKey[] {
  // Two calls, because together they take half as long as Reflect.ownKeys.
  const symbols = Object.getOwnPropertySymbols(object)
  const names = Object.getOwnPropertyNames(object)
  const keys = symbols.length === 0 ? names : [...names, ...symbols]
  return except.length === 0 ? keys : keys.filter((key) => !except.includes(key))
}

/** Asks for a getter without making a descriptor of an element, which takes four times as long. */
const { __lookupGetter__: lookupGetter } = Object.prototype as unknown as {
  readonly __lookupGetter__: (this: object, key: PropertyKey) => unknown
}

export function elementOf(array: readonly unknown[], index: number): unknown {
  return Object.hasOwn(array, index) && lookupGetter.call(array, index) === undefined ? array[index] : undefined
}

/** A record has no size, but then it has the same fields as another of its class. */
export type Collection = Iterable<unknown> & { readonly size?: number }
