/** Values that are there, or on their way. What is there is used at once: no promise, no microtask. */
export type Later<T> = T | Promise<T>

export function after<A, B>(value: Later<A>, use: (value: A) => Later<B>): Later<B> {
  return value instanceof Promise ? value.then(use) : use(value)
}

/** All of them, at once where all are there. */
export function all<T>(values: readonly Later<T>[]): Later<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[])
}
