/** From the columns of a file to records of a database, and to what is kept for definitions it does not know. */
import { type Definition, isQuery, type Ref, type StateWriter } from '../core/saved-state.js'
import { defaultEquals } from '../index.js'
import type { Decoder } from './codec.js'
import { type AnyInput, restOf } from './definitions.js'
import type { Columns, DroppedSection, ReadSectionResult } from './read-section.js'
import { retain, type RetainedLink, type RetainedRecord, type RetainedSection, type RetainedWhole, retainedSection } from './retained.js'
import type { Slices } from './slices.js'

/** What a number of the file stands for. */
type Target = Ref | RetainedRecord | RetainedWhole

interface Landed {
  readonly target: Target
  /** It shows what it showed when the file was made: an empty slot may show another initial value by now. */
  readonly same: boolean
}

export class Landing {
  readonly dropped: DroppedSection[] = []
  readonly unknown: string[] = []
  inputs = 0
  queries = 0
  private readonly writer: StateWriter
  private readonly sections: readonly ReadSectionResult[]
  private readonly slices: Slices
  private readonly decoder: Decoder
  private readonly landed: (Landed | undefined)[] = []
  private readonly retained: RetainedSection[] = []
  private readonly relinks: { readonly record: RetainedRecord; readonly links: readonly number[] }[] = []

  constructor(writer: StateWriter, sections: readonly ReadSectionResult[], { slices, decoder }: { readonly slices: Slices; readonly decoder: Decoder }) {
    this.writer = writer
    this.sections = sections
    this.slices = slices
    this.decoder = decoder
  }

  async run(): Promise<void> {
    for (const { columns, base, definition } of this.sections) {
      if (columns === null) continue
      if (definition === undefined) await this.keep(columns, base)
      else if (definition.kind === 'input') await this.landInput(columns, base, definition)
      else await this.landQueries(columns, base, definition)
    }
    const gone = await this.untrusted()
    for (const { columns, base, definition } of this.sections) {
      if (columns !== null && definition?.kind === 'derived') await this.place(columns, base, gone)
    }
  }

  private async landInput({ keys, values, flags, head }: Columns, base: number, definition: AnyInput): Promise<void> {
    this.writer.replace(definition)
    this.landed[base] = { target: this.writer.hidden(definition, 'keys'), same: true }
    this.landed[base + 1] = { target: this.writer.hidden(definition, 'entries'), same: true }
    const restsAlike = this.restsAlike(head.rest, head.initial, definition)
    for (let i = 0; i < keys.length; i++) {
      const target = this.writer.ref(definition, argsOf(keys[i]))
      const isResting = flags[i] === 1
      this.landed[base + 2 + i] = { target, same: !isResting || restsAlike }
      if (!isResting) {
        this.writer.set(target, values[i])
        this.inputs++
      }
      if (this.slices.due()) await this.slices.rest()
    }
  }

  /** Whether an empty slot shows what it showed when the file was made. */
  private restsAlike(rest: string, initial: unknown, definition: AnyInput): boolean {
    if (rest !== restOf(definition)) return false
    if (rest !== 'initial') return true
    try {
      return Array.isArray(initial) && initial.length === 1 && defaultEquals(this.decoder.revive(initial[0]), definition.options.initial)
    } catch {
      return false
    }
  }

  private async landQueries({ keys }: Columns, base: number, definition: Definition): Promise<void> {
    for (let i = 0; i < keys.length; i++) {
      this.landed[base + i] = { target: this.writer.ref(definition, argsOf(keys[i])), same: true }
      if (this.slices.due()) await this.slices.rest()
    }
  }

  private async keep({ head, keys, values, flags, links }: Columns, base: number): Promise<void> {
    const section = retainedSection(head)
    this.unknown.push(head.name)
    this.retained.push(section)
    const isInput = head.type === 'input'
    if (isInput) for (const whole of section.wholes) this.landed[base + whole.which] = { target: whole, same: true }
    for (let i = 0; i < keys.length; i++) {
      const record: RetainedRecord = { key: keys[i], form: values[i], stored: !(isInput && flags[i] === 1), isAsync: !isInput && flags[i] === 1, links: [] }
      section.records.push(record)
      this.landed[base + i + (isInput ? 2 : 0)] = { target: record, same: true }
      if (!isInput) this.relinks.push({ record, links: links[i] as readonly number[] })
      if (this.slices.due()) await this.slices.rest()
    }
  }

  /** The numbers of memos that depend on what was not loaded. */
  private async untrusted(): Promise<ReadonlySet<number>> {
    const readers = new Map<number, number[]>()
    const gone: number[] = []
    for (const { columns, base, definition } of this.sections) {
      if (columns === null || definition?.kind !== 'derived') continue
      for (const [i, links] of columns.links.entries()) {
        if (!links.every((link) => link < 2 || this.isRecord(link >> 1))) gone.push(base + i)
        if (this.slices.due()) await this.slices.rest()
      }
    }
    if (gone.length === 0) return new Set()
    for (const { columns, base } of this.sections) {
      for (const [i, links] of (columns?.links ?? []).entries()) {
        for (const link of links) {
          const list = readers.get(link >> 1)
          if (list === undefined) readers.set(link >> 1, [base + i])
          else list.push(base + i)
        }
      }
      if (this.slices.due(1)) await this.slices.rest()
    }
    const all = new Set(gone)
    for (const number of all) for (const reader of readers.get(number) ?? []) all.add(reader)
    return all
  }

  private isRecord(number: number): boolean {
    const target = this.landed[number]?.target
    return target !== undefined && 'table' in target
  }

  private async place({ values, flags, links, head }: Columns, base: number, gone: ReadonlySet<number>): Promise<void> {
    let dropped = 0
    for (let i = 0; i < values.length; i++) {
      if (gone.has(base + i)) {
        dropped++
        continue
      }
      const deps: Ref[] = []
      const same: boolean[] = []
      let isStale = false
      for (const link of links[i] as readonly number[]) {
        const landed = this.landed[link >> 1]
        if (landed === undefined) isStale = true
        else {
          deps.push(landed.target as Ref)
          same.push((link & 1) === 0 && landed.same)
        }
      }
      const cell = this.landed[base + i]?.target as Ref
      if (isQuery(cell)) this.writer.place(cell, values[i], flags[i] === 1, deps, same, isStale)
      this.queries++
      if (this.slices.due()) await this.slices.rest()
    }
    if (dropped > 0) this.dropped.push({ definition: head.name, count: dropped, reason: 'dependencies' })
  }

  /** After the commit: remembers what belongs to definitions that are not known, with what they saw. */
  keepUnknown(): void {
    for (const { record, links } of this.relinks) {
      record.links = links.map((link): RetainedLink => {
        const landed = this.landed[link >> 1]
        if (landed === undefined) return { target: null, same: false, stamp: 0 }
        const stamp = 'table' in landed.target ? landed.target.stamp : 0
        return { target: landed.target, same: (link & 1) === 0 && landed.same, stamp }
      })
    }
    retain(this.writer.family, this.retained)
  }
}

function argsOf(stored: unknown): readonly unknown[] {
  if (Array.isArray(stored)) return stored as readonly unknown[]
  return stored === undefined ? [] : [stored]
}
