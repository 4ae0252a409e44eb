import { map, type OperatorFunction } from 'rxjs'
import { aDefinition, aView, check } from '../core/check.js'
import type { Args, Input, Revision, Then, View } from '../index.js'

/**
 * Writes each value of a stream to an input, and emits the revision at which it holds. `toArgs` says to which record a value belongs; an
 * input without arguments needs none. The stream ends with its own error or with that of the write, and the input keeps its value.
 *
 * @throws `InvalidDefinitionError` where an argument is none
 *
 * ```ts
 * files$.pipe(toInput(db, file, ({ path }) => [path])).subscribe()
 * ```
 */
export function toInput<V>(view: View, input: Input<[], V>): OperatorFunction<V, Revision>
export function toInput<A extends Args, V>(view: View, input: Input<A, V>, toArgs: (value: NoInfer<V>) => readonly [...NoInfer<A>]): OperatorFunction<V, Revision>
export function toInput<V>(view: View, input: Input<Args, V>, toArgs: (value: V) => Args = () => []): OperatorFunction<V, Revision> {
  check('The view of toInput', view, aView)
  check('What toInput writes', input, aDefinition('input'))
  check('The third argument of toInput', toArgs, [(value) => typeof value === 'function', 'a function from a value to the arguments of its record'])
  return map((value) => view.set(input, ...([...toArgs(value), value] as Then<Args, V>)))
}
