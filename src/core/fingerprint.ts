/**
 * Fingerprints: numbers that equal values share and others rarely do, made from all a value consists of. They save comparing all members of a Set
 * with all of another. A fingerprint may leave something out that equality looks at, but must see nothing that it does not.
 *
 * One walk without recursion, depth first: an object gets its number when it is left, from those of its parts. What leads into a cycle has no
 * last part, and two such values may be equal whose cycles differ in length. So its number comes from rounds, as colours are refined: in the first all of
 * them are alike, and in each later one an object is made from its parts as they were the round before.
 */
import { isCollection, isRecord, isValueObject } from 'immutable'
import { isObject, type Prints } from './comparison.js'
import { bytesOf, type Collection, elementOf, isError, keysOf, kindOf } from './kinds.js'

/** What an object is by itself, and its parts: one after the other, or pairs in any order. */
interface Shape {
  readonly label: number
  readonly order: 'as is' | 'any' | 'pairs in any'
  readonly parts: readonly unknown[]
}

interface Visit {
  readonly object: object
  readonly shape: Shape
  next: number
  isEndless: boolean
}

/** How deep what leads into a cycle is looked into. */
const rounds = 8

export class Fingerprints implements Prints {
  readonly #known: Map<object, number> = new Map()
  /** Of objects that lead into a cycle: their numbers by round. */
  readonly #endless: Map<object, number[]> = new Map()
  /** Of what is equal to itself alone. */
  readonly #identities: Map<unknown, number> = new Map()
  readonly #scratch: DataView = new DataView(new ArrayBuffer(8))
  #left: number

  /** @throws RangeError where it has met more objects than the limit, when it is asked */
  constructor(limit: number = Infinity) {
    this.#left = limit
  }

  known(object: object): number | undefined {
    return this.#known.get(object) ?? this.#endless.get(object)?.[rounds]
  }

  of(value: unknown): number {
    if (!isObject(value)) return this.#ofPrimitive(value)
    const known = this.known(value)
    if (known !== undefined) return known
    this.#walk(value)
    return this.known(value) ?? 0
  }

  #walk(root: object): void {
    const open = new Set<object>()
    const endless: Visit[] = []
    const stack: Visit[] = []
    const enter = (object: object): void => {
      if (--this.#left < 0) throw new RangeError('There are too many objects.')
      open.add(object)
      stack.push({ object, shape: this.#shapeOf(object), next: 0, isEndless: false })
    }
    enter(root)
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const { object, shape } = visit
      if (visit.next < shape.parts.length) {
        const part = shape.parts[visit.next++]
        if (!isObject(part) || this.#known.has(part)) continue
        if (open.has(part) || this.#endless.has(part)) visit.isEndless = true
        else enter(part)
        continue
      }
      stack.pop()
      open.delete(object)
      if (!visit.isEndless) {
        this.#known.set(object, this.#sum(shape, (part) => this.of(part)))
        continue
      }
      this.#endless.set(object, [0])
      endless.push(visit)
      const above = stack.at(-1)
      if (above !== undefined) above.isEndless = true
    }
    for (let round = 1; round <= rounds; round += 1) {
      const before = (part: unknown): number => (isObject(part) ? this.#endless.get(part)?.[round - 1] : undefined) ?? this.of(part)
      for (const { object, shape } of endless) this.#endless.get(object)?.push(this.#sum(shape, before))
    }
  }

  #sum({ label, order, parts }: Shape, of: (part: unknown) => number): number {
    let sum = mix(label, parts.length)
    if (order === 'as is') for (const part of parts) sum = mix(sum, of(part))
    else {
      const step = order === 'any' ? 1 : 2
      let members = 0
      for (let index = 0; index < parts.length; index += step) members = (members + mix(of(parts[index]), step === 1 ? 0 : of(parts[index + 1]))) | 0
      sum = mix(sum, members)
    }
    return sum
  }

  #shapeOf(object: object): Shape {
    const kind = kindOf(object)
    const label = kind === undefined ? this.#identityOf(Object.getPrototypeOf(object)) : this.#ofPrimitive(kind)
    switch (kind) {
      case 'plain': return { label, order: 'pairs in any', parts: propertiesOf(object, Object.keys(object)) }
      case 'array': return { label, ...arrayParts(object as unknown[]) }
      case 'map':
      case 'immutable map': return { label, order: 'pairs in any', parts: flat(object) }
      case 'set':
      case 'immutable set': return { label, order: 'any', parts: [...(object as Collection)] }
      case 'ordered map': return { label, order: 'as is', parts: flat(object) }
      case 'sequence': return { label, order: 'as is', parts: [...(object as Collection)] }
      case undefined: return this.#shapeOfOther(object, label)
      default: return { label: this.#ofLeaf(label, kind, object), order: 'as is', parts: [] }
    }
  }

  #shapeOfOther(object: object, label: number): Shape {
    if (ArrayBuffer.isView(object)) return { label: this.#ofElements(label, object as Uint8Array), order: 'as is', parts: [] }
    if (isError(object)) return { label, order: 'pairs in any', parts: errorParts(object) }
    if (isRecord(object)) return { label, order: 'as is', parts: flat(object) }
    if (!isCollection(object) && isValueObject(object)) return { label, order: 'as is', parts: [hashOf(object)] }
    return { label: this.#identityOf(object), order: 'as is', parts: [] }
  }

  #ofLeaf(label: number, kind: 'date' | 'regexp' | 'boxed' | 'bytes', object: object): number {
    try {
      if (kind === 'date') return mix(label, this.#ofNumber(Date.prototype.getTime.call(object)))
      if (kind === 'regexp') return mix(label, ofText(`${(object as RegExp).flags} ${(object as RegExp).source}`))
      if (kind === 'bytes') return this.#ofElements(label, bytesOf(object))
      const { valueOf } = Object.getPrototypeOf(object) as { valueOf: (this: object) => unknown }
      return mix(label, this.#ofPrimitive(valueOf.call(object)))
    } catch {
      return label // it only has the prototype of what it seems to be
    }
  }

  #ofElements(label: number, elements: ArrayLike<unknown>): number {
    let sum = label
    for (let index = 0; index < elements.length; index += 1) sum = mix(sum, this.#ofPrimitive(elements[index]))
    return sum
  }

  #ofPrimitive(value: unknown): number {
    switch (typeof value) {
      case 'string': return ofText(value)
      case 'number': return this.#ofNumber(value)
      case 'bigint': return mix(1, ofText(value.toString(16)))
      case 'boolean': return value ? 2 : 3
      case 'undefined': return 4
      default: return value === null ? 5 : this.#identityOf(value)
    }
  }

  #ofNumber(value: number): number {
    if ((value | 0) === value && !Object.is(value, -0)) return mix(6, value)
    this.#scratch.setFloat64(0, Number.isNaN(value) ? NaN : value)
    return mix(this.#scratch.getInt32(0), this.#scratch.getInt32(4))
  }

  #identityOf(thing: unknown): number {
    const known = this.#identities.get(thing)
    if (known !== undefined) return known
    const identity = mix(7, this.#identities.size)
    this.#identities.set(thing, identity)
    return identity
  }
}

/** One number of two, in this order. */
function mix(a: number, b: number): number {
  let sum = (Math.imul(a, 31) + b) | 0
  sum = Math.imul(sum ^ (sum >>> 16), 0x7feb352d)
  sum = Math.imul(sum ^ (sum >>> 15), 0x846ca68b)
  return sum ^ (sum >>> 16)
}

function ofText(text: string): number {
  let sum = text.length
  for (let index = 0; index < text.length; index += 1) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193)
  return mix(8, sum)
}

function flat(collection: object): unknown[] {
  const parts: unknown[] = []
  for (const item of collection as Iterable<readonly [unknown, unknown]>) parts.push(item[0], item[1])
  return parts
}

function propertiesOf(object: object, keys: readonly PropertyKey[]): unknown[] {
  const parts: unknown[] = []
  for (const key of keys) parts.push(key, Object.getOwnPropertyDescriptor(object, key)?.value)
  return parts
}

/** By position, up to the first hole or undefined: from there on by name, as a sparse array may be longer than it is full. */
function arrayParts(array: readonly unknown[]): Pick<Shape, 'order' | 'parts'> {
  const parts: unknown[] = []
  for (let index = 0; index < array.length; index += 1) {
    const element = elementOf(array, index)
    if (element === undefined) return { order: 'pairs in any', parts: propertiesOf(array, Object.keys(array)) }
    parts.push(element)
  }
  return { order: 'as is', parts }
}

function errorParts(error: Error): unknown[] {
  const parts = propertiesOf(error, keysOf(error, ['stack']))
  try {
    for (const key of ['name', 'message'] as const) {
      const shown: unknown = Object.hasOwn(error, key) ? null : error[key]
      if (!isObject(shown)) parts.push(key, shown)
    }
  } catch {
    // A getter of its class that throws says nothing.
  }
  return parts
}

function hashOf(object: { hashCode(): number }): unknown {
  try {
    return object.hashCode()
  } catch {
    return undefined
  }
}
