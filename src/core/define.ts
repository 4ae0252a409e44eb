/**
 * Longer than 300 lines: all kinds of definitions, and all type inference of the library, start here.
 *
 * Definitions: frozen values that name a kind of record and say how it is made. They hold no state, so one definition
 * serves any number of databases.
 */
import type { Collection, List, Map as ImmutableMap, Stack } from 'immutable'
import type { ObservableInput } from 'rxjs'
import { aCount, aFlag, anObject, aText, aTime, aWhole, check, checkOptions, oneOf, type Rule } from './check.js'

/** The arguments that make a key. */
export type Args = readonly unknown[]

/** Decides whether two values are the same to every reader. `false`: never. */
export type Equals<V> = ((a: V, b: V) => boolean) | false

/** Carries the types of a definition; it is never there at run time. */
declare const types: unique symbol

/** How seldom an input changes: seldom changed ones let results be proved without looking at each read. A `never` input is set once. */
export type Durability = 'low' | 'medium' | 'high' | 'never'

const durabilities: readonly Durability[] = ['low', 'medium', 'high', 'never']

/** The level of what never changes. */
export const NEVER = 3

/** From 0 (low) to 3 (never). */
export function levelOf(options: { readonly durability?: Durability }): number {
  return options.durability === undefined ? 0 : durabilities.indexOf(options.durability)
}

export interface InputOptions<V> {
  /** When a new value counts as no change. Default: structural equality. */
  readonly equals?: Equals<V>
  /** What an input shows that was never set, or was removed. */
  readonly initial?: V
  /** Reading the input while it is absent throws `MissingInputError`. */
  readonly required?: boolean
  /** Default: `low`. No answer depends on it, but a `never` input is refused a second value. */
  readonly durability?: Durability
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
  /**
   * What a query that needs its own result gives. `initial`: it is computed again and again, from this value on, until nothing on the cycle changes
   * (at most `limit` rounds, default 200; then `FixpointError`). `fallback`: this value. Default: `CycleError`.
   */
  readonly cycle?: Recovery<NoInfer<V>>
  /** How many values are kept. More are given up after the next commit, the ones used least first; asked for again, they are computed again. Default: all. */
  readonly lru?: number
  /** How many earlier results are kept with what they read, so that a change that is taken back costs no run. Default 0. */
  readonly history?: number
  /** Changed with the body: results saved under another version are not used. Default: 0. */
  readonly version?: number | string
  /** `false`: results are not saved. What depends on them is saved all the same. */
  readonly persist?: boolean
}

/** What a query gives that needs its own result. */
export type Recovery<V> = { readonly initial: V; readonly limit?: number } | { readonly fallback: V }
/** How often something that failed is tried again, and when. */
export interface Retry {
  /** How many attempts follow the first. */
  readonly times: number
  /** Milliseconds before the next attempt, or a function of the number of failures so far and the last error. Default 0: at once, but a millisecond after every thousandth. */
  readonly delay?: number | ((failures: number, error: unknown) => number)
}

/** Options of queries that give promises. */
export interface AsyncOptions {
  /** Tries a body again that fails, within the same evaluation and at the same revision. What fails in the end is the last attempt. */
  readonly retry?: Retry
  /** Milliseconds that each attempt may take. One that takes longer fails with `QueryTimeoutError`, and its signal fires. */
  readonly timeout?: number
}

/** The options of a query whose body gives `R`: what takes time is for queries that give promises. */
export type OptionsOf<R> = DerivedOptions<Awaited<R>> & (MayWait<R> extends true ? AsyncOptions : { readonly [K in keyof AsyncOptions]?: never })

type MayWait<R> = unknown extends R ? true : [Extract<R, PromiseLike<unknown>>] extends [never] ? false : true

/** What is read by its arguments and gives `R`: a query, or a source. */
export interface Computed<A extends Args, R> {
  readonly kind: 'derived' | 'source'
  readonly name: string
  readonly [types]?: { readonly args: A; readonly result: R }
}

/** A query: a function of inputs and other queries, whose results are kept. */
export interface Derived<A extends Args, R> extends Computed<A, R> {
  readonly kind: 'derived'
  readonly name: string
  /** Where databases look for what belongs to the name. */
  readonly hash: number
  readonly body: (q: Query, ...args: A) => R
  readonly options: DerivedOptions<Awaited<R>> & AsyncOptions
  /** The body is an `async` function. Others may return promises too. */
  readonly isAsync: boolean
  readonly [types]?: { readonly args: A; readonly result: R }
}

export interface SourceOptions<V> {
  /** When a new value counts as no change. Default: structural equality. */
  readonly equals?: Equals<V>
  /** For how many milliseconds a connection is kept that no live query needs any more. Default 1000. */
  readonly grace?: number
  /** Connects again after an error. Default: never, as long as somebody needs it. */
  readonly retry?: Retry
}

/** An input that an Observable feeds while somebody needs it. Reading it gives the value, or a promise of the first one. */
export interface Source<A extends Args, V> extends Computed<A, V | Promise<V>> {
  readonly kind: 'source'
  /** Where databases look for what belongs to the name. */
  readonly hash: number
  readonly connect: (...args: A) => ObservableInput<V>
  readonly grace: number
  readonly retry: Retry | undefined
  readonly equals: Equals<V> | undefined
  /** The inputs that its Observables write. */
  readonly feed: AnyInput
  /** As the engine treats what it shows. */
  readonly options: { readonly equals?: Equals<never>; readonly errors?: 'revision' | 'dependencies' }
}

/** A source, where its types do not matter. */
export interface AnySource {
  readonly kind: 'source'
  readonly name: string
  readonly hash: number
  readonly connect: (...args: never) => ObservableInput<unknown>
  readonly grace: number
  readonly retry: Retry | undefined
  readonly equals: Equals<never> | undefined
  readonly feed: AnyInput
  readonly options: { readonly equals?: Equals<never>; readonly errors?: 'revision' | 'dependencies' }
}

/** An input, where its types do not matter. */
export interface AnyInput {
  readonly kind: 'input'
  readonly name: string
  /** Where databases look for what belongs to the name. */
  readonly hash: number
  readonly options: { readonly equals?: Equals<never>; readonly initial?: unknown; readonly required?: boolean; readonly durability?: Durability }
}

/** A query, where its types do not matter. */
export interface AnyDerived {
  readonly kind: 'derived'
  readonly name: string
  /** Where databases look for what belongs to the name. */
  readonly hash: number
  readonly body: (q: Query, ...args: never) => unknown
  readonly options: { readonly equals?: Equals<never>; readonly errors?: 'revision' | 'dependencies'; readonly lru?: number; readonly history?: number; readonly cycle?: Recovery<unknown>; readonly version?: number | string; readonly persist?: boolean } & AsyncOptions
  readonly isAsync: boolean
  /** An effect: it may write. */
  readonly isEffect?: true
  /** It says whether the answer of a cycle holds. */
  readonly isAnswer?: true
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

/** A channel on which queries emit items beside their results. */
export interface Accumulator<T> {
  readonly kind: 'accumulator'
  readonly name: string
  readonly [types]?: { readonly item: T }
}

/** An accumulator, where its types do not matter. */
export interface AnyAccumulator {
  readonly kind: 'accumulator'
  readonly name: string
}

/** Any definition that has records, where its types do not matter. */
export type Definition = AnyInput | AnyDerived | AnySource

/** What a read of a query gives: the value, or a promise where the body gives one. */
export type Result<R> = R extends PromiseLike<infer V> ? Promise<V> : R

type Primitive = string | number | bigint | boolean | null | undefined

/** What remains of a sole argument. */
type SoleKey<K> = unknown extends K ? unknown : K extends undefined ? readonly [] : K extends Primitive ? K : readonly [K]

/** Whether all of these arguments may be left out, or be undefined at the end of a key, which is the same. */
type MayEnd<A extends Args> = A extends readonly [infer First, ...infer Rest] ? (undefined extends First ? MayEnd<Rest> : false) : true

/**
 * One key of an input: the argument itself where it is one primitive, otherwise the list of arguments. Where arguments may be left out, or may be undefined at the
 * end, some keys are one argument and others are lists.
 */
export type KeyOf<A extends Args> = A extends readonly [] ? A
  : A extends readonly [_?: infer K] ? SoleKey<A extends readonly [unknown] ? K : K | undefined>
  : A extends readonly [infer First, ...infer Rest] ? (MayEnd<Rest> extends true ? A | SoleKey<First> : A)
  : A | SoleKey<Exclude<A[0], undefined>>

/** What Immutable takes for something else: see `EntryKey`. */
type Mistaken = Date | Stack<unknown>

type SoleEntryKey<K> = unknown extends K ? unknown : K extends undefined ? List<never> : K extends Primitive ? K : ListKey<readonly [K]>

/** A collection that may hold such. */
type Holder<C> = C extends Collection<infer K, infer V> ? ([Exclude<K | V, Primitive>] extends [never] ? never : C) : never

/** What is unknown may be or hold such, too. */
type ListKey<A extends Args> = A extends unknown
  ? true extends { [I in keyof A]: [A[I]] extends [Mistaken] ? true : false }[number] ? Readonly<A>
  : [unknown extends A[number] ? A : Extract<A[number], Mistaken> | Holder<A[number]>] extends [never] ? List<A[number]>
  : List<A[number]> | Readonly<A> : never

/**
 * One key in `entries`: the argument itself where it is one primitive, otherwise an Immutable list of the arguments, or the array of them where one is or holds a
 * date or a stack, which Immutable takes for a number or a list.
 */
export type EntryKey<A extends Args> = A extends readonly [] ? List<never>
  : A extends readonly [_?: infer K] ? SoleEntryKey<A extends readonly [unknown] ? K : K | undefined>
  : A extends readonly [infer First, ...infer Rest] ? (MayEnd<Rest> extends true ? ListKey<A> | SoleEntryKey<First> : ListKey<A>)
  : ListKey<A> | SoleEntryKey<Exclude<A[0], undefined>>

/** The arguments of a write: those of the key, then one more. Nothing is inferred from it. */
export type Then<A extends Args, X> = [A, X] extends [infer Own extends Args, infer Last] ? [...args: Own, last: Last] : never

/** Reads of inputs and queries. */
export interface Reader {
  /**
   * The value of an input or a query.
   * @throws what the query threw, as the same object; `InvalidKeyError`; `MissingInputError` for a required input.
   */
  get<A extends Args, V>(definition: TotalInput<A, V>, ...args: NoInfer<A>): V
  get<A extends Args, V>(definition: Input<A, V>, ...args: NoInfer<A>): V | undefined
  get<A extends Args, R>(definition: Computed<A, R>, ...args: NoInfer<A>): Result<R>
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
  /**
   * Puts an item beside the result: `db.accumulated` finds it for as long as the result stands. What a run that fails or is cancelled has emitted is dropped.
   * In development the item is frozen deeply, as values of inputs are.
   * @throws `FinishedQueryError` after the end of the evaluation; `InvalidDefinitionError`, `DuplicateDefinitionError`
   */
  emit<T>(channel: Accumulator<T>, item: NoInfer<T>): void
  /** Fires when nobody waits for this evaluation any more. */
  readonly signal: AbortSignal
  /** The revision this evaluation is bound to. */
  readonly revision: number
}

const AsyncFunction: unknown = (async () => {}).constructor

const equalsRule: Rule = [(value) => value === false || typeof value === 'function', 'a function of two values, or false']

const inputRules = { equals: equalsRule, required: aFlag, durability: oneOf(...durabilities) }
const sourceRules = { equals: equalsRule, grace: aTime, retry: anObject }
const derivedRules = {
  equals: equalsRule,
  errors: oneOf('revision', 'dependencies'),
  cycle: [(value: unknown) => typeof value === 'object' && value !== null && 'initial' in value !== 'fallback' in value, 'an object with an initial value or a fallback'],
  lru: aCount,
  history: [(value: unknown) => Number.isInteger(value) && (value as number) >= 0, 'a whole number that is not negative'],
  // What a file could not hold, or what is not equal to itself, would lose all results.
  version: [(value: unknown) => typeof value === 'string' || Number.isFinite(value), 'a finite number or a string'],
  persist: aFlag,
  retry: anObject,
  timeout: [(value: unknown) => typeof value === 'number' && value > 0, 'a number of milliseconds above 0'],
} as const satisfies { readonly [name: string]: Rule }

/** What a query runs. */
export const aBody: Rule = [(value) => typeof value === 'function', 'a function of q and the arguments']

function checkName(name: unknown): void {
  check("A definition's name", name, aText)
}

/** @throws `InvalidDefinitionError` */
function checkDerived(name: string, options: AnyDerived['options']): void {
  checkOptions(`${name}: `, options, derivedRules)
  const { cycle, retry } = options
  if (cycle !== undefined) checkOptions(`${name}: cycle.`, cycle as { readonly limit?: number }, { limit: aCount })
  if (retry !== undefined) checkRetry(name, retry)
}

function checkRetry(name: string, retry: Retry): void {
  check(`${name}: retry.times`, retry.times, aWhole(0))
  checkOptions(`${name}: retry.`, retry, { delay: [(value) => typeof value === 'function' || (typeof value === 'number' && value >= 0), 'a number of milliseconds, or a function that gives one'] })
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
  checkOptions(`${name}: `, options, inputRules)
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
  options?: OptionsOf<R>,
): Derived<A, R> {
  checkName(name)
  check(`${name}: the body`, body, aBody)
  // A query of no name, such as that of a read, has none.
  if (options !== undefined) checkDerived(name, options)
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

/**
 * Declares a channel for what queries have to say beside their results: warnings, broken links, positions of symbols. A body emits with
 * `q.emit(channel, item)`; `db.accumulated(channel, query, ...args)` gives all items emitted below a query.
 *
 * ```ts
 * const warnings = accumulator<string>('warnings')
 * const size = derived('size', (q, path: string) => {
 *   if (!q.has(file, path)) q.emit(warnings, `there is no ${path}`)
 *   return q.get(file, path)?.length ?? 0
 * })
 * db.get(size, 'a.md') // 0
 * db.accumulated(warnings, size, 'a.md') // ['there is no a.md']
 * ```
 * @throws `InvalidDefinitionError`
 */
export function accumulator<T>(name: string): Accumulator<T> {
  checkName(name)
  return Object.freeze({ kind: 'accumulator', name })
}

const sameReference = Object.is as (a: unknown, b: unknown) => boolean

/**
 * Declares a source: an input that an Observable for each key feeds. The first read connects, however many readers there are; a value that comes
 * at once needs no wait, otherwise the read gives a promise. Every later value is a commit. The connection ends when no live query has needed it for
 * `grace` milliseconds; then nothing is known of the key, and the next read connects again. An error is a failure of the key, which readers can
 * catch; a completion keeps the last value.
 *
 * ```ts
 * const price = source('price', (symbol: string) => prices$(symbol), { grace: 5000, retry: { times: 3, delay: 1000 } })
 * ```
 * @throws `InvalidDefinitionError`
 */
export function source<A extends Args, V>(name: string, connect: (...args: A) => ObservableInput<V>, options: SourceOptions<V> = {}): Source<A, V> {
  checkName(name)
  check(`${name}: a source's second argument`, connect, [(value) => typeof value === 'function', 'a function from the arguments to an Observable'])
  checkOptions(`${name}: `, options, sourceRules)
  const { equals, grace = 1000, retry } = options
  if (retry !== undefined) checkRetry(name, retry)
  const hash = hashOf(name)
  // Equal values are given the reference of the last one before they get here.
  const same = equals === false ? (false as const) : sameReference
  const feed: AnyInput = Object.freeze({ kind: 'input', name, hash, options: Object.freeze({ equals: same }) })
  return Object.freeze({ kind: 'source', name, hash, connect, grace, retry, equals, feed, options: Object.freeze({ equals: same, errors: 'dependencies' }), isAsync: false })
}

/** A number from 0 to 2^30 that is the same for equal names. */
function hashOf(name: string): number {
  let hash = 0
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0
  return Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 2
}
