/** A stand-in for the parts of `vue` that the recipe uses, as its documentation says they behave. Vue itself is not installed here. */

export interface ShallowRef<T> {
  value: T
}

export type MaybeRefOrGetter<T> = T | ShallowRef<T> | (() => T)

interface Effect {
  readonly run: () => void
  readonly sources: Set<Set<Effect>>
}

const current: { effect: Effect | null; scope: Scope | null } = { effect: null, scope: null }

interface Scope {
  run<T>(body: () => T): T
  stop(): void
  readonly cleanups: (() => void)[]
}

export function effectScope(): Scope {
  const scope: Scope = {
    cleanups: [],
    run: (body) => {
      const outer = current.scope
      current.scope = scope
      try {
        return body()
      } finally {
        current.scope = outer
      }
    },
    stop: () => {
      for (const cleanup of scope.cleanups.splice(0)) cleanup()
    },
  }
  return scope
}

export function shallowRef<T>(initial: T): ShallowRef<T> {
  const effects = new Set<Effect>()
  let value = initial
  return {
    get value() {
      const { effect } = current
      if (effect !== null) {
        effects.add(effect)
        effect.sources.add(effects)
      }
      return value
    },
    set value(next: T) {
      if (Object.is(value, next)) return
      value = next
      for (const effect of Array.from(effects)) effect.run()
    },
  }
}

export function toValue<T>(source: MaybeRefOrGetter<T>): T {
  if (typeof source === 'function') return (source as () => T)()
  return typeof source === 'object' && source !== null && 'value' in source ? source.value : source
}

/** Runs at once, and again when something it read changes; `flush: 'sync'`: in the same call. The cleanup runs before that, and at the end of the scope. */
export function watchEffect(body: (onCleanup: (cleanup: () => void) => void) => void, _options: { readonly flush: 'sync' }): void {
  let cleanups: (() => void)[] = []
  const clean = (): void => {
    for (const cleanup of cleanups) cleanup()
    cleanups = []
  }
  const effect: Effect = {
    sources: new Set(),
    run: () => {
      for (const source of effect.sources) source.delete(effect)
      clean()
      const outer = current.effect
      current.effect = effect
      try {
        body((cleanup) => cleanups.push(cleanup))
      } finally {
        current.effect = outer
      }
    },
  }
  current.scope?.cleanups.push(() => {
    for (const source of effect.sources) source.delete(effect)
    clean()
  })
  effect.run()
}
