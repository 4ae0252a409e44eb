/** From the form that stands in a payload back to the value: see tags.ts. What was decoded is used up. */
import { BufferHere } from './canonical.js'
import {
  ARRAY, BARE, BIGINT, BOXED, BYTES, bytesClasses, COLLECTION, collections, type Codecs, DATE, ERROR, errorClasses, INSTANCE, MAP, MARK, MAX_DEPTH, MINUS_ZERO, OBJECT,
  REFERENCE, REGEXP, SET, SPARSE, TAGGED, TEXT,
} from './tags.js'

/** A form that no value has. */
export class Malformed extends Error {}

/** A form that needs what is not here: the codec of a class, or a class of the platform. */
export class Unknown extends Error {}

/** The value of a form. @throws Malformed, Unknown, and what a codec throws */
export function revive(form: unknown, codecs: Codecs): unknown {
  if (typeof form !== 'object' || form === null || !Array.isArray(form) || form[0] !== MARK) return form
  if (form[1] !== TAGGED || form.length !== 3) throw new Malformed('a tag without its wrapper')
  return new Reviver(codecs).visit(form[2], 0)
}

type List = readonly unknown[]

/** An object that is not there yet. */
const PENDING = Symbol('pending')

class Reviver {
  private readonly codecs: Codecs
  /** Objects in the order in which they begin. */
  private readonly objects: unknown[] = []

  constructor(codecs: Codecs) {
    this.codecs = codecs
  }

  visit(form: unknown, depth: number): unknown {
    if (typeof form !== 'object' || form === null) return form
    if (depth > MAX_DEPTH) throw new Malformed(`nested deeper than ${MAX_DEPTH} levels`)
    if (Array.isArray(form)) return form[0] === MARK ? this.visitTag(form, depth) : this.visitElements(form, 0, depth)
    if (Object.getPrototypeOf(form) !== Object.prototype) throw new Malformed('an object that is not plain')
    this.objects.push(form)
    const record = form as Record<string, unknown>
    for (const name of Object.keys(record)) {
      const part = record[name]
      if (typeof part === 'object' && part !== null) record[name] = this.visit(part, depth + 1)
    }
    return record
  }

  private visitElements(array: unknown[], from: number, depth: number): unknown[] {
    this.objects.push(array)
    for (let i = from; i < array.length; i++) {
      const part: unknown = array[i]
      if (typeof part === 'object' && part !== null) array[i] = this.visit(part, depth + 1)
    }
    return array
  }

  private visitTag(form: List, depth: number): unknown {
    switch (form[1]) {
      case ARRAY: return this.visitElements(form.slice(2), 0, depth)
      case MINUS_ZERO: return -0
      case TEXT: return textOf(bytesIn(form[2]))
      case BIGINT: return bigintOf(form[2])
      case REFERENCE: return this.reference(form[2])
      case OBJECT: return this.named(this.add({}), form, 2, depth)
      case BARE: return this.named(this.add(Object.create(null) as object), form, 2, depth)
      case SPARSE: return this.sparse(form, depth)
      case DATE: return this.add(new Date(numberIn(form[2])))
      case REGEXP: return this.regexp(form, depth)
      case BOXED: return this.later(() => Object(this.visit(form[2], depth)) as object)
      case ERROR: return this.error(form, depth)
      case MAP: return this.map(form, depth)
      case SET: return this.set(form, depth)
      case BYTES: return this.add(bytesOf(form[2], bytesIn(form[3])))
      case COLLECTION: return this.collection(form, depth)
      case INSTANCE: return this.instance(form, depth)
      default: throw new Malformed('an unknown tag')
    }
  }

  private add<T extends object>(object: T): T {
    this.objects.push(object)
    return object
  }

  /** An object that can be made only from its parts. */
  private later(make: () => unknown): unknown {
    const number = this.objects.push(PENDING) - 1
    const made = make()
    this.objects[number] = made
    return made
  }

  private reference(number: unknown): unknown {
    const found = typeof number === 'number' ? this.objects[number] : undefined
    if (found === undefined || found === PENDING) throw new Malformed('a reference to nothing')
    return found
  }

  private named(object: object, form: List, from: number, depth: number): object {
    if ((form.length - from) % 2 !== 0) throw new Malformed('a name without a value')
    for (let i = from; i < form.length; i += 2) {
      const name = this.name(form[i])
      if (Object.hasOwn(object, name)) throw new Malformed('a name twice')
      define(object, name, this.visit(form[i + 1], depth + 1), true)
    }
    return object
  }

  private name(form: unknown): string {
    const name = this.visit(form, 0)
    if (typeof name !== 'string') throw new Malformed('a name that is no string')
    return name
  }

  private sparse(form: List, depth: number): object {
    const length = numberIn(form[2])
    if (!(length >= 0 && length <= 4294967295 && Number.isInteger(length))) throw new Malformed('a length that is none')
    const array: unknown[] = []
    // An array that was once too long for room to be made is kept by its elements alone.
    if (length > form.length) array.length = 4294967295
    array.length = length
    this.named(this.add(array), form, 3, depth)
    if (array.length !== length) throw new Malformed('an element beyond the end')
    return array
  }

  private regexp(form: List, depth: number): object {
    try {
      const made = this.add(new RegExp(this.name(form[2]), this.name(form[3])))
      made.lastIndex = this.visit(form[4], depth + 1) as number
      return made
    } catch (error) {
      throw error instanceof SyntaxError ? new Malformed('a regular expression that is none') : error
    }
  }

  private error(form: List, depth: number): object {
    const Class = errorClasses.get(form[2] as string)
    if (Class === undefined || (form.length - 3) % 3 !== 0) throw new Malformed('an error that is none')
    const error = this.add(new Class())
    for (let i = 3; i < form.length; i += 3) define(error, this.name(form[i]), this.visit(form[i + 2], depth + 1), form[i + 1] === true)
    const { name, message } = error as { name: unknown; message: unknown }
    // The stack of the place it was made at is not kept, and that of this place would say nothing.
    define(error, 'stack', `${String(typeof name === 'string' ? name : form[2])}: ${typeof message === 'string' ? message : ''}`, false)
    return error
  }

  private map(form: List, depth: number): object {
    if (form.length % 2 !== 0) throw new Malformed('a key without a value')
    const map = this.add(new Map<unknown, unknown>())
    for (let i = 2; i < form.length; i += 2) {
      const key = this.visit(form[i], depth + 1)
      map.set(key, this.visit(form[i + 1], depth + 1))
    }
    if (map.size !== form.length / 2 - 1) throw new Malformed('a key twice')
    return map
  }

  private set(form: List, depth: number): object {
    const set = this.add(new Set<unknown>())
    for (let i = 2; i < form.length; i++) set.add(this.visit(form[i], depth + 1))
    if (set.size !== form.length - 2) throw new Malformed('a member twice')
    return set
  }

  private collection(form: List, depth: number): unknown {
    const kind = collections[form[2] as number]
    if (kind === undefined || (kind.keyed && form.length % 2 === 0)) throw new Malformed('a collection that is none')
    return this.later(() => kind.build(form.slice(3).map((part) => this.visit(part, depth + 1))))
  }

  private instance(form: List, depth: number): unknown {
    const name = this.name(form[2])
    const codec = this.codecs.byName.get(name)
    if (codec === undefined) throw new Unknown(`no codec was given for the class "${name}"`)
    return this.later(() => codec.decode(this.visit(form[3], depth + 1)))
  }
}

function define(object: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true })
}

function numberIn(form: unknown): number {
  if (typeof form !== 'number') throw new Malformed('no number where there must be one')
  return form
}

function bytesIn(form: unknown): Uint8Array {
  if (!(form instanceof Uint8Array)) throw new Malformed('no bytes where there must be some')
  return form
}

function bigintOf(form: unknown): bigint {
  if (typeof form !== 'string' || !/^-?[\da-f]+$/.test(form)) throw new Malformed('a bigint that is none')
  return form.startsWith('-') ? -BigInt(`0x${form.slice(1)}`) : BigInt(`0x${form}`)
}

function textOf(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode((bytes[i] as number) | ((bytes[i + 1] as number) << 8))
  return text
}

/** In new memory: what was decoded is a part of the file. */
function bytesOf(name: unknown, bytes: Uint8Array): object {
  const { buffer } = new Uint8Array(bytes)
  if (name === 'ArrayBuffer') return buffer
  if (name === 'Buffer') {
    if (BufferHere === undefined) throw new Unknown('there is no Buffer here')
    return BufferHere.from(buffer)
  }
  const Class = bytesClasses.get(name as string)
  if (Class === undefined) throw new Malformed('bytes of an unknown kind')
  try {
    return new Class(buffer)
  } catch {
    throw new Malformed('bytes that do not fill their elements')
  }
}
