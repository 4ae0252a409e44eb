/** Sections of definitions a database does not know: kept as they were read, and written again at the next save. */
import type { Ref } from '../core/saved-state.js'
import type { SectionHead } from './layout.js'

/** A record of such a section; its parts are forms. */
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
  /** A record of this database, another retained record, or what an unknown input shows as a whole; null: something that is gone. */
  readonly target: Ref | RetainedRecord | RetainedWhole | null
  readonly same: boolean
  /** What a record of this database showed when the file was loaded. */
  readonly stamp: number
}

/** The set of keys of an unknown input, or all its values. */
export interface RetainedWhole {
  readonly section: RetainedSection
  readonly which: 0 | 1
}

export interface RetainedSection {
  readonly head: SectionHead
  readonly records: RetainedRecord[]
  readonly wholes: readonly [RetainedWhole, RetainedWhole]
}

export function retainedSection(head: SectionHead): RetainedSection {
  const wholes: RetainedWhole[] = []
  const section = { head, records: [], wholes } as unknown as RetainedSection
  wholes.push({ section, which: 0 }, { section, which: 1 })
  return section
}

/** By database. They go with it. */
const byFamily = new WeakMap<object, readonly RetainedSection[]>()

export const retainedOf = (family: object): readonly RetainedSection[] => byFamily.get(family) ?? []

export function retain(family: object, sections: readonly RetainedSection[]): void {
  byFamily.set(family, sections)
}
