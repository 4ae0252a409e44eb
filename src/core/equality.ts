/**
 * Equality: the one relation by which the engine says "nothing changed" (VAL-10), failures included (ERR-7), and the
 * freezing that keeps values from changing behind its back (IN-10).
 *
 * It is own code because every library compares recursively and overflows at some ten thousand levels. Each function
 * here compares two objects of one kind and demands the rest of a `Comparison`, whose loop calls back for it.
 *
 *   defaultEquals ─▶ Comparison.run ─▶ sameObject ─┬▶ sameProperties, sameElements ─▶ pair
 *                          ▲                       ├▶ sameSequence                 ─▶ pair      ordered Immutable kinds
 *                          └── next pair ◀─────────┴▶ sameMembers ──────▶ pair, or match        Sets and Maps
 *
 * What something is, its prototype says: two objects are equal only if they have the same one. Properties are compared
 * by descriptor, so no getter is called; whether they are writable does not count, or freezing would be a change.
 * Class instances are equal by reference only (private fields cannot be seen), and so are lazy Seqs and objects of
 * other realms; value objects with `equals` and `hashCode` are asked, both ways. Not seen are named properties of typed
 * arrays and hidden (non-enumerable) ones of arrays. An exception from user code (`equals`, a Proxy trap) passes through.
 */
import { isCollection, isRecord, isValueObject } from 'immutable'
import { Comparison, groupBy, isObject, type Entry } from './comparison.js'
import { Fingerprints } from './fingerprint.js'
import { bytesOf, type Collection, elementOf, isError, keysOf, kindBy, kindOf } from './kinds.js'

/** Reflexive, symmetric, structural, with `Object.is` at the leaves. The head of this file says what counts. */
export function defaultEquals(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isObject(a) || !isObject(b)) return false
  const known = Object.getPrototypeOf(a) === Object.prototype ? sameFlat(a, b) : null
  if (known !== null) return known
  const comparison = new Comparison()
  return comparison.start(a, b, (one, other) => sameObject(comparison, one, other))
}

/** Compares a plain object without making anything for it; null: an object in it is to be looked into. */
function sameFlat(a: object, b: object): boolean | null {
  if (Object.getPrototypeOf(b) !== Object.prototype) return false
  const keys = Object.keys(a)
  for (const key of keys) {
    const left = Object.getOwnPropertyDescriptor(a, key)
    const right = Object.getOwnPropertyDescriptor(b, key)
    if (left === undefined || right === undefined || left.enumerable !== right.enumerable || left.get !== right.get || left.set !== right.set) return false
    if (!Object.is(left.value, right.value)) return isObject(left.value) && isObject(right.value) ? null : false
  }
  // Where there is more than can be listed quickly, all is looked at.
  return keysOf(a).length > keys.length ? null : keysOf(b).length === keys.length
}

/** So many objects of two failures are compared: what a Proxy makes up as it is looked at has no end. */
const maxFailureParts = 200_000

/**
 * Whether two thrown values are one failure: the same, errors alike but for their stacks, or other things of one kind that have equal fields of
 * their own. Never throws.
 */
export function failureEquals(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isObject(a) || !isObject(b)) return false
  try {
    const comparison = new Comparison()
    comparison.prints = new Fingerprints(maxFailureParts)
    let left = maxFailureParts
    const step = (one: object, other: object): boolean => {
      if (--left < 0) throw new RangeError('There are too many objects.')
      return sameObject(comparison, one, other)
    }
    if (!isError(a) && !isInstance(a)) return comparison.start(a, b, step)
    const isAlike = isError(a) ? isError(b) : Object.getPrototypeOf(a) === Object.getPrototypeOf(b)
    return isAlike && sameThrown(comparison, a, b) && comparison.run(step)
  } catch {
    return false // a getter or a Proxy throws, or makes up ever more: what cannot be read is not known to be equal
  }
}

function sameThrown(comparison: Comparison, a: { readonly name?: unknown; readonly message?: unknown }, b: typeof a): boolean {
  if (!Object.is(a.name, b.name) || !Object.is(a.message, b.message)) return false
  return sameProperties(comparison, a, b, isError(a) ? ['stack', 'name', 'message'] : undefined)
}

/** Of a class that says nothing of equality. One without fields of its own keeps what it holds where nobody sees it. */
function isInstance(value: object): boolean {
  if (kindOf(value) !== undefined || ArrayBuffer.isView(value) || isCollection(value) || isRecord(value) || isValueObject(value)) return false
  return Object.prototype.toString.call(value) === '[object Object]' && keysOf(value).length > 0
}

/**
 * Freezes plain objects and arrays through and through, without calling a getter; objects in `seen` are done already.
 * Everything else is left alone with all it contains: class instances, Maps, Sets, dates, binary data, Immutable
 * collections.
 */
export function deepFreeze<T>(value: T, seen: WeakSet<object>): T {
  const work: unknown[] = [value]
  while (work.length > 0) {
    const object = work.pop()
    if (!isObject(object) || seen.has(object)) continue
    try {
      const kind = kindOf(object)
      if (kind !== 'plain' && kind !== 'array') continue
      seen.add(object)
      for (const key of keysOf(object)) work.push(Object.getOwnPropertyDescriptor(object, key)?.value)
      Object.freeze(object)
    } catch {
      // A Proxy that refuses to be looked at cannot be isolated.
    }
  }
  return value
}

// ── Two objects ─────────────────────────────────────────────────────────────────────────────────────────────────────

function sameObject(comparison: Comparison, a: object, b: object): boolean {
  const prototype = Object.getPrototypeOf(a) as object | null
  if (prototype !== Object.getPrototypeOf(b)) return false
  const kind = kindBy(prototype)
  switch (kind) {
    case 'plain': return sameProperties(comparison, a, b)
    case 'array': return sameElements(comparison, a as unknown[], b as unknown[])
    case 'map':
    case 'set': return sameProperties(comparison, a, b) && sameMembers(comparison, a, b, kind === 'map')
    case 'immutable map':
    case 'immutable set': return sameMembers(comparison, a, b, kind === 'immutable map')
    case 'ordered map':
    case 'sequence': return sameSequence(comparison, a, b, kind === 'ordered map')
    case undefined: return sameOther(comparison, a, b)
    default: return sameLeaf(kind, a, b) && sameProperties(comparison, a, b)
  }
}

/** Typed arrays (with Buffer and other subclasses), errors, records, value objects. The rest differs: see the head. */
function sameOther(comparison: Comparison, a: object, b: object): boolean {
  if (ArrayBuffer.isView(a)) return ArrayBuffer.isView(b) && sameNumbers(a as Uint8Array, b as Uint8Array)
  if (isError(a)) return sameError(comparison, a, b as Error)
  if (isRecord(a)) return isRecord(b) && sameSequence(comparison, a, b, true)
  if (isCollection(a)) return false
  return isValueObject(a) && isValueObject(b) && a.equals(b) && b.equals(a)
}

function sameError(comparison: Comparison, a: Error, b: Error): boolean {
  if (!sameProperties(comparison, a, b, ['stack'])) return false
  // Where they are no properties of its own, getters of the class may compute them, as those of DOMException do.
  return (['name', 'message'] as const).every((key) => Object.hasOwn(a, key) || Object.is(a[key], b[key]))
}

// ── What objects consist of ─────────────────────────────────────────────────────────────────────────────────────────

function sameLeaf(kind: 'date' | 'regexp' | 'boxed' | 'bytes', a: object, b: object): boolean {
  try {
    if (kind === 'date') return Object.is(Date.prototype.getTime.call(a), Date.prototype.getTime.call(b))
    if (kind === 'regexp') return (a as RegExp).source === (b as RegExp).source && (a as RegExp).flags === (b as RegExp).flags
    if (kind === 'bytes') return sameNumbers(bytesOf(a), bytesOf(b))
    const { valueOf } = Object.getPrototypeOf(a) as { valueOf: (this: object) => unknown }
    return Object.is(valueOf.call(a), valueOf.call(b))
  } catch {
    return false // it only has the prototype of what it seems to be
  }
}

function sameNumbers(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length === undefined || a.length !== b.length) return false // only a DataView has no length
  for (let index = 0; index < a.length; index += 1) if (!Object.is(a[index], b[index])) return false
  return true
}

function sameProperties(comparison: Comparison, a: object, b: object, except?: readonly PropertyKey[]): boolean {
  // What can be listed quickly comes first, and decides most often; then symbols, and what is not enumerable.
  const quick: readonly PropertyKey[] = except === undefined ? Object.keys(a) : []
  for (const key of quick) if (!sameProperty(comparison, a, b, key)) return false
  const keys = keysOf(a, except)
  if (keys.length !== keysOf(b, except).length) return false
  if (keys.length === quick.length) return true
  const done = new Set(quick)
  return keys.every((key) => done.has(key) || sameProperty(comparison, a, b, key))
}

function sameProperty(comparison: Comparison, a: object, b: object, key: PropertyKey): boolean {
  const left = Object.getOwnPropertyDescriptor(a, key)
  const right = Object.getOwnPropertyDescriptor(b, key)
  if (left === undefined || right === undefined || left.enumerable !== right.enumerable) return false
  return left.get === right.get && left.set === right.set && comparison.pair(left.value, right.value)
}

/** By position, because listing the names of a long array costs far more than looking at its elements. */
function sameElements(comparison: Comparison, a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length || Array.isArray(a) !== Array.isArray(b)) return false
  for (let index = 0; index < a.length; index += 1) {
    const left = elementOf(a, index)
    const right = elementOf(b, index)
    // A hole, an accessor or undefined: only descriptors tell. By name, as a sparse array may be longer than it is full.
    if (left === undefined || right === undefined) return sameProperties(comparison, a, b)
    if (!comparison.pair(left, right)) return false
  }
  return (!hasMore(a) && !hasMore(b)) || sameProperties(comparison, a, b)
}

function hasMore(array: readonly unknown[]): boolean {
  return Object.keys(array).length !== array.length || Object.getOwnPropertySymbols(array).length > 0
}

function sameSequence(comparison: Comparison, a: object, b: object, keyed: boolean): boolean {
  if ((a as Collection).size !== (b as Collection).size) return false
  const others = (b as Collection)[Symbol.iterator]()
  for (const item of a as Collection) {
    const other: unknown = others.next().value
    if (!keyed) {
      if (!comparison.pair(item, other)) return false
      continue
    }
    const [[key, value], [otherKey, otherValue]] = [item as Entry, other as Entry]
    if (!comparison.pair(key, otherKey) || !comparison.pair(value, otherValue)) return false
  }
  return true
}

/** Stands for the key −0, which a native Map would take for 0. Only Immutable collections can contain it. */
const minusZero = Symbol('-0')

function entriesOf(collection: object, keyed: boolean): Map<unknown, unknown> {
  const entries = new Map<unknown, unknown>()
  for (const item of collection as Collection) {
    const [key, value] = keyed ? (item as Entry) : [item, undefined]
    entries.set(Object.is(key, -0) ? minusZero : key, value)
  }
  return entries
}

function sameMembers(comparison: Comparison, a: object, b: object, keyed: boolean): boolean {
  if ((a as Collection).size !== (b as Collection).size) return false
  const others = entriesOf(b, keyed)
  const members: Entry[] = []
  for (const entry of entriesOf(a, keyed)) {
    const [key, value] = entry
    // A key that is the same object is the partner only if the value is too: an equal key may have an equal value.
    const known = others.has(key) && (!isObject(key) || Object.is(others.get(key), value))
    if (!known && !isObject(key)) return false
    if (!known) members.push(entry)
    else if (!comparison.pair(value, others.get(key))) return false
    else others.delete(key)
  }
  if (members.length !== others.size) return false // only if a Proxy lies about its size
  return members.length === 0 || sameObjectMembers(comparison, [a, b], members, [...others])
}

/** Members with a fingerprint of their own have one possible partner; only those that look alike need a trial. */
function sameObjectMembers(
  comparison: Comparison, sides: readonly [object, object], members: readonly Entry[], others: readonly Entry[],
): boolean {
  const groups = groupBy(others, printOf)
  const alike: Entry[] = []
  const candidates: Entry[][] = []
  for (const entry of members) {
    const print = printOf(entry)
    const [other, second] = groups.get(print) ?? []
    if (other === undefined) return false
    if (second === undefined) {
      groups.delete(print)
      if (!comparison.pair(entry[0], other[0]) || !comparison.pair(entry[1], other[1])) return false
    } else {
      alike.push(entry)
      candidates.push(groups.get(print) ?? [])
    }
  }
  if (alike.length === 0) return true
  comparison.prints ??= new Fingerprints()
  return comparison.match(sides, alike, candidates)
}

function printOf([key, value]: Entry): string {
  return `${fingerprint(key, 2)} => ${fingerprint(value, 2)}`
}

/** A text that equal values share, made from a few parts: it tells most members apart, and takes less than what `Fingerprints` make of all. */
function fingerprint(value: unknown, depth: number): string {
  if (!isObject(value)) {
    if (typeof value === 'function' || typeof value === 'symbol') return typeof value
    return `${typeof value} ${Object.is(value, -0) ? '-0' : String(value).slice(0, 40)}`
  }
  const kind = kindOf(value)
  if (kind === 'date') return sameLeaf(kind, value, value) ? String(Date.prototype.getTime.call(value)) : kind
  if (kind === undefined || depth === 0) return String(kind)
  if (kind !== 'plain' && kind !== 'array') return `${kind} ${String((value as { size?: unknown }).size)}`
  // Sorted: equal objects may have their names in another order.
  const names = kind === 'array' ? ['length', '0', '1', '2'] : Object.getOwnPropertyNames(value).toSorted()
  const parts = names.slice(0, 8).map((name) => {
    const part: unknown = Object.getOwnPropertyDescriptor(value, name)?.value
    return `${name}:${fingerprint(part, depth - 1)}`
  })
  return `${kind} ${names.length} {${parts.join()}}`
}
