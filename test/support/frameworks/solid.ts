/** A stand-in for the parts of `solid-js` that the recipe uses, as its documentation says they behave. Solid itself is not installed here. */

export type Accessor<T> = () => T

interface Owner {
  readonly cleanups: (() => void)[]
}

interface Computation extends Owner {
  readonly run: () => void
  readonly sources: Set<Set<Computation>>
}

const current: { owner: Owner | null; listener: Computation | null } = { owner: null, listener: null }

function within<T>(owner: Owner | null, listener: Computation | null, run: () => T): T {
  const outer = { ...current }
  Object.assign(current, { owner, listener })
  try {
    return run()
  } finally {
    Object.assign(current, outer)
  }
}

function dispose(owner: Owner): void {
  for (const cleanup of owner.cleanups.splice(0)) cleanup()
}

export function createRoot<T>(run: (dispose: () => void) => T): T {
  const owner: Owner = { cleanups: [] }
  return within(owner, null, () => run(() => dispose(owner)))
}

export function onCleanup(cleanup: () => void): void {
  current.owner?.cleanups.push(cleanup)
}

export function createSignal<T>(initial: T): [get: Accessor<T>, set: (next: (before: T) => T) => void] {
  const listeners = new Set<Computation>()
  let value = initial
  const get = (): T => {
    const { listener } = current
    if (listener !== null) {
      listeners.add(listener)
      listener.sources.add(listeners)
    }
    return value
  }
  const set = (next: (before: T) => T): void => {
    const before = value
    value = next(before)
    if (value !== before) for (const listener of Array.from(listeners)) listener.run()
  }
  return [get, set]
}

/** Runs at once, and again whenever something it read changes; what was left to `onCleanup` runs before that, and at the end. */
export function createComputed(body: () => void): void {
  const computation: Computation = {
    cleanups: [],
    sources: new Set(),
    run: () => {
      for (const source of computation.sources) source.delete(computation)
      dispose(computation)
      within(computation, computation, body)
    },
  }
  current.owner?.cleanups.push(() => {
    for (const source of computation.sources) source.delete(computation)
    dispose(computation)
  })
  computation.run()
}

/** A signal of what a producer gives: something to subscribe to. */
export function from<T>(producer: { subscribe(run: (value: T) => void): { unsubscribe(): void } }): Accessor<T | undefined> {
  const [get, set] = createSignal<T | undefined>(undefined)
  const subscription = producer.subscribe((value) => set(() => value))
  onCleanup(() => subscription.unsubscribe())
  return get
}
