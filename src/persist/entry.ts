/** Records kept from a file for definitions a database does not know. */
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

/** One of them on its way into the next file. */
export interface RetainedEntry {
  readonly record: RetainedRecord
  readonly deps: readonly Target[]
  /** Of each dependency: whether it shows something else than was seen. */
  readonly moved: readonly boolean[]
}

export const none: readonly never[] = Object.freeze([])
