/** Sections of definitions a database does not know: kept as they were read, and written again at the next save. */
import { kindOf, type Ref, type Stamp, type StateReader } from '../core/saved-state.js'
import { none, type RetainedEntry, type RetainedRecord, type RetainedSection, type RetainedWhole, type Target } from './entry.js'
import { mayRestOn } from './grounds.js'
import type { SectionHead } from './layout.js'
import type { Memos } from './records.js'
import type { Slices } from './slices.js'

export function retainedSection(head: SectionHead): RetainedSection {
  const wholes: RetainedWhole[] = []
  const section = { head, records: [], wholes } as unknown as RetainedSection
  wholes.push({ section, which: 0 }, { section, which: 1 })
  return section
}

/** By database. They go with it. */
const byFamily = new WeakMap<object, readonly RetainedSection[]>()

export const retainedOf = (family: object): readonly RetainedSection[] => byFamily.get(family) ?? none

export function retain(family: object, sections: readonly RetainedSection[]): void {
  byFamily.set(family, sections)
}

/** What is written of them. */
export type Kept = ReadonlyMap<RetainedSection, readonly RetainedEntry[]>

export interface KeepOptions {
  /** Names of definitions that have records of their own by now: nothing is written of what was kept for them. */
  readonly taken: ReadonlySet<string>
  /** Results that are to be left out. */
  readonly leftOut: ReadonlySet<RetainedRecord>
  readonly memos: Memos
  readonly reader: StateReader
  readonly slices: Slices
}

/** All but what is taken or left out, and no result without what it was made from. */
export async function keptOf(sections: readonly RetainedSection[], options: KeepOptions): Promise<Kept> {
  const lost = sections.filter(({ head }) => options.taken.has(head.name))
  const standing = sections.filter((section) => !lost.includes(section) && !lost.some(({ head }) => mayRestOn(section.head, head)))
  return standing.length === 0 ? new Map() : new Survivors(standing, options).run()
}

class Survivors {
  private readonly sections: ReadonlySet<RetainedSection>
  private readonly options: KeepOptions
  private readonly records = new Set<Target>()

  constructor(sections: readonly RetainedSection[], options: KeepOptions) {
    this.sections = new Set(sections)
    this.options = options
  }

  async run(): Promise<Kept> {
    await this.each((record) => {
      if (!this.options.leftOut.has(record)) this.records.add(record)
    })
    const gone: RetainedRecord[] = []
    await this.each((record) => {
      if (!record.links.every(({ target }) => this.isThere(target))) gone.push(record)
    })
    if (gone.length > 0) await this.takeOut(gone)
    return this.entries()
  }

  private async each(visit: (record: RetainedRecord, section: RetainedSection) => void): Promise<void> {
    const { slices } = this.options
    for (const section of this.sections) {
      for (const record of section.records) {
        visit(record, section)
        if (slices.due()) await slices.rest()
      }
    }
  }

  private isThere(target: Target | null): boolean {
    if (target === null) return false
    if ('section' in target) return this.sections.has(target.section)
    return 'mark' in target ? kindOf(target) !== 'cell' || this.options.memos.numberOf(target) !== undefined : this.records.has(target)
  }

  /** Takes records out, and all that depend on them. */
  private async takeOut(gone: RetainedRecord[]): Promise<void> {
    const readers = new Map<Target, RetainedRecord[]>()
    await this.each((record) => {
      for (const { target } of record.links) {
        if (target === null || 'mark' in target || 'section' in target) continue
        const list = readers.get(target)
        if (list === undefined) readers.set(target, [record])
        else list.push(record)
      }
    })
    const { slices } = this.options
    for (const record of gone) {
      if (this.records.delete(record)) for (const reader of readers.get(record) ?? none) gone.push(reader)
      if (slices.due()) await slices.rest()
    }
  }

  private async entries(): Promise<Kept> {
    const needed = new Set<Target>()
    await this.each((record) => {
      if (this.records.has(record)) for (const { target } of record.links) if (target !== null) needed.add('section' in target ? target.section.wholes[0] : target)
    })
    const kept = new Map<RetainedSection, RetainedEntry[]>()
    for (const section of this.sections) if (needed.has(section.wholes[0])) kept.set(section, [])
    await this.each((record, section) => {
      // A slot that holds nothing is there for who read it.
      if (!this.records.has(record) || !(record.stored || needed.has(record))) return
      const list = kept.get(section)
      if (list === undefined) kept.set(section, [this.entryOf(record)])
      else list.push(this.entryOf(record))
    })
    return kept
  }

  private entryOf(record: RetainedRecord): RetainedEntry {
    const { links } = record
    const moved = links.map(({ target, same, stamp }) => !same || (target !== null && 'mark' in target && this.stampOf(target) !== stamp))
    return { record, deps: links.map(({ target }) => target as Target), moved }
  }

  private stampOf(ref: Ref): Stamp {
    const { memos, reader } = this.options
    return kindOf(ref) === 'cell' ? (memos.shown[memos.numberOf(ref) as number] as Stamp) : reader.stampOf(ref)
  }
}
