/**
 * Longer than 300 lines: one pass, and every kind of value it may meet.
 *
 * From a value to the form that stands in a payload (see tags.ts), the same for equal values: names of objects, members of Sets
 * and entries of Maps are sorted, since equality does not see their order. Nothing that already stands as it has to is copied.
 * No getter is called; what cannot be written exactly is refused, with its path.
 */
import { describeValue } from '../index.js'
import {
  ARRAY, BARE, BIGINT, BOXED, BYTES, bytesClasses, type ClassCodec, COLLECTION, collections, type CollectionKind, type Codecs, DATE, ERROR, errorClasses, INSTANCE,
  isWellFormed, MAP, MARK, MAX_DEPTH, MINUS_ZERO, OBJECT, REFERENCE, REGEXP, SET, SPARSE, TAGGED, TEXT,
} from './tags.js'

/** Why a value was refused, and where in it. */
export class Refusal extends Error {
  readonly path: string
  override readonly cause: unknown

  constructor(path: string, reason: string, cause?: unknown) {
    super(reason)
    this.path = path
    this.cause = cause
  }
}

/** Names that msgpackr, or an assignment, would take for something else. */
const unusualNames = new Set(['__proto__', 'constructor', 'hasOwnProperty', '__keys__', 'toJSON', 'length', 'then'])

/** Objects with more names are written as lists: as records, each set of names would be one more structure. */
const MANY_NAMES = 64

const collectionsByPrototype = new Map(collections.map((kind, number) => [kind.prototype, { kind, number }]))
const errorsByPrototype = new Map([...errorClasses.keys()].map((name) => [(globalThis as unknown as Record<string, { prototype: object }>)[name]?.prototype as object, name]))
const bytesByPrototype = new Map([...bytesClasses].map(([name, made]) => [made.prototype as object, name]))
const boxes: ReadonlySet<object> = new Set<object>([Number.prototype, String.prototype, Boolean.prototype, BigInt.prototype])

/** Asks for a getter without making a descriptor, which takes four times as long. */
const { __lookupGetter__: lookupGetter } = Object.prototype as unknown as { readonly __lookupGetter__: (this: object, name: PropertyKey) => unknown }

const own = Object.getOwnPropertyDescriptor

/** A getter of the platform, to be called for an object whose prototype may be another one. */
function getterOf(prototype: object, name: PropertyKey): (object: object) => unknown {
  const descriptor = own(prototype, name) as PropertyDescriptor & { readonly get: () => unknown }
  return (object) => Reflect.apply(descriptor.get, object, [])
}

/** As what a typed array was made; undefined for anything else. */
const typedArrayName = getterOf(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag)

/** Throws for what is no ArrayBuffer. */
const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength')

/** The form of values, one after the other. */
export class Canonical {
  private readonly codecs: Codecs
  /** Turns a form into text that two forms share only if they are the same: to sort by. */
  private readonly print: (form: unknown) => string
  /** Objects of the value in hand, by the order in which they begin. */
  private readonly seen = new Map<object, number>()
  /** Those that can be referred to only from outside them, while they are open. */
  private readonly open = new Set<object>()
  private readonly path: PropertyKey[] = []
  private readonly usual = new Map<string, boolean>()
  /** Lists of names that stand as they have to, the last one of each first name. */
  private readonly known = new Map<string, readonly string[]>()
  private tagged = false
  /** The unordered collections whose members are being sorted, the outermost first. */
  private sorting: readonly object[] = []
  /** Texts of members that do not refer to a collection being sorted. */
  private prints = new Map<object, string>()
  private leaned = false
  /** About how many bytes all forms so far take. */
  weight = 0

  constructor(codecs: Codecs, print: (form: unknown) => string) {
    this.codecs = codecs
    this.print = print
  }

  /** The form of one value. @throws Refusal */
  form(value: unknown): unknown {
    this.tagged = false
    try {
      const form = this.visit(value, 0)
      return this.tagged ? [MARK, TAGGED, form] : form
    } catch (thrown) {
      if (thrown instanceof Refusal) throw thrown
      throw new Refusal(this.shownPath(0), `it cannot be inspected: ${describeValue(thrown)}`, thrown)
    } finally {
      if (this.seen.size > 0) this.seen.clear()
      if (this.open.size > 0) this.open.clear()
      if (this.prints.size > 0) this.prints.clear()
    }
  }

  private tag(code: number, ...parts: unknown[]): unknown {
    return this.tagAll(code, parts)
  }

  /** Parts may be many: too many to be arguments. */
  private tagAll(code: number, parts: readonly unknown[]): unknown {
    this.tagged = true
    return [MARK, code].concat(parts as never[])
  }

  private visit(value: unknown, depth: number): unknown {
    this.weight += 4
    switch (typeof value) {
      case 'string':
        this.weight += value.length
        return isWellFormed(value) ? value : this.tag(TEXT, utf16(value))
      case 'number': return Object.is(value, -0) ? this.tag(MINUS_ZERO) : value
      case 'boolean':
      case 'undefined': return value
      case 'bigint': return this.tag(BIGINT, value.toString(16))
      case 'object': return value === null ? null : this.visitObject(value, depth)
      default: return this.refuse(depth, `it is a ${typeof value}`)
    }
  }

  private child(value: unknown, name: PropertyKey, depth: number): unknown {
    this.path[depth] = name
    return this.visit(value, depth + 1)
  }

  private visitObject(object: object, depth: number): unknown {
    const number = this.seen.get(object)
    if (number !== undefined) {
      if (this.open.has(object)) return this.refuse(depth, 'it contains itself, and has to be whole before anything can refer to it')
      return this.tag(REFERENCE, number)
    }
    const level = this.sorting.indexOf(object)
    if (level >= 0) {
      this.leaned = true
      return this.tag(REFERENCE, -1 - level)
    }
    if (depth >= MAX_DEPTH) return this.refuse(depth, `it is nested deeper than ${MAX_DEPTH} levels`)
    this.seen.set(object, this.seen.size)
    const prototype = Object.getPrototypeOf(object) as object | null
    if (prototype === Object.prototype) return this.visitPlain(object as Record<string, unknown>, depth)
    if (prototype === Array.prototype && Array.isArray(object)) return this.visitArray(object, depth)
    return this.visitOther(object, prototype, depth)
  }

  // ── Plain objects and arrays ───────────────────────────────────────────────────────────────────────────────────

  private visitPlain(object: Record<string, unknown>, depth: number): unknown {
    const names = this.namesOf(object, depth)
    if (!this.isKnown(names)) {
      if (names.length > MANY_NAMES || !names.every((name) => this.isUsual(name))) return this.tagAll(OBJECT, this.entries(object, names.toSorted(), depth))
      if (names.some((name, i) => i > 0 && name < (names[i - 1] as string))) return this.visitUnsorted(object, names, depth)
      if (this.known.size < 1000) this.known.set(names[0] ?? '', names)
    }
    let copy: Record<string, unknown> | null = null
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string
      const value = this.valueOf(object, name, depth)
      const form = this.child(value, name, depth)
      if (copy === null && !Object.is(form, value)) {
        copy = {}
        for (let j = 0; j < i; j++) copy[names[j] as string] = object[names[j] as string]
      }
      if (copy !== null) copy[name] = form
    }
    return copy ?? object
  }

  /** Whether these very names were seen to be usual and sorted. */
  private isKnown(names: readonly string[]): boolean {
    const known = this.known.get(names[0] ?? '')
    if (known === undefined || known.length !== names.length) return false
    for (let i = 0; i < names.length; i++) if (known[i] !== names[i]) return false
    return true
  }

  /** Whether a name may stand in a record as it is. The same few come again and again. */
  private isUsual(name: string): boolean {
    let usual = this.usual.get(name)
    if (usual === undefined) {
      usual = !unusualNames.has(name) && isWellFormed(name)
      if (this.usual.size < 1000) this.usual.set(name, usual)
    }
    return usual
  }

  /** A copy in sorted order; names that are integers come first in any object. */
  private visitUnsorted(object: Record<string, unknown>, names: string[], depth: number): object {
    const copy: Record<string, unknown> = {}
    for (const name of names.toSorted()) copy[name] = undefined
    for (const name of Object.keys(copy)) copy[name] = this.child(this.valueOf(object, name, depth), name, depth)
    return copy
  }

  private entries(object: object, names: readonly string[], depth: number): unknown[] {
    const list: unknown[] = []
    for (const name of names) list.push(this.visit(name, depth), this.child(this.valueOf(object, name, depth), name, depth))
    return list
  }

  /** The names of an object all of whose properties can be seen. */
  private namesOf(object: object, depth: number): string[] {
    const names = Object.keys(object)
    // Together faster than Reflect.ownKeys.
    if (Object.getOwnPropertyNames(object).length !== names.length || Object.getOwnPropertySymbols(object).length > 0) {
      const name = Reflect.ownKeys(object).find((one) => typeof one === 'symbol' || !names.includes(one)) as PropertyKey
      this.path[depth] = name
      return this.refuse(depth + 1, typeof name === 'symbol' ? 'its name is a symbol' : 'it is not enumerable')
    }
    return names
  }

  private valueOf(object: object, name: string, depth: number): unknown {
    if (lookupGetter.call(object, name) !== undefined) return this.refuseAccessor(name, depth)
    const value = (object as Record<string, unknown>)[name]
    if (value === undefined && own(object, name)?.set !== undefined) return this.refuseAccessor(name, depth)
    return value
  }

  private refuseAccessor(name: PropertyKey, depth: number): never {
    this.path[depth] = name
    return this.refuse(depth + 1, 'it is computed by a getter or a setter')
  }

  private visitArray(array: readonly unknown[], depth: number): unknown {
    const { length } = array
    if (this.hasMore(array, depth)) return this.visitSparse(array, depth)
    let copy: unknown[] | null = null
    for (let i = 0; i < length; i++) {
      const value = lookupGetter.call(array, i) === undefined ? array[i] : this.refuseAccessor(i, depth)
      const form = this.child(value, i, depth)
      if (copy === null && !Object.is(form, value)) copy = array.slice(0, i)
      if (copy !== null) copy.push(form)
    }
    if (array[0] === MARK) return this.tagAll(ARRAY, copy ?? array)
    return copy ?? array
  }

  /** It has holes, or names besides its elements. */
  private hasMore(array: readonly unknown[], depth: number): boolean {
    const names = Reflect.ownKeys(array)
    // Elements come first, then `length`: where it stands tells how many there are.
    if (names.length === array.length + 1 && names[array.length] === 'length') return false
    const name = names.find((one) => one !== 'length' && (typeof one === 'symbol' || own(array, one)?.enumerable === false))
    if (name === undefined) return true
    this.path[depth] = name
    return this.refuse(depth + 1, typeof name === 'symbol' ? 'its name is a symbol' : 'it is not enumerable')
  }

  private visitSparse(array: readonly unknown[], depth: number): unknown {
    const names = Object.keys(array)
    const elements = names.filter((name) => isIndex(name))
    const others = names.filter((name) => !isIndex(name)).toSorted()
    return this.tagAll(SPARSE, [array.length, ...this.entries(array, [...elements, ...others], depth)])
  }

  // ── Everything else ────────────────────────────────────────────────────────────────────────────────────────────

  private visitOther(object: object, prototype: object | null, depth: number): unknown {
    if (prototype === null) return this.tagAll(BARE, this.entries(object, this.namesOf(object, depth).toSorted(), depth))
    const codec = this.codecs.byPrototype.get(prototype)
    if (codec !== undefined) return this.visitInstance(object, codec, depth)
    const collection = collectionsByPrototype.get(prototype)
    if (collection !== undefined) return this.visitCollection(object, collection.kind, collection.number, depth)
    const error = errorsByPrototype.get(prototype)
    if (error !== undefined) return this.visitError(object, error, depth)
    const bytes = bytesByPrototype.get(prototype)
    if (bytes !== undefined) return this.visitView(object, bytes, bytes, depth)
    if (prototype === Map.prototype || prototype === Set.prototype) return this.visitNative(object, prototype === Map.prototype, depth)
    return this.visitLeaf(object, prototype, depth)
  }

  private visitLeaf(object: object, prototype: object, depth: number): unknown {
    const isBox = boxes.has(prototype)
    const isRegExp = prototype === RegExp.prototype
    const expected = isRegExp ? 1 : prototype === String.prototype ? (object as { readonly length: number }).length + 1 : 0
    const isLeaf = isBox || isRegExp || prototype === Date.prototype || prototype === ArrayBuffer.prototype
    if (isLeaf && Reflect.ownKeys(object).length !== expected) return this.refuse(depth, 'it is a built-in object with properties of its own')
    if (prototype === Date.prototype) return this.tag(DATE, Date.prototype.getTime.call(object as Date))
    if (isRegExp) return this.tag(REGEXP, this.visit((object as RegExp).source, depth), (object as RegExp).flags, this.child((object as RegExp).lastIndex, 'lastIndex', depth))
    if (prototype === ArrayBuffer.prototype) {
      // Throws for what is none: anything else would be taken for a list of bytes.
      bufferLength(object)
      return this.tag(BYTES, 'ArrayBuffer', this.copyBytes(new Uint8Array(object as ArrayBuffer)))
    }
    if (isBox) return this.tag(BOXED, this.visit((prototype as { valueOf: (this: object) => unknown }).valueOf.call(object), depth))
    if (isBuffer(object)) return this.visitView(object, 'Buffer', 'Uint8Array', depth)
    const name = (own(prototype, 'constructor')?.value as { name?: unknown } | undefined)?.name
    return this.refuse(depth, typeof name === 'string' && name !== '' && name !== 'Object' ? `it is an instance of ${describeValue(name).slice(1, -1)}` : 'its prototype is not a known one')
  }

  /** Binary data by the name of its class; `made`: as what it must have been made, whatever its prototype says. */
  private visitView(object: object, name: string, made: string, depth: number): unknown {
    const found = typedArrayName(object) ?? (ArrayBuffer.isView(object) ? 'DataView' : '')
    if (found !== made) return this.refuse(depth, `it is no ${made}`)
    if (made === 'DataView' && Reflect.ownKeys(object).length > 0) return this.refuse(depth, 'it is a built-in object with properties of its own')
    return this.tag(BYTES, name, this.copyBytes(object as ArrayBufferView))
  }

  private copyBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
    this.weight += byteLength
    return new Uint8Array(buffer, byteOffset, byteLength).slice()
  }

  private visitInstance(object: object, codec: ClassCodec, depth: number): unknown {
    this.open.add(object)
    let data: unknown
    try {
      data = codec.encode(object)
    } catch (cause) {
      throw new Refusal(this.shownPath(depth), `the codec of ${codec.name} threw: ${describeValue(cause)}`, cause)
    }
    const form = this.visit(data, depth + 1)
    this.open.delete(object)
    return this.tag(INSTANCE, this.visit(codec.name, depth), form)
  }

  private visitError(object: object, name: string, depth: number): unknown {
    const parts: unknown[] = []
    const keys = Reflect.ownKeys(object).filter((key) => key !== 'stack')
    for (const key of keys.toSorted(compareKeys)) {
      const descriptor = own(object, key) as PropertyDescriptor
      const { enumerable, value } = descriptor
      if ('get' in descriptor) return this.refuseAccessor(key, depth)
      if (typeof key === 'symbol') {
        this.path[depth] = key
        return this.refuse(depth + 1, 'its name is a symbol')
      }
      parts.push(this.visit(key, depth), enumerable, this.child(value, key, depth))
    }
    if (Object.prototype.toString.call(object) !== '[object Error]') return this.refuse(depth, 'it has the prototype of an error, and is none')
    return this.tagAll(ERROR, [name, ...parts])
  }

  private visitNative(object: object, keyed: boolean, depth: number): unknown {
    if (Reflect.ownKeys(object).length > 0) return this.refuse(depth, 'it is a built-in object with properties of its own')
    const members: Iterable<unknown> = keyed ? Map.prototype.entries.call(object as Map<unknown, unknown>) : Set.prototype.values.call(object as Set<unknown>)
    return this.tagAll(keyed ? MAP : SET, this.members([...members], keyed, object, depth))
  }

  private visitCollection(object: object, kind: CollectionKind, number: number, depth: number): unknown {
    this.open.add(object)
    const members = this.members([...(object as Iterable<unknown>)], kind.keyed, kind.unordered ? object : null, depth)
    this.open.delete(object)
    return this.tagAll(COLLECTION, [number, ...members])
  }

  /** The members of a collection, or its keys and values; sorted where they have no order. */
  private members(list: readonly unknown[], keyed: boolean, unordered: object | null, depth: number): unknown[] {
    const members = unordered !== null && list.length > 1 ? this.sorted(list, keyed, unordered, depth) : list
    const forms: unknown[] = []
    for (const [i, member] of members.entries()) {
      if (keyed) {
        const [key, value] = member as [unknown, unknown]
        forms.push(this.child(key, `key ${i}`, depth), this.child(value, typeof key === 'string' || typeof key === 'number' ? key : `value ${i}`, depth))
      } else forms.push(this.child(member, i, depth))
    }
    return forms
  }

  private sorted(list: readonly unknown[], keyed: boolean, collection: object, depth: number): unknown[] {
    const before = this.sorting
    this.sorting = [...before, collection]
    const texts = list.map((member) => {
      const key = keyed ? (member as [unknown, unknown])[0] : member
      const text = this.textOf(key, depth)
      // Two keys that are equal by content are told apart by their values.
      return { member, text: keyed && typeof key === 'object' && key !== null ? `${text} ${this.textOf((member as [unknown, unknown])[1], depth)}` : text }
    })
    this.sorting = before
    return texts.toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)).map(({ member }) => member)
  }

  /** A text for a member by itself, the same for equal ones. */
  private textOf(member: unknown, depth: number): string {
    if (typeof member !== 'object' || member === null) return `${typeof member} ${Object.is(member, -0) ? '-0' : String(member)}`
    const known = this.prints.get(member)
    if (known !== undefined) return known
    const alone = new Canonical(this.codecs, this.print)
    alone.sorting = this.sorting
    alone.prints = this.prints
    alone.path.push(...this.path.slice(0, depth), 'member')
    const text = this.print(alone.visit(member, depth + 1))
    if (alone.leaned) this.leaned = true
    else this.prints.set(member, text)
    return text
  }

  private refuse(depth: number, reason: string): never {
    throw new Refusal(this.shownPath(depth), reason)
  }

  private shownPath(depth: number): string {
    const steps = this.path.slice(0, depth).map((step) => {
      if (typeof step === 'symbol') return `[${describeValue(step)}]`
      if (typeof step === 'number' || isIndex(step)) return `[${step}]`
      return /^[A-Za-z_$][\w$]{0,40}$/.test(step) ? `.${step}` : `[${describeValue(step)}]`
    })
    const shown = steps.length > 40 ? [...steps.slice(0, 30), '…', ...steps.slice(-5)] : steps
    return `value${shown.join('')}`
  }
}

const isIndex = (name: string): boolean => /^(?:0|[1-9]\d{0,9})$/.test(name) && Number(name) < 4294967295

function compareKeys(a: PropertyKey, b: PropertyKey): number {
  return String(a) < String(b) ? -1 : 1
}

function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[2 * i] = unit & 0xff
    bytes[2 * i + 1] = unit >> 8
  }
  return bytes
}

interface BufferClass {
  readonly prototype: object
  from(buffer: ArrayBuffer): Uint8Array
}

/** Node's class of bytes, where there is one. */
export const BufferHere: BufferClass | undefined = (globalThis as { Buffer?: BufferClass }).Buffer

function isBuffer(object: object): object is Uint8Array {
  return BufferHere !== undefined && Object.getPrototypeOf(object) === BufferHere.prototype
}
