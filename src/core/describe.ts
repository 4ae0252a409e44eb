/**
 * Describing: a short text for any value, for the ids of nodes, for errors, for debug views.
 *
 * Three promises (DBG-6). It never throws. It never calls user code: properties are read by descriptor, kinds are told
 * by the prototype itself, text comes from intrinsic methods; only the traps of a Proxy cannot be avoided. And it costs
 * what it prints: parts are produced one by one until the room is used up, then the text ends in `…` and the number of
 * parts there were. (Listing the names of an object is the one step that takes as long as the object is wide.)
 *
 * Different keys have different texts as long as nothing was cut: strings are quoted wherever they could be taken for
 * something else, and every kind of object is marked. Node ids rely on that (KEY-1).
 *
 *   describe(value, room) ── shapeOf(object) ── list(shape, room) ── describe(part, the room that is left) ── …
 */
import { List, Map as ImmutableMap, OrderedMap, OrderedSet, Set as ImmutableSet, Stack } from 'immutable'

/** A text of at most `limit` characters for any value; what is cut ends in `…` and the length of the whole. */
export function describeValue(value: unknown, limit = 80): string {
  return cut(describe(value, limit, []), limit)
}

/** The readable id of a node: `words(a.md)`, `cell(1, "2")`. The limit holds for what stands between the brackets. */
export function describeNode(name: string, args: readonly unknown[], limit = 120): string {
  const parts = args.map((value): Part => (isBare(value) ? ['', value, value] : ['', value]))
  return `${name}(${cut(list({ open: '', close: '', total: args.length, parts }, limit, []), limit)})`
}

/** A label (`name: `, `key => `, or nothing), the value that follows it, and its text if that is known already. */
type Part = readonly [label: string, value: unknown, text?: string]

/** What is printed of a collection: `open`, its parts as far as there is room, `close`. */
interface Shape {
  readonly open: string
  readonly close: string
  readonly total: number
  readonly parts: Iterable<Part>
}

/** Deeper values are shown as `…`, and prototype chains are followed no further: a Proxy can make them endless. */
const maxDepth = 20

const collectionOpeners: ReadonlyMap<object, string> = new Map([
  [List.prototype, 'List ['],
  [Stack.prototype, 'Stack ['],
  [ImmutableSet.prototype, 'Immutable.Set {'],
  [OrderedSet.prototype, 'OrderedSet {'],
  [ImmutableMap.prototype, 'Immutable.Map {'],
  [OrderedMap.prototype, 'OrderedMap {'],
])

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object
/** A name for real typed arrays, `undefined` for anything else, without asking the object. */
const typedArrayName = intrinsic(typedArrayPrototype, Symbol.toStringTag)
const typedArrayLength = intrinsic(typedArrayPrototype, 'length')
const dataViewLength = intrinsic(DataView.prototype, 'byteLength')
const mapSize = intrinsic(Map.prototype, 'size')
const setSize = intrinsic(Set.prototype, 'size')
const regExpSource = intrinsic(RegExp.prototype, 'source')

/** The getter of a built-in class, for use on its instances whatever properties of their own they have. */
function intrinsic(prototype: object, name: string | symbol): (object: object) => unknown {
  const property = Object.getOwnPropertyDescriptor(prototype, name)
  return (object) => property?.get?.call(object)
}

/** Strings that need no quotes as an argument: plain words and paths that nothing else is printed as. */
function isBare(value: unknown): value is string {
  return typeof value === 'string' && value.length < 1000 && /^[\w./:@-]+$/.test(value) &&
    !/^(?:-?\d[\d.]*(?:e-?\d+)?n?|-?0x[\da-f]+n|-?Infinity|NaN|true|false|null|undefined)$/.test(value)
}

function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, Math.max(0, limit - 1))}…` : text
}

/** May come out longer than `room`, by a bounded amount, if there is no room for anything sensible. */
function describe(value: unknown, room: number, inside: readonly object[]): string {
  switch (typeof value) {
    case 'string': return quote(value, room)
    case 'number': return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint': return describeBigint(value, room)
    case 'symbol': return cut(String(value), Math.max(room, 16))
    case 'function': return `[function ${nameOf(value)}]`
    case 'object': return value === null ? 'null' : describeObject(value, room, inside)
    default: return String(value)
  }
}

function quote(text: string, room: number): string {
  const start = JSON.stringify(text.slice(0, Math.max(0, room)))
  if (text.length <= room && start.length <= room) return start
  const mark = `…" (${text.length} characters)`
  return `${start.slice(0, Math.max(1, room - mark.length))}${mark}`
}

/** Decimal up to 256 bits; beyond that hexadecimal, which takes linear time. */
function describeBigint(value: bigint, room: number): string {
  if (BigInt.asIntN(256, value) === value) return `${value}n`
  const text = `${value < 0n ? '-' : ''}0x${(value < 0n ? -value : value).toString(16)}n`
  const mark = `… (${text.length - 3} hexadecimal digits)`
  return text.length <= room ? text : `${text.slice(0, Math.max(3, room - mark.length))}${mark}`
}

function describeObject(object: object, room: number, inside: readonly object[]): string {
  if (inside.includes(object)) return '<cycle>'
  if (inside.length >= maxDepth) return '…'
  try {
    const now = [...inside, object]
    const text = builtIn(object, room)
    return text ?? list(shapeOf(object, room, now), room, now)
  } catch {
    return '<unreadable>' // a Proxy, or an object that only has the prototype of what it seems to be
  }
}

function list(shape: Shape, room: number, inside: readonly object[]): string {
  const tail = `… ${shape.total} in all${shape.close}`
  let text = shape.open
  for (const [label, value, known] of shape.parts) {
    const start = text === shape.open ? label : `, ${label}`
    const left = room - text.length - start.length - tail.length - 2
    const item = left <= 0 ? '' : known ?? describe(value, left, inside)
    if (item === '' || item.length > left) return `${text}${text === shape.open ? '' : ', '}${tail}`
    text += start + item
  }
  return text + shape.close
}

/** Dates, regular expressions and errors: what is described by a word and not by its parts. */
function builtIn(object: object, room: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype === Date.prototype) {
    const time = Date.prototype.getTime.call(object)
    return `Date(${Number.isNaN(time) ? 'invalid' : Date.prototype.toISOString.call(object)})`
  }
  if (prototype === RegExp.prototype) return `RegExp(${quote(String(regExpSource(object)), room - 8)})`
  if (!isError(object)) return undefined
  const message = inherited(object, 'message')
  const name = inherited(object, 'name')
  const shown = typeof name === 'string' && name !== 'Error' ? cut(name, 40) : classOf(object)
  return `${shown}(${typeof message === 'string' ? quote(message, room - shown.length - 2) : ''})`
}

function shapeOf(object: object, room: number, inside: readonly object[]): Shape {
  if (Array.isArray(object)) return indexed('[', object.length, (index) => part('', object, index))
  const prototype = Object.getPrototypeOf(object) as object | null
  const collection = prototype === null ? undefined : collectionOpeners.get(prototype)
  if (collection !== undefined) {
    const items = object as Iterable<unknown> & { readonly size: number }
    return entries(collection, items.size, items, collection.endsWith('Map {'), room, inside)
  }
  if (prototype === Map.prototype) {
    return entries('Map {', mapSize(object), Map.prototype.entries.call(object), true, room, inside)
  }
  if (prototype === Set.prototype) {
    return entries('Set {', setSize(object), Set.prototype.values.call(object), false, room, inside)
  }
  if (prototype === ArrayBuffer.prototype) {
    const bytes = new Uint8Array(object as ArrayBuffer)
    return indexed('ArrayBuffer [', bytes.length, (index) => ['', bytes[index]])
  }
  if (prototype === DataView.prototype) {
    const byte = (index: number): Part => ['', DataView.prototype.getUint8.call(object, index)]
    return indexed('DataView [', dataViewLength(object), byte)
  }
  if (typedArrayName(object) === undefined) return fields(object, prototype)
  return indexed(`${classOf(object)} [`, typedArrayLength(object), (index) => ['', (object as Uint8Array)[index]])
}

function indexed(open: string, length: unknown, partAt: (index: number) => Part): Shape {
  const total = Number(length)
  function* parts(): Generator<Part> {
    for (let index = 0; index < total; index += 1) yield partAt(index)
  }
  return { open, close: ']', total, parts: parts() }
}

function entries(
  open: string, size: unknown, items: Iterable<unknown>, keyed: boolean, room: number, inside: readonly object[],
): Shape {
  function* parts(): Generator<Part> {
    for (const item of items) {
      const [key, value] = keyed ? (item as [unknown, unknown]) : [undefined, item]
      yield [keyed ? `${describe(key, room / 2, inside)} => ` : '', value]
    }
  }
  return { open, close: open.endsWith('[') ? ']' : '}', total: Number(size), parts: parts() }
}

function fields(object: object, prototype: object | null): Shape {
  const names = Reflect.ownKeys(object)
  function* parts(): Generator<Part> {
    for (const name of names) {
      const label = typeof name === 'symbol' ? `[${cut(String(name), 40)}]` : name
      const simple = typeof name === 'symbol' || /^[A-Za-z_$][\w$]{0,40}$/.test(name)
      yield part(`${simple ? label : quote(label, 60)}: `, object, name)
    }
  }
  const kind = prototype === null ? 'null-prototype ' : `${classOf(object)} `
  return { open: `${prototype === Object.prototype ? '' : kind}{`, close: '}', total: names.length, parts: parts() }
}

function part(label: string, object: object, name: string | number | symbol): Part {
  const property = Object.getOwnPropertyDescriptor(object, name)
  if (property === undefined) return [label, undefined, '<hole>']
  return 'value' in property ? [label, property.value] : [label, undefined, '<accessor>']
}

/** The value of a data property of the object or its prototypes; `undefined` if a getter would have to be asked. */
function inherited(object: object, name: string): unknown {
  let holder: object | null = object
  for (let depth = 0; depth < maxDepth && holder !== null; depth += 1) {
    const property = Object.getOwnPropertyDescriptor(holder, name)
    if (property !== undefined) return property.value
    holder = Object.getPrototypeOf(holder) as object | null
  }
  return undefined
}

function isError(object: object): boolean {
  let holder: unknown = object
  for (let depth = 0; depth < maxDepth && typeof holder === 'object' && holder !== null; depth += 1) {
    if (holder === Error.prototype) return true
    holder = Object.getPrototypeOf(holder)
  }
  return false
}

function classOf(object: object): string {
  const constructor = inherited(object, 'constructor')
  return typeof constructor === 'function' ? nameOf(constructor) : 'object'
}

function nameOf(callable: object): string {
  try {
    const name: unknown = Object.getOwnPropertyDescriptor(callable, 'name')?.value
    return typeof name === 'string' && name !== '' ? cut(name, 40) : 'anonymous'
  } catch {
    return '<unreadable>' // a Proxy over a function
  }
}
