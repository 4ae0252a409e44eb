/** What is another each time it is asked: the clock, and chance. */
/** One use of something that is another each time. */
export interface ImpureUse {
  /** `Date.now`, `new Date`, `Math.random`, … */
  readonly what: string
  readonly times: number
  /** Where it was first used, as far as the stack tells. */
  readonly at: string
}

interface Sources {
  /** Puts watched functions in the place of the global ones; the result puts them back. */
  readonly watch: () => () => void
  uses(): ImpureUse[]
}

type Any = (...args: unknown[]) => unknown

/** A function found at a place, and its name. */
interface Place {
  readonly holder: object | undefined
  readonly key: string
  readonly name: string
}

export function watchSources(): Sources {
  const found = new Map<string, { times: number; readonly at: string }>()
  const note = (name: string): void => {
    const known = found.get(name)
    if (known === undefined) found.set(name, { times: 1, at: callerOf(new Error('where').stack) })
    else known.times++
  }
  const watch = (): (() => void) => {
    const restore = places().flatMap(({ holder, key, name }) => replace(holder, key, (original) => watched(original, () => note(name))))
    restore.push(...replace(globalThis, 'Date', (original) => watchedDate(original as unknown as DateConstructor, note)))
    return () => {
      for (const put of restore.splice(0)) put()
    }
  }
  return { watch, uses: () => Array.from(found, ([what, { times, at }]) => ({ what, times, at })) }
}

function places(): Place[] {
  const { process } = globalThis as { process?: { hrtime?: object } }
  return [
    { holder: Math, key: 'random', name: 'Math.random' },
    { holder: globalThis.performance, key: 'now', name: 'performance.now' },
    { holder: globalThis.crypto, key: 'getRandomValues', name: 'crypto.getRandomValues' },
    { holder: globalThis.crypto, key: 'randomUUID', name: 'crypto.randomUUID' },
    { holder: process, key: 'hrtime', name: 'process.hrtime' },
    { holder: process?.hrtime, key: 'bigint', name: 'process.hrtime.bigint' },
  ]
}

/** Puts something else in the place of a function, as an own property, and gives what puts it back. */
function replace(holder: object | undefined, key: string, make: (original: Any) => unknown): (() => void)[] {
  if (holder === undefined) return []
  const original: unknown = Reflect.get(holder, key)
  if (typeof original !== 'function') return []
  const own = Object.getOwnPropertyDescriptor(holder, key)
  if (own?.configurable === false || !Object.isExtensible(holder)) return []
  Object.defineProperty(holder, key, { value: make(original as Any), configurable: true, writable: true, enumerable: own?.enumerable ?? false })
  return [() => void (own === undefined ? Reflect.deleteProperty(holder, key) : Object.defineProperty(holder, key, own))]
}

function watched(original: Any, note: () => void): Any {
  return new Proxy(original, {
    apply(target, self, args) {
      note()
      return Reflect.apply(target, self, args)
    },
  })
}

/** `Date` itself, with `new Date()`, `Date()` and `Date.now()` watched; dates made from numbers and texts are not. */
function watchedDate(original: DateConstructor, note: (name: string) => void): DateConstructor {
  return new Proxy(original, {
    construct(target, args, self) {
      if (args.length === 0) note('new Date')
      return Reflect.construct(target, args, self) as object
    },
    apply(target, self, args) {
      note('Date')
      return Reflect.apply(target, self, args) as unknown
    },
    get(target, key, self) {
      const value: unknown = Reflect.get(target, key, self)
      return key === 'now' ? watched(value as Any, () => note('Date.now')) : value
    },
  })
}

/** The line of the stack that called what is watched. */
function callerOf(stack = ''): string {
  const lines = stack.split('\n').slice(1).map((line) => line.trim())
  const own = lines.findLastIndex((line) => line.includes('sources.'))
  return lines.slice(own + 1).find((line) => !line.includes('Proxy')) ?? ''
}
