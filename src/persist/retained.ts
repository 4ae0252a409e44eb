/** Sections of definitions a database does not know: kept as they were read, and written again at the next save. */
import { kindOf, type Ref, type Stamp, type StateReader } from '../core/saved-state.js'
import type { RetainedEntry, RetainedRecord, RetainedSection, RetainedWhole, Target } from './entry.js'
import type { SectionHead } from './layout.js'
import type { Memos } from './records.js'

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

/** What is written of them: nothing of a definition that has records of its own by now, and no memo without its dependencies. */
export function retainedEntries(sections: readonly RetainedSection[], taken: ReadonlySet<string>, memos: Memos, reader: StateReader): Map<RetainedSection, RetainedEntry[]> {
  const kept = new Map<RetainedSection, RetainedRecord[]>()
  for (const section of sections) if (!taken.has(section.head.name)) kept.set(section, section.records)
  if (kept.size === 0) return new Map()
  const alive = new Set<Target>([...kept.values()].flat())
  const isThere = (target: Target | null): boolean => {
    if (target === null) return false
    if ('section' in target) return kept.has(target.section)
    return 'mark' in target ? kindOf(target) !== 'cell' || memos.numberOf(target) !== undefined : alive.has(target)
  }
  for (let before = -1; before !== alive.size; ) {
    before = alive.size
    for (const record of alive) if ('links' in record && !record.links.every(({ target }) => isThere(target))) alive.delete(record)
  }
  const stampOf = (target: Ref): Stamp => (kindOf(target) === 'cell' ? (memos.shown[memos.numberOf(target) as number] as Stamp) : reader.stampOf(target))
  const entries = new Map<RetainedSection, RetainedEntry[]>()
  for (const [section, records] of kept) entries.set(section, records.filter((record) => alive.has(record)).map((record) => entryOf(record, stampOf)))
  return entries
}

function entryOf(record: RetainedRecord, stampOf: (ref: Ref) => Stamp): RetainedEntry {
  const { links } = record
  const moved = links.map(({ target, same, stamp }) => !same || (target !== null && 'mark' in target && stampOf(target) !== stamp))
  return { record, deps: links.map(({ target }) => target as Target), moved }
}
