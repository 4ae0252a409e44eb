/**
 * Keys: from the arguments of a definition to one text that names them.
 *
 *   args ──encodeArgs──▶ text      on every look-up: the table of nodes is keyed by it (KEY-2, KEY-3, DER-5)
 *   args ──copyArgs────▶ args'     once, when a node is made: what the body receives and the node keeps
 *
 * The text is a prefix code: every value starts with a tag letter that fixes its length or is followed by a length or
 * a count, so texts may be joined and still be taken apart in one way only. That is the whole proof that two argument
 * lists share a text only if they are the same key. What has no order (plain objects, Immutable Map and Set) is sorted
 * by UTF-16 code units; strings stand there unescaped, so lone surrogates and NFC against NFD stay apart.
 *
 * Both passes see an object through `partsOf`, so nothing can be encoded that is not copied, or the other way round.
 * It reads properties by descriptor: a getter is never called. A Proxy cannot be told from its target; whatever one of
 * its traps throws becomes an InvalidKeyError. Kinds are told by the prototype itself, never by a marker property, so
 * classes, subclasses (Buffer too) and objects of other realms are refused, as are Seq (lazy: it may run user code) and
 * Record (two factories may share a name). Named properties put on a typed array are not seen.
 *
 * Careful: any text may also be somebody's string key, so texts and bare primitives need a table each.
 */
import { List, Map as ImmutableMap, OrderedMap, OrderedSet, Set as ImmutableSet, Stack } from 'immutable'
import { describeValue } from './describe.js'
import { InvalidKeyError } from './errors.js'

export { describeNode, describeValue } from './describe.js'

export type Primitive = string | number | bigint | boolean | null | undefined

/** True for what may be a native Map key as it is: everything but objects, functions and symbols. */
export function isPrimitive(value: unknown): value is Primitive {
  if (value === null) return true
  const type = typeof value
  return type !== 'object' && type !== 'function' && type !== 'symbol'
}

/** Deeper keys are refused: three stack frames a level, and the caller may be deep in queries himself. */
const maxDepth = 1000
/** Longer texts are refused. A graph of shared objects doubles its text at every level: this is what ends it. */
const maxLength = 2 ** 24

/** A position or a property name. */
type Step = number | string
type Visit<Result> = (walk: Walk<Result>, object: object) => Result

/** One pass over one argument list: whom to name in an error, where we are, and what each object came to. */
interface Walk<Result> {
  readonly where: string
  /** Steps from the argument list to the value in hand. */
  readonly path: Step[]
  /** Objects met: `undefined` while inside (meeting it again is a cycle), then the result, made once however shared. */
  readonly seen: Map<object, Result | undefined>
  /** The error this pass itself ended with. Careful: asking an unknown error for its class may run a Proxy trap. */
  refusal?: InvalidKeyError
}

/** The canonical text of arguments whose trailing `undefined` are dropped already. Throws only InvalidKeyError. */
export function encodeArgs(where: string, args: readonly unknown[]): string {
  let walk: Walk<string> | undefined
  let text = ''
  for (let index = 0; index < args.length; index += 1) {
    const value = args[index]
    if (isPrimitive(value)) text += encodePrimitive(value)
    else text += guarded((walk ??= startWalk(where)), index, value, encodeObject)
  }
  if (text.length > maxLength) refuse(walk ?? startWalk(where), `it is over ${maxLength} characters long`)
  return text
}

/**
 * A deep copy of an argument list that nobody else can change: plain data is copied (properties in sorted order) and
 * frozen, dates and binary data are copied, −0 becomes 0. Immutable collections are kept if nothing in them had to be
 * copied. For args that `encodeArgs` accepted just before; a Proxy that changed its mind still ends in InvalidKeyError.
 */
export function copyArgs(args: readonly unknown[], where = 'key'): readonly unknown[] {
  let walk: Walk<object> | undefined
  const copies = args.map((value, index) => {
    if (isPrimitive(value)) return value === 0 ? 0 : value
    return guarded((walk ??= startWalk(where)), index, value, copyObject)
  })
  return Object.freeze(copies)
}

function startWalk<Result>(where: string): Walk<Result> {
  return { where, path: [], seen: new Map() }
}

/** Runs a pass over one argument; what user code (a Proxy trap) or the stack throws on the way becomes our error. */
function guarded<Result>(walk: Walk<Result>, index: number, value: unknown, visit: Visit<Result>): Result {
  try {
    return visitChild(walk, index, value, visit)
  } catch (error) {
    throw walk.refusal ?? refuse(walk, `it cannot be inspected: ${describeValue(error)}`)
  }
}

function visitChild<Result>(walk: Walk<Result>, step: Step, value: unknown, visit: Visit<Result>): Result {
  walk.path.push(step)
  if (typeof value !== 'object' || value === null) return refuse(walk, `it is a ${typeof value}`)
  let result = walk.seen.get(value)
  if (result === undefined) {
    if (walk.seen.has(value)) refuse(walk, 'it closes a cycle')
    if (walk.path.length > maxDepth) refuse(walk, `it is nested deeper than ${maxDepth} levels`)
    walk.seen.set(value, undefined)
    result = visit(walk, value)
    walk.seen.set(value, result)
  }
  walk.path.pop() // not in a `finally`: when something throws, the path must still say where
  return result
}

function refuse(walk: Walk<unknown>, reason: string): never {
  const steps = walk.path.map((step) => {
    if (typeof step === 'number') return `[${step}]`
    return /^[A-Za-z_$][\w$]{0,40}$/.test(step) ? `.${step}` : `[${describeValue(step)}]`
  })
  // A path of a thousand steps helps nobody: both ends of it do.
  const shown = steps.length > 40 ? [...steps.slice(0, 30), '…', ...steps.slice(-5)] : steps
  walk.refusal = new InvalidKeyError(walk.where, `args${shown.join('')}`, reason)
  throw walk.refusal
}

// ── What an object is made of ───────────────────────────────────────────────────────────────────────────────────

/** A kind of collection that may be part of a key. `build` makes one from the values in the order `partsOf` gave. */
interface Kind {
  readonly tag: string
  /** Parts are key, value, key, value (Immutable maps). */
  readonly keyed: boolean
  /** The order of the entries is no part of the key. */
  readonly unordered: boolean
  readonly build: (values: readonly unknown[]) => object
}

/** Plain objects have names, the others do not; all have values. */
interface Parts {
  readonly kind: Kind
  readonly names: readonly string[] | undefined
  readonly values: readonly unknown[]
}

const plainKind: Kind = { tag: 'o', keyed: false, unordered: false, build: () => ({}) }
const bareKind: Kind = { tag: 'z', keyed: false, unordered: false, build: () => Object.create(null) as object }
const arrayKind: Kind = { tag: 'a', keyed: false, unordered: false, build: (values) => Object.freeze(values) }

const immutableKinds: ReadonlyMap<object, Kind> = new Map<object, Kind>([
  [List.prototype, { tag: 'L', keyed: false, unordered: false, build: (values) => List(values) }],
  [Stack.prototype, { tag: 'K', keyed: false, unordered: false, build: (values) => Stack(values) }],
  [OrderedSet.prototype, { tag: 'R', keyed: false, unordered: false, build: (values) => OrderedSet(values) }],
  [ImmutableSet.prototype, { tag: 'S', keyed: false, unordered: true, build: (values) => ImmutableSet(values) }],
  [OrderedMap.prototype, { tag: 'P', keyed: true, unordered: false, build: (v) => OrderedMap(pairs(v)) }],
  [ImmutableMap.prototype, { tag: 'M', keyed: true, unordered: true, build: (v) => ImmutableMap(pairs(v)) }],
])

type View = new (buffer: ArrayBuffer) => object

const views: ReadonlyMap<object, View> = new Map<object, View>([
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView,
].map((constructor) => [constructor.prototype, constructor]))

function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) as object
}

function pairs(values: readonly unknown[]): [unknown, unknown][] {
  const result: [unknown, unknown][] = []
  for (let index = 0; index < values.length; index += 2) result.push([values[index], values[index + 1]])
  return result
}

function partsOf(walk: Walk<unknown>, object: object): Parts {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype === Object.prototype) return plainParts(walk, object, plainKind)
  if (prototype === null) return plainParts(walk, object, bareKind)
  if (prototype === Array.prototype && Array.isArray(object)) return arrayParts(walk, object)
  const kind = immutableKinds.get(prototype as object)
  if (kind === undefined) return refuse(walk, `it is not plain data: ${describeValue(object)}`)
  const entries = Array.from(object as Iterable<unknown>)
  return { kind, names: undefined, values: kind.keyed ? entries.flat() : entries }
}

/** How a path names a part: by its name, a map's value by its key if that is a string, else by the entry's position. */
function stepOf({ kind, names, values }: Parts, index: number): Step {
  if (!kind.keyed) return names?.[index] ?? index
  const key = index % 2 === 1 ? values[index - 1] : undefined
  return typeof key === 'string' ? key : index >> 1
}

function plainParts(walk: Walk<unknown>, object: object, kind: Kind): Parts {
  const names = Object.getOwnPropertyNames(object)
  if (Object.getOwnPropertySymbols(object).length > 0) refuse(walk, 'it has a symbol as a property name')
  if (names.length > 1) names.sort()
  return { kind, names, values: names.map((name) => dataProperty(walk, object, name)) }
}

function arrayParts(walk: Walk<unknown>, array: readonly unknown[]): Parts {
  const values: unknown[] = []
  // A hole ends it, so a sparse array of a huge length is refused at once; only a Proxy can be endless.
  const length = Math.min(array.length, maxLength)
  for (let index = 0; index < length; index += 1) values.push(dataProperty(walk, array, index))
  // The elements and `length`: one more is a property that a copy would lose.
  if (Reflect.ownKeys(array).length !== values.length + 1) refuse(walk, 'it is an array with named properties')
  return { kind: arrayKind, names: undefined, values }
}

function dataProperty(walk: Walk<unknown>, object: object, name: Step): unknown {
  const property = Object.getOwnPropertyDescriptor(object, name)
  if (property !== undefined && 'value' in property && property.enumerable === true) return property.value
  walk.path.push(name)
  if (property === undefined) return refuse(walk, 'it is a hole')
  return refuse(walk, 'value' in property ? 'it is not enumerable' : 'it is an accessor')
}

/** The time of a date, the bytes of binary data, `undefined` for the rest. */
function leafOf(walk: Walk<unknown>, object: object): number | Uint8Array | undefined {
  const prototype = prototypeOf(object)
  const isDate = prototype === Date.prototype
  if (isDate || prototype === ArrayBuffer.prototype) {
    if (Reflect.ownKeys(object).length > 0) refuse(walk, 'it is a built-in object with properties of its own')
    return isDate ? Date.prototype.getTime.call(object) : new Uint8Array(object as ArrayBuffer)
  }
  if (!views.has(prototype)) return undefined
  for (const name of ['buffer', 'byteOffset', 'byteLength']) {
    if (Object.hasOwn(object, name)) refuse(walk, `it is a built-in object with a ${name} of its own`)
  }
  const view = object as ArrayBufferView
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

// ── The two passes ──────────────────────────────────────────────────────────────────────────────────────────────

function encodePrimitive(value: Primitive): string {
  switch (typeof value) {
    case 'string': return `s${value.length}:${value}`
    case 'number': return `#${value};` // −0 prints as 0, NaN as NaN; every other number has its own shortest text
    case 'boolean': return value ? 't' : 'f'
    case 'bigint': return `b${value.toString(16)};` // hexadecimal: linear, where decimal is not
    default: return value === null ? 'n' : 'u'
  }
}

function encodeObject(walk: Walk<string>, object: object): string {
  const leaf = leafOf(walk, object)
  if (typeof leaf === 'number') return `d${leaf};`
  if (leaf !== undefined) return `y${prototypeOf(object).constructor.name}${leaf.length}:${latin1(leaf)}`
  const parts = partsOf(walk, object)
  const { kind, names, values } = parts
  const pieces: string[] = []
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]
    const name = names?.[index]
    const text = isPrimitive(value)
      ? encodePrimitive(value)
      : visitChild(walk, stepOf(parts, index), value, encodeObject)
    if (name !== undefined) pieces.push(`${name.length}:${name}${text}`)
    else if (kind.keyed && index % 2 === 1) pieces.push(`${pieces.pop() ?? ''}${text}`)
    else pieces.push(text)
  }
  if (kind.unordered) pieces.sort()
  let text = `${kind.tag}${pieces.length}:`
  for (const piece of pieces) text += piece
  if (text.length > maxLength) refuse(walk, `it is over ${maxLength} characters long`)
  return text
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192))
  }
  return text
}

function copyObject(walk: Walk<object>, object: object): object {
  const leaf = leafOf(walk, object)
  if (typeof leaf === 'number') return new Date(leaf)
  if (leaf !== undefined) {
    const { buffer } = new Uint8Array(leaf)
    const ViewOf = views.get(prototypeOf(object))
    return ViewOf === undefined ? buffer : new ViewOf(buffer)
  }
  const parts = partsOf(walk, object)
  const { kind, names, values } = parts
  const copies: unknown[] = []
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]
    if (isPrimitive(value)) copies.push(value === 0 ? 0 : value)
    else copies.push(visitChild(walk, stepOf(parts, index), value, copyObject))
  }
  if (names !== undefined) return nameAll(kind.build([]), names, copies)
  // A collection with an owner is in the middle of `withMutations`: the caller may still change it.
  const mutable = kind === arrayKind || (object as { __ownerID?: object }).__ownerID !== undefined
  return !mutable && copies.every((copy, index) => Object.is(copy, values[index])) ? object : kind.build(copies)
}

function nameAll(target: object, names: readonly string[], values: readonly unknown[]): object {
  // Defined, not assigned: assigning `__proto__` would set the prototype (KEY-1).
  names.forEach((name, index) => Object.defineProperty(target, name, { value: values[index], enumerable: true }))
  return Object.freeze(target)
}
