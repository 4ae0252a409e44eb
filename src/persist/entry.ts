/** One record on its way into a file. */
import type { Ref } from '../core/saved-state.js'
import type { RetainedRecord, Target } from './retained.js'

export interface Entry {
  /** What stands for it in the dependencies of others. */
  readonly target: Ref | RetainedRecord
  /** Arguments: none, one primitive, or a list, with the text that names it. Of a retained record: nothing, as its key is a form already. */
  readonly args: unknown
  readonly text: string
  key: unknown
  readonly form: unknown
  /** About how many bytes it takes. */
  readonly weight: number
  /** Of an input: it holds a value of its own; otherwise it was only read. */
  readonly stored: boolean
  readonly isAsync: boolean
  readonly stamp: number
  readonly usedAt: number
  deps: readonly Target[]
  /** What it saw of them, as long as that matters. */
  stamps: readonly number[]
  /** The dependencies that showed something else when it was made, by their place in `deps`. */
  changed: readonly number[]
  /** It was made from something that has changed since in a way no dependency shows. */
  isStale: boolean
}

export const none: readonly never[] = Object.freeze([])

/** A slot, read or stored. */
export function inputEntry(target: Ref, args: unknown, text: string, form: unknown, weight: number, stored: boolean): Entry {
  return { target, args, text, key: undefined, form, weight, stored, isAsync: false, stamp: 0, usedAt: 0, deps: none, stamps: none, changed: none, isStale: false }
}
