import { useMemo, useSyncExternalStore } from 'react'
import { aDefinition, check } from '../core/check.js'
import { type Args, type Input, keyText, type Then, type TotalInput, type View } from '../index.js'
import { useScope } from './provider.js'

/** Writes an input: the next value, or a function that makes it of the value before. Keeps its reference. */
export type SetInput<Next, Before = Next> = (next: Next | ((before: Before) => Next)) => void

/**
 * The value of an input, kept up to date, and a function that writes it. As in React, a function given to it is called with the value
 * before; a value that is itself a function is written with `useDatabase().set`.
 *
 * ```tsx
 * const [count, setCount] = useInput(counter)
 * return <button onClick={() => setCount((before) => before + 1)}>{count}</button>
 * ```
 * @throws `MissingInputError` for a required input that is absent; `MissingProviderError`, `InvalidDefinitionError`, `InvalidKeyError`, `ClosedError`, `DisposedError`
 */
export function useInput<A extends Args, V>(input: TotalInput<A, V>, ...args: NoInfer<A>): readonly [value: V, set: SetInput<V>]
export function useInput<A extends Args, V>(input: Input<A, V>, ...args: NoInfer<A>): readonly [value: V | undefined, set: SetInput<V, V | undefined>]
export function useInput<A extends Args, V>(input: Input<A, V>, ...args: NoInfer<A>): readonly [value: V | undefined, set: SetInput<V, V | undefined>] {
  const { view } = useScope()
  check('The input of a component', input, anInput)
  const key = keyText(input, ...args)
  const { subscribe, read, set } = useMemo(() => inputStore(view, input, args), [view, input, key])
  const value = useSyncExternalStore(subscribe, read, read)
  return [value, set]
}

const anInput = aDefinition('input')

interface InputStore<V> {
  readonly subscribe: (listener: () => void) => () => void
  readonly read: () => V | undefined
  readonly set: SetInput<V, V | undefined>
}

function inputStore<A extends Args, V>(view: View, input: Input<A, V>, args: A): InputStore<V> {
  return {
    subscribe: (listener) => {
      const subscription = view.node(input, ...args).subscribe(listener)
      return () => subscription.unsubscribe()
    },
    read: () => view.get(input, ...args),
    set: (next) => {
      const isChange = typeof next === 'function'
      if (isChange) view.update(input, ...([...args, next] as unknown as Then<A, (before: V | undefined) => V>))
      else view.set(input, ...([...args, next] as unknown as Then<A, V>))
    },
  }
}
