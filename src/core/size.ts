/** How much memory a value takes, estimated. */
import { isCollection, isSeq } from 'immutable'
import { SourceFailure, Waiting } from './feed.js'

const POINTER = 8
const OBJECT = 24

/**
 * Bytes, shared parts counted once, and what was seen before not at all. Linear in the number of parts. Calls no user code but the traps of a Proxy, and never throws:
 * what cannot be looked into counts as an empty object.
 */
export function estimateBytes(value: unknown, seen: Set<object> = new Set()): number {
  const rest: unknown[] = [value]
  let bytes = 0
  for (let part = rest.pop(), more = true; more; more = rest.length > 0, part = rest.pop()) {
    bytes += POINTER
    if (typeof part === 'string') bytes += OBJECT + 2 * part.length
    else if (typeof part === 'bigint') bytes += OBJECT
    else if (typeof part === 'object' && part !== null && !seen.has(part)) {
      seen.add(part)
      bytes += OBJECT
      try {
        bytes += expand(part, rest)
      } catch {}
    }
  }
  return bytes
}

/** What a slot holds, as `limits.stateBytes` counts it. What stands in the place of a source's value is no value: a failure must find room where a value finds none. */
export function storedBytes(value: unknown): number {
  return value instanceof SourceFailure || value instanceof Waiting ? 0 : estimateBytes(value)
}

/** Adds the parts of an object to the rest; returns what it holds besides. */
function expand(object: object, rest: unknown[]): number {
  if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) return object.byteLength
  if (object instanceof Map) {
    Map.prototype.forEach.call(object, (value, key) => void rest.push(key, value))
    return 0
  }
  if (object instanceof Set) {
    Set.prototype.forEach.call(object, (item) => void rest.push(item))
    return 0
  }
  if (isCollection(object) && !Array.isArray(object)) {
    // A sequence computes its items when they are read, and may have no end.
    if (!isSeq(object)) for (const [key, value] of (object as Iterable<unknown> & { entries(): Iterable<[unknown, unknown]> }).entries()) rest.push(key, value)
    return 0
  }
  let names = 0
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
    names += Array.isArray(object) ? 0 : POINTER + name.length
    rest.push(value)
  }
  return names
}
