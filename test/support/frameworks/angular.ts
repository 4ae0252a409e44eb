/**
 * A stand-in for the parts of `@angular/core` and `@angular/core/rxjs-interop` that the recipe uses, as their documentation says
 * they behave. Angular itself is not installed here.
 */
import { type Observable, ReplaySubject } from 'rxjs'

export type Signal<T> = () => T
export interface WritableSignal<T> extends Signal<T> {
  set(value: T): void
}

/** The signals read while a computation runs, which it depends on. */
interface Reader {
  readonly changed: () => void
  readonly sources: Set<Set<Reader>>
}

const current: { reader: Reader | null; injector: Injector | null } = { reader: null, injector: null }

function track(readers: Set<Reader>): void {
  if (current.reader === null) return
  readers.add(current.reader)
  current.reader.sources.add(readers)
}

function reading<T>(reader: Reader, read: () => T): T {
  for (const source of reader.sources) source.delete(reader)
  const outer = current.reader
  current.reader = reader
  try {
    return read()
  } finally {
    current.reader = outer
  }
}

export function signal<T>(initial: T): WritableSignal<T> {
  const readers = new Set<Reader>()
  let value = initial
  const read = (): T => {
    track(readers)
    return value
  }
  const set = (next: T): void => {
    if (Object.is(value, next)) return
    value = next
    for (const reader of Array.from(readers)) reader.changed()
  }
  return Object.assign(read, { set })
}

export class InjectionToken<T> {
  declare readonly value: T
  readonly description: string
  constructor(description: string) {
    this.description = description
  }
}

export abstract class Injector {
  abstract get<T>(token: InjectionToken<T>): T
  abstract onDestroy(callback: () => void): void
  abstract destroy(): void

  static create({ providers }: { readonly providers: readonly { readonly provide: InjectionToken<unknown>; readonly useValue: unknown }[] }): Injector {
    return new (class extends Injector {
      private readonly callbacks: (() => void)[] = []
      override get<T>(token: InjectionToken<T>): T {
        const found = providers.find(({ provide }) => provide === token)
        if (found === undefined) throw new Error(`NG0201: No provider for ${token.description}`)
        return found.useValue as T
      }

      override onDestroy(callback: () => void): void {
        this.callbacks.push(callback)
      }

      override destroy(): void {
        for (const callback of this.callbacks) callback()
      }
    })()
  }
}

function injector(): Injector {
  if (current.injector === null) throw new Error('NG0203: inject() must be called from an injection context')
  return current.injector
}

export function runInInjectionContext<T>(within: Injector, run: () => T): T {
  const outer = current.injector
  current.injector = within
  try {
    return run()
  } finally {
    current.injector = outer
  }
}

export function inject<T>(token: InjectionToken<T>): T {
  return injector().get(token)
}

/** Subscribes at once, and until the injection context is destroyed. An error is thrown where the signal is read. */
export function toSignal<T>(source: Observable<T>, options: { readonly requireSync: true } | { readonly initialValue: T }): Signal<T> {
  const missing = Symbol('missing')
  const state = signal<{ readonly value: T | symbol } | { readonly error: unknown }>({ value: 'initialValue' in options ? options.initialValue : missing })
  const subscription = source.subscribe({ next: (value) => state.set({ value }), error: (error: unknown) => state.set({ error }) })
  injector().onDestroy(() => subscription.unsubscribe())
  const read = (): T => {
    const now = state()
    if ('error' in now) throw now.error
    return now.value as T
  }
  const first = state()
  if ('value' in first && first.value === missing) throw new Error('NG0601: toSignal() called with requireSync but Observable did not emit synchronously')
  return read
}

/** Emits what the signal holds from an effect, so not at once but soon; changes in between are left out. */
export function toObservable<T>(source: Signal<T>): Observable<T> {
  const subject = new ReplaySubject<T>(1)
  let isQueued = false
  let last: { readonly value: T } | undefined
  const run = (): void => {
    isQueued = false
    const value = reading(reader, source)
    if (last === undefined || !Object.is(last.value, value)) subject.next(value)
    last = { value }
  }
  const queue = (): void => {
    if (isQueued) return
    isQueued = true
    queueMicrotask(run)
  }
  const reader: Reader = { changed: queue, sources: new Set() }
  queue()
  injector().onDestroy(() => {
    for (const readers of reader.sources) readers.delete(reader)
    subject.complete()
  })
  return subject
}
