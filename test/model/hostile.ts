/** What no engine should be asked for: keys, definitions and functions that it must refuse, or whose errors it must hand back as they are. */
import { PebreError } from '../../src/index.js'
import type { ProgramInput, ProgramQuery } from './interpret.js'
import type { ViewModel } from './views.js'
import { thrown, type World } from './world.js'

const anything: ProxyHandler<object> = {
  get: () => refuse(),
  has: () => refuse(),
  ownKeys: () => refuse(),
  getPrototypeOf: () => refuse(),
  getOwnPropertyDescriptor: () => refuse(),
}

function refuse(): never {
  throw new Error('a trap of a proxy')
}

function inItself(): unknown[] {
  const list: unknown[] = []
  list.push(list)
  return list
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** Keys that cannot be encoded. */
const keys: readonly (() => unknown)[] = [
  () => Symbol('key'),
  () => () => 1,
  inItself,
  () => new Proxy({}, anything),
  revoked,
  () => ({
    get key() {
      return refuse()
    },
  }),
  () => new WeakMap(),
  () => Promise.resolve(1),
  () => new Error('a key'),
]

/** A view, where its types are in the way. */
type Any = Record<'get' | 'set' | 'has' | 'remove' | 'update' | 'batch' | 'read' | 'observe' | 'watch' | 'live' | 'invalidate' | 'restore' | 'replaceAll', (...args: readonly unknown[]) => unknown>

interface Target {
  readonly view: Any
  readonly input: ProgramInput
  readonly query: ProgramQuery
}

/** Each is refused by an error of the library. */
const refused: readonly ((at: Target, key: unknown) => unknown)[] = [
  ({ view, query }, key) => view.get(query, key),
  ({ view, input }, key) => view.set(input, key, 1),
  ({ view, input }, key) => view.has(input, key),
  ({ view, input }, key) => view.remove(input, key),
  ({ view, query }, key) => view.invalidate(query, key),
  ({ view, query }, key) => view.observe(query, key),
  ({ view, query }, key) => view.watch(query, key),
  ({ view, input }, key) => view.batch((tx: unknown) => (tx as Any).set(input, key, 1)),
  ({ view, input }, key) => view.batch((tx: unknown) => [(tx as Any).set(input, 9), (tx as Any).remove(input, key)]),
  ({ view }) => view.get({}),
  ({ view }) => view.set(() => 1, 1),
  ({ view, query }) => view.set(query, 1),
  ({ view, input }) => view.invalidate(input),
  ({ view }) => view.restore({}),
  ({ view }) => view.read(5),
  ({ view }) => view.live({}),
  ({ view }) => view.batch(null),
  ({ view, input }, key) => view.replaceAll(input, [[key, 1]]),
  ({ view, input }) => view.replaceAll(input, [5]),
  ({ view, input }) => view.replaceAll(input, [[1, 1], [Symbol('key'), 1]]),
]

/** Each gives back the very error that the caller's own function has thrown. */
const handedBack: readonly ((at: Target, error: unknown) => unknown)[] = [
  ({ view }, error) =>
    view.batch(() => {
      throw error
    }),
  ({ view, input }, error) =>
    view.batch((tx: unknown) => {
      void (tx as Any).set(input, 9)
      throw error
    }),
  ({ view }, error) =>
    view.read(() => {
      throw error
    }),
  ({ view, input }, error) => {
    const fail = (): never => {
      throw error
    }
    // A required input that is absent has nothing to be updated.
    return input.options.required === true ? view.read(fail) : view.update(input, fail)
  },
]

const errors: readonly (() => unknown)[] = [() => thrown, () => undefined, () => null, () => 'text', () => Object.freeze({}), () => new Proxy({}, anything), revoked]

/** One of them, in a view: it must end in the right error, and change nothing. */
export function tryHostile(world: World, model: ViewModel, nth: number): void {
  const { view } = model
  const before = view.revision
  const input = world.compiled.inputs[nth % world.compiled.inputs.length] as ProgramInput
  const query = world.compiled.queries[nth % world.compiled.queries.length] as ProgramQuery
  const target: Target = { view: view as unknown as Any, input, query }
  world.tried.hostile++
  const isRefusal = nth % 3 !== 0
  const error = isRefusal ? null : errors[nth % errors.length]?.()
  const name = `hostile: ${nth} in ${model.name}`
  try {
    if (isRefusal) void refused[nth % refused.length]?.(target, keys[(nth >> 4) % keys.length]?.())
    else void handedBack[nth % handedBack.length]?.(target, error)
    world.faults.push(`${name} was let pass`)
  } catch (found) {
    if (isRefusal ? !(found instanceof PebreError) : found !== error) world.faults.push(`${name} ended in ${isRefusal ? String(found) : 'another error'}`)
  }
  if (view.revision !== before) world.faults.push(`${name} has changed something`)
}
