/**
 * Definitions: frozen values that name a kind of record and say how it is made. They hold no state, so one definition
 * serves any number of databases. All type inference of the library starts here.
 */
import type { List, Map as ImmutableMap } from 'immutable'
import { InvalidDefinitionError } from './errors.js'

/** The arguments that make a key. */
export type Args = readonly unknown[]

/** Decides whether two values are the same to every reader. `false`: never. */
export type Equals<V> = ((a: V, b: V) => boolean) | false

/** Carries the types of a definition; it is never there at run time. */
declare const types: unique symbol

export interface InputOptions<V> {
  /** When a new value counts as no change. Default: structural equality. */
  readonly equals?: Equals<V>
  /** What an input shows that was never set, or was removed. */
  readonly initial?: V
  /** Reading the input while it is absent throws `MissingInputError`. */
  readonly required?: boolean
}

/** A kind of record that is written from outside. Reading it while absent gives `undefined`. */
export interface Input<A extends Args, V> {
  readonly kind: 'input'
  readonly name: string
  /** Where databases look for what belongs to the name. */
  readonly hash: number
  readonly options: InputOptions<NoInfer<V>>
  readonly [types]?: { readonly args: A; readonly value: V }
}

/** An input that always has a value: it is `required`, or has an `initial`. */
export interface TotalInput<A extends Args, V> extends Input<A, V> {
  readonly total: true
}

export interface DerivedOptions<V> {
  /** When a new result counts as no change. Default: structural equality. */
  readonly equals?: Equals<V>
  /** How long a failure is kept: for its revision (default), or until something that was read changes. */
  readonly errors?: 'revision' | 'dependencies'
  /** How many values are kept. More are given up after the next commit, the ones used least first; asked for again, they are computed again. Default: all. */
  readonly lru?: number
  /** How many earlier results are kept with what they read, so that a change that is taken back costs no run. Default 0. */
  readonly history?: number
  /** Changed with the body: results saved under another version are not used. Default: 0. */
  readonly version?: number | string
  /** `false`: results are not saved. What depends on them is saved all the same. */
  readonly persist?: boolean
}

/** A query: a function of inputs and other queries, whose results are kept. */
export interface Derived<A extends Args, R> {
  readonly kind: 'derived'
  readonly name: string
  /** Where databases look for what belongs to the name. */
  readonly hash: number
  readonly body: (q: Query, ...args: A) => R
  readonly options: DerivedOptions<Awaited<R>>
  /** The body is an `async` function. Others may return promises too. */
  readonly isAsync: boolean
  readonly [types]?: { readonly args: A; readonly result: R }
}

/** An input, where its types do not matter. */
export interface AnyInput {
  readonly kind: 'input'
  readonly name: string
  /** Where databases look for what belongs to the name. */
  readonly hash: number
  readonly options: { readonly equals?: Equals<never>; readonly initial?: unknown; readonly required?: boolean }
}

/** A query, where its types do not matter. */
export interface AnyDerived {
  readonly kind: 'derived'
  readonly name: string
  /** Where databases look for what belongs to the name. */
  readonly hash: number
  readonly body: (q: Query, ...args: never) => unknown
  readonly options: { readonly equals?: Equals<never>; readonly errors?: 'revision' | 'dependencies'; readonly lru?: number; readonly history?: number; readonly version?: number | string; readonly persist?: boolean }
  readonly isAsync: boolean
}

/** The number that stands for a value of an interned definition. */
export type InternedId<T> = number & { readonly [interns]: T }

declare const interns: unique symbol

/** A kind of value that is stored once, and stood for by a number. */
export interface Interned<T> {
  readonly kind: 'interned'
  readonly name: string
  readonly [types]?: { readonly value: T }
}

/** An interned definition, where its types do not matter. */
export interface AnyInterned {
  readonly kind: 'interned'
  readonly name: string
}

/** Any definition that has records, where its types do not matter. */
export type Definition = AnyInput | AnyDerived

/** What a read of a query gives: the value, or a promise where the body gives one. */
export type Result<R> = R extends PromiseLike<infer V> ? Promise<V> : R

type Primitive = string | number | bigint | boolean | null | undefined

/** One key of an input: the argument itself where it is one primitive, otherwise the list of arguments. */
export type KeyOf<A extends Args> = A extends readonly [infer K] ? (unknown extends K ? unknown : K extends Primitive ? K : readonly [K]) : A

/** One key in `entries`: the argument itself where it is one primitive, otherwise an Immutable list of the arguments. */
export type EntryKey<A extends Args> = A extends readonly [infer K] ? (unknown extends K ? unknown : K extends Primitive ? K : List<K>) : List<A[number]>

/** The arguments of a write: those of the key, then one more. Nothing is inferred from it. */
export type Then<A extends Args, X> = A extends unknown ? [...args: A, last: X] : never

/** Reads of inputs and queries. */
export interface Reader {
  /**
   * The value of an input or a query.
   * @throws what the query threw, as the same object; `InvalidKeyError`; `MissingInputError` for a required input.
   */
  get<A extends Args, V>(definition: TotalInput<A, V>, ...args: NoInfer<A>): V
  get<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): V | undefined
  get<A extends Args, R>(definition: Derived<A, R>, ...args: NoInfer<A>): Result<R>
  /** Whether an input holds a value; `undefined` is a value like any other. */
  has<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): boolean
  /** The keys that hold a value, in the order in which they were first used. */
  keys<A extends Args, V>(definition: Input<A, V>): readonly KeyOf<A>[]
  /** All values by key, as one Immutable map. */
  entries<A extends Args, V>(definition: Input<A, V>): ImmutableMap<EntryKey<A>, V>
  /**
   * The number that stands for a value, the same for equal values (as keys are equal: the order of an object's properties does not matter).
   * Making one changes no revision, and using one is no dependency.
   * @throws `InvalidKeyError` for a value that cannot be part of a key; `LimitExceededError`
   */
  intern<T>(definition: Interned<T>, value: NoInfer<T>): InternedId<T>
  /**
   * The value a number stands for. It cannot be changed; dates and bytes are given as copies.
   * @throws `InvalidIdError` for a number of another definition or database
   */
  lookup<T>(definition: Interned<T>, id: InternedId<NoInfer<T>>): T
}

/** What one evaluation of a query sees of the world. All reads of one evaluation are answered as of one revision. */
export interface Query extends Reader {
  /** Reads without recording a dependency: a change of what was read does not make the query run again. */
  readonly peek: Reader['get']
  /** The result is good for this revision only. */
  volatile(): void
  /** Fires when nobody waits for this evaluation any more. */
  readonly signal: AbortSignal
  /** The revision this evaluation is bound to. */
  readonly revision: number
}

const AsyncFunction: unknown = (async () => {}).constructor

function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidDefinitionError('A definition needs a name: a string that is not empty.')
  }
}

/** @throws `InvalidDefinitionError` for anything but a number that is not negative */
export function checkCount(what: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value
  throw new InvalidDefinitionError(`${what} must be a number that is not negative.`)
}

function checkEquals(name: string, equals: unknown): void {
  if (equals !== undefined && equals !== false && typeof equals !== 'function') {
    throw new InvalidDefinitionError(`${name}: equals must be a function of two values, or false.`)
  }
}

/**
 * Declares an input. `A` are the arguments that make its key (`[]` for a singleton), `V` its value.
 * @throws `InvalidDefinitionError`
 */
export function input<A extends Args = [], V = unknown>(name: string, options: InputOptions<V> & { readonly initial: V }): TotalInput<A, V>
export function input<A extends Args, V>(name: string, options: InputOptions<V> & { readonly required: true }): TotalInput<A, V>
export function input<A extends Args, V>(name: string, options?: InputOptions<V>): Input<A, V>
export function input<A extends Args, V>(name: string, options: InputOptions<V> = {}): Input<A, V> {
  checkName(name)
  checkEquals(name, options.equals)
  const total = options.required === true || 'initial' in options
  return Object.freeze({ kind: 'input', name, hash: hashOf(name), options: Object.freeze({ ...options }), ...(total ? { total } : {}) })
}

/**
 * Declares a query. Its arguments and its result are those of `body`; everything it reads through `q` is tracked.
 * @throws `InvalidDefinitionError`
 */
export function derived<A extends Args, R>(
  name: string,
  body: (q: Query, ...args: A) => R,
  options: DerivedOptions<Awaited<R>> = {},
): Derived<A, R> {
  checkName(name)
  if (typeof body !== 'function') throw new InvalidDefinitionError(`${name}: the body must be a function of q and the arguments.`)
  checkEquals(name, options.equals)
  if (options.lru !== undefined) checkCount(`${name}: lru`, options.lru)
  const { history = 0 } = options
  if (!Number.isInteger(history) || history < 0) throw new InvalidDefinitionError(`${name}: history must be a whole number that is not negative.`)
  const isAsync = (body as { constructor?: unknown }).constructor === AsyncFunction
  return Object.freeze({ kind: 'derived', name, hash: hashOf(name), body, options: Object.freeze({ ...options }), isAsync })
}

/**
 * Declares values that are stored once for each database, and stood for by a number: long paths, names, positions. `T` is anything that may be
 * part of a key.
 * @throws `InvalidDefinitionError`
 */
export function interned<T>(name: string): Interned<T> {
  checkName(name)
  return Object.freeze({ kind: 'interned', name })
}

/** A number from 0 to 2^30 that is the same for equal names. */
function hashOf(name: string): number {
  let hash = 0
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0
  return Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 2
}
