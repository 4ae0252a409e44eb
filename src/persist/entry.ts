/** Records on their way into a file, and records kept from one for definitions a database does not know. */
import type { Ref } from '../core/saved-state.js'
import type { SectionHead } from './layout.js'

/** A record of a definition that is not known; its parts are forms. */
export interface RetainedRecord {
  readonly key: unknown
  readonly form: unknown
  /** Of an input: whether it held a value. */
  readonly stored: boolean
  readonly isAsync: boolean
  links: readonly RetainedLink[]
}

/** What a retained memo was made from. */
export interface RetainedLink {
  /** null: something that is gone. */
  readonly target: Target | null
  readonly same: boolean
  /** What a record of this database showed when the file was loaded. */
  readonly stamp: number
}

/** The set of keys of an unknown input, or all its values. */
export interface RetainedWhole {
  readonly section: RetainedSection
  readonly which: 0 | 1
}

/** What a dependency is: a record of this database, or one kept for a definition it does not know. */
export type Target = Ref | RetainedRecord | RetainedWhole

export interface RetainedSection {
  readonly head: SectionHead
  readonly records: RetainedRecord[]
  readonly wholes: readonly [RetainedWhole, RetainedWhole]
}

export interface Entry {
  /** What stands for it in the dependencies of others. */
  readonly target: Ref | RetainedRecord | { readonly id: number }
  /** Of an interned value: its id. Arguments: none, one primitive, or a list, with the text that names it. Of a retained record: nothing, as its key is a form already. */
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

/** A slot, read or stored; or an interned value. */
export function inputEntry(target: Ref | { readonly id: number }, args: unknown, text: string, form: unknown, weight: number, stored: boolean): Entry {
  return { target, args, text, key: undefined, form, weight, stored, isAsync: false, stamp: 0, usedAt: 0, deps: none, stamps: none, changed: none, isStale: false }
}
