/** Values as JSON can show them. */
import { isCollection } from 'immutable'
import { describeValue } from '../index.js'

const DEPTH = 20

/** Plain data for any value: what JSON cannot say is described. Calls no getter. */
export function plainOf(value: unknown, depth = 0): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0))) return value
  if (typeof value !== 'object' || depth >= DEPTH) return describeValue(value)
  try {
    return plainParts(value, depth + 1)
  } catch {
    return describeValue(value)
  }
}

function plainParts(value: object, depth: number): unknown {
  if (Array.isArray(value)) return value.map((part) => plainOf(part, depth))
  if (value instanceof Map || (isCollection(value) && 'get' in value && !('push' in value) && !('add' in value))) {
    return named(Array.from(value as Iterable<[unknown, unknown]>, ([key, part]) => [typeof key === 'string' ? key : describeValue(key), part]), depth)
  }
  if (value instanceof Set || isCollection(value)) return Array.from(value as Iterable<unknown>, (part) => plainOf(part, depth))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return describeValue(value)
  const properties = Object.entries(Object.getOwnPropertyDescriptors(value))
  return named(properties.filter(([, property]) => property.enumerable === true).map(([name, property]) => [name, 'value' in property ? property.value : '<accessor>']), depth)
}

function named(entries: readonly (readonly [string, unknown])[], depth: number): Record<string, unknown> {
  const plain = Object.create(null) as Record<string, unknown>
  for (const [name, part] of entries) plain[name] = plainOf(part, depth)
  return plain
}
