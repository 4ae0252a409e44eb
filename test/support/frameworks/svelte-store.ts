/** A stand-in for `svelte/store`, by the store contract in Svelte's documentation. Svelte itself is not installed here. */

/** What Svelte subscribes to: the first value at once, and then every one. The result ends it, as a function or as an object with one. */
export interface Readable<T> {
  subscribe(run: (value: T) => void): (() => void) | { unsubscribe(): void }
}

export interface Writable<T> extends Readable<T> {
  set(value: T): void
  update(change: (value: T) => T): void
}

/** Subscribes as a component does for `$store`. */
export function subscribe<T>(store: Readable<T>, run: (value: T) => void): () => void {
  const end = store.subscribe(run)
  return typeof end === 'function' ? end : () => end.unsubscribe()
}

export function get<T>(store: Readable<T>): T {
  const values: T[] = []
  subscribe(store, (value) => values.push(value))()
  if (values.length === 0) throw new Error('The store gave no value at once: it does not fulfil the contract.')
  return values.at(-1) as T
}

/** Only the form of one store and one function. */
export function derived<S, T>(store: Readable<S>, change: (value: S) => T): Readable<T> {
  return { subscribe: (run) => subscribe(store, (value) => run(change(value))) }
}
