/** Gates: promises a test opens by hand, so that asynchrony is stepped and never slept through. */

/** A promise, and how it ends. */
export interface Gate<T> {
  readonly promise: Promise<T>
  readonly open: (value: T) => void
  readonly fail: (error: unknown) => void
}

/**
 * A gate that is closed. Awaiting its promise waits until the test opens it, or makes it fail.
 *
 * ```ts
 * const file = gate<string>()
 * const text = derived('text', () => file.promise)
 * ```
 */
export function gate<T = void>(): Gate<T> {
  let open!: (value: T) => void
  let fail!: (error: unknown) => void
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { promise, open, fail }
}

/** Lets everything run that is ready to run: promise reactions, up to fifty that follow each other. */
export async function flush(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}
