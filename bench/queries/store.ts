/**
 * The one face of all libraries for asynchronous queries: inputs and queries by key. Workloads are written against it once.
 * `Q` is what tracks reads where a library does so explicitly. Every body reads one thing, and reads it before its first `await`.
 */
export type Key = string | number

/** The key of what there is only one of. */
export const only: Key = ''

/** What a body reads. */
export type Read<Input, Query> = { readonly input: Input; readonly key: Key } | { readonly query: Query; readonly key: Key }

/** Which queries a write of an input concerns: for libraries where the caller says so. */
export type Reach = 'no query' | 'queries of its key' | 'all queries'

export interface Store<Q, Input, Query> {
  input(initial: number, reach: Reach): Input
  /** `reads` is for libraries that do not track: what the body of that key reads. */
  query(body: (q: Q, key: Key) => Promise<number>, reads: (key: Key) => Read<Input, Query>): Query
  /** Reads in a body. */
  readInput(q: Q, input: Input, key: Key): number
  readQuery(q: Q, query: Query, key: Key): Promise<number>
  /** A read from outside. */
  get(query: Query, key: Key): Promise<number>
  set(input: Input, key: Key, value: number): void
  /** Calls back with each new value, the first one too. Floors need not have it. */
  watch?(query: Query, key: Key, callback: (value: number) => void): void
}

/** One library. */
export interface QueryPeer<Q, Input, Query> {
  /** A new store that shares nothing with others. */
  open(): Store<Q, Input, Query>
  /** A query whose result stays equal does not make those run that read it. */
  readonly cutsOff: boolean
}

export interface Tally {
  /** Bodies run. */
  runs: number
}

/** Something done with queries. */
export interface QueryWork {
  readonly name: string
  readonly operations: number
  /** Bodies that one repetition must run, and those it runs where nothing is cut off. */
  readonly runs: number
  readonly runsWithoutCutoff?: number
  readonly group?: string
  readonly needsWatch?: boolean
  /** Builds it; the result does it once, and gives a sum of all it saw with what that must be. */
  readonly build: <Q, Input, Query>(store: Store<Q, Input, Query>, tally: Tally) => Promise<() => Promise<Seen>>
}

export interface Seen {
  readonly sum: number
  readonly expected: number
}
