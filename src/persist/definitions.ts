/** Definitions, as persistence sees them. */
import type { AnyInterned, Definition } from '../core/saved-state.js'

/** Any definition. */
export type AnyDefinition = Definition | AnyInterned

export type { AnyInterned } from '../core/saved-state.js'
export type AnyInput = Extract<Definition, { readonly kind: 'input' }>
export type AnyDerived = Extract<Definition, { readonly kind: 'derived' }>

export const versionOf = ({ options }: Pick<AnyDerived, 'options'>): number | string => options.version ?? 0

/** What a slot shows that holds nothing of its own: nothing, an error for whoever reads it, or the initial value. */
export type Rest = 'absent' | 'required' | 'initial'

export function restOf({ options }: AnyInput): Rest {
  if ('initial' in options) return 'initial'
  return options.required === true ? 'required' : 'absent'
}
