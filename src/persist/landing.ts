/** From the columns of a file to records of a database, and to what is kept for definitions it does not know. */
import type { StateWriter } from '../core/restored-state.js'
import type { Definition, Ref } from '../core/saved-state.js'
import { defaultEquals } from '../index.js'
import type { Decoder } from './codec.js'
import { type AnyInput, type AnyInterned, restOf } from './definitions.js'
import { CacheError } from './errors.js'
import { none, type RetainedLink, type RetainedRecord, type RetainedSection, type Target } from './entry.js'
import type { Columns, DroppedSection, ReadSectionResult } from './read-section.js'
import { retain, retainedSection } from './retained.js'
import type { Slices } from './slices.js'

export class Landing {
  readonly dropped: DroppedSection[] = []
  readonly unknown: string[] = []
  inputs = 0
  queries = 0
  interned = 0
  private readonly writer: StateWriter
  private readonly sections: readonly ReadSectionResult[]
  private readonly slices: Slices
  private readonly decoder: Decoder
  /** What the numbers of the file stand for. */
  private readonly landed: (Target | undefined)[] = []
  /** Empty slots that show something else than they did when the file was made: another initial value. */
  private readonly changed = new Set<number>()
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
      else if (definition.kind === 'interned') await this.landInterned(columns, definition)
      else if (definition.kind === 'input') await this.landInput(columns, base, definition)
      else await this.landQueries(columns, base, definition)
    }
    const gone = await this.untrusted()
    for (const { columns, base, definition } of this.sections) {
      if (columns !== null && definition?.kind === 'derived') await this.place(columns, base, gone)
    }
  }

  /** @throws CacheError where an id or a value means something else here */
  private async landInterned({ keys, values }: Columns, definition: AnyInterned): Promise<void> {
    for (const [i, value] of values.entries()) {
      if (!this.writer.intern(definition, keys[i] as number, value)) {
        throw new CacheError('mismatch', `${definition.name}: a value of the file was interned here before, under another id. Load before anything is interned.`)
      }
      this.interned++
      if (this.slices.due()) await this.slices.rest()
    }
  }

  private async landInput({ keys, values, flags, head }: Columns, base: number, definition: AnyInput): Promise<void> {
    this.writer.replace(definition)
    this.landed[base] = this.writer.hidden(definition, 'keys')
    this.landed[base + 1] = this.writer.hidden(definition, 'entries')
    const restsAlike = this.restsAlike(head.rest, head.initial, definition)
    for (let i = 0; i < keys.length; i++) {
      const target = this.writer.ref(definition, argsOf(keys[i]))
      const isResting = flags[i] === 1
      this.landed[base + 2 + i] = target
      if (isResting) {
        if (!restsAlike) this.changed.add(base + 2 + i)
      } else {
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
      this.landed[base + i] = this.writer.ref(definition, argsOf(keys[i]))
      if (this.slices.due()) await this.slices.rest()
    }
  }

  private async keep({ head, keys, values, flags, links }: Columns, base: number): Promise<void> {
    const section = retainedSection(head)
    this.unknown.push(head.name)
    this.retained.push(section)
    const isInput = head.type === 'input'
    if (isInput) for (const whole of section.wholes) this.landed[base + whole.which] = whole
    for (let i = 0; i < keys.length; i++) {
      const record: RetainedRecord = { key: keys[i], form: values[i], stored: !(isInput && flags[i] === 1), isAsync: head.type === 'derived' && flags[i] === 1, links: [] }
      section.records.push(record)
      this.landed[base + i + (isInput ? 2 : 0)] = record
      if (head.type === 'derived') this.relinks.push({ record, links: links[i] as readonly number[] })
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
    const target = this.landed[number]
    return target !== undefined && 'mark' in target
  }

  private async place({ values, flags, links, head }: Columns, base: number, gone: ReadonlySet<number>): Promise<void> {
    let dropped = 0
    for (let i = 0; i < values.length; i++) {
      if (gone.has(base + i)) {
        dropped++
        continue
      }
      const { deps, changed, isStale } = this.depsOf(links[i] as readonly number[])
      if (isStale && deps.length === 0) {
        dropped++
        continue
      }
      this.writer.place(this.landed[base + i] as Ref, values[i], flags[i] === 1, deps, changed, isStale)
      this.queries++
      if (this.slices.due()) await this.slices.rest()
    }
    if (dropped > 0) this.dropped.push({ definition: head.name, count: dropped, reason: 'dependencies' })
  }

  private depsOf(links: readonly number[]): { readonly deps: readonly Ref[]; readonly changed: readonly number[]; readonly isStale: boolean } {
    const deps: Ref[] = []
    let changed: number[] | null = null
    let isStale = false
    for (const link of links) {
      const landed = this.landed[link >> 1]
      if (landed === undefined) isStale = true
      else {
        if ((link & 1) === 1 || this.changed.has(link >> 1)) (changed ??= []).push(deps.length)
        deps.push(landed as Ref)
      }
    }
    // What is out of date must show it by a dependency: snapshots and later files tell by these, and by nothing else.
    if (isStale && changed === null && deps.length > 0) changed = [0]
    return { deps, changed: changed ?? none, isStale }
  }

  /** After the commit: remembers what belongs to definitions that are not known, with what they saw. */
  keepUnknown(): void {
    for (const { record, links } of this.relinks) {
      record.links = links.map((link): RetainedLink => {
        const target = this.landed[link >> 1]
        if (target === undefined) return { target: null, same: false, stamp: 0 }
        return { target, same: (link & 1) === 0 && !this.changed.has(link >> 1), stamp: 'mark' in target ? target.stamp : 0 }
      })
    }
    retain(this.writer.family, this.retained)
  }
}

function argsOf(stored: unknown): readonly unknown[] {
  if (Array.isArray(stored)) return stored as readonly unknown[]
  return stored === undefined ? [] : [stored]
}
