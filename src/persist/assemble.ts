/** From what was gathered to the bytes of a file: sections in their order, records numbered, blocks packed. */
import { type Definition, definitionOf, isQuery, kindOf, nameOf, type Ref, type Slot, slotIdOf, type StateReader, storedArgsOf } from '../core/saved-state.js'
import { crc32, joinCrc32 } from './checksum.js'
import { type Encoder, Refusal, unsupported } from './codec.js'
import { type AnyDerived, type AnyInput, restOf, versionOf } from './definitions.js'
import { none, type RetainedEntry, type RetainedRecord, type RetainedSection, type Target } from './entry.js'
import { isFirm } from './grounds.js'
import { compareSections, endOf, type HeadForm, KEPT, prefixOf, type SectionHead, SETTLED } from './layout.js'
import { Orders } from './order.js'
import { Packer, type Rows } from './packer.js'
import { type Gathered, Records, type Span } from './records.js'
import { type Kept, keptOf } from './retained.js'
import type { Slices } from './slices.js'

interface OutSection {
  readonly head: Omit<SectionHead, 'count' | 'bytes' | 'crc'>
  /** Puts the records in order, and numbers them from `first` on. */
  readonly rows: (first: number) => Rows | Promise<Rows>
}

type Summary = Pick<SectionHead, 'type' | 'name' | 'version' | 'count' | 'bytes'>

export interface Assembled {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  readonly sections: readonly Summary[]
  /** Sections kept for definitions that are not known. */
  readonly kept: Kept
}

/** The number of a dependency that is not there: what was made from it is stale. */
const NOTHING = 0

/** About what a record takes whose size nobody knows. */
const UNKNOWN_WEIGHT = 1024

/** What a slot that holds nothing takes. */
const RESTING_WEIGHT = 8

export interface AssembleOptions {
  readonly encoder: Encoder
  readonly slices: Slices
  readonly meta: unknown
  readonly retained: readonly RetainedSection[]
  /** Those of their results that are to be left out. */
  readonly leftOut: ReadonlySet<RetainedRecord>
}

export class Assembler {
  private readonly reader: StateReader
  private readonly gathered: Gathered
  private readonly options: AssembleOptions
  /** The numbers of slots, by id; of memos, by memo; of retained records; the first ones of sections, by name. */
  private slotNumbers: Uint32Array = new Uint32Array(0)
  private readonly memoNumbers: Uint32Array
  private readonly recordNumbers = new Map<RetainedRecord, number>()
  private readonly bases = new Map<string, number>()
  private readonly orders = new Orders()
  /** What stands for the keys and for all values of inputs, where a query read it. */
  private readonly wholes = new Set<Slot>()
  /** The slots queries read that hold nothing, by input; none, where only its keys or all its values were read. */
  private readonly resting = new Map<AnyInput, Set<Slot>>()

  constructor(reader: StateReader, gathered: Gathered, options: AssembleOptions) {
    this.reader = reader
    this.gathered = gathered
    this.options = options
    this.memoNumbers = new Uint32Array(gathered.memos.cells.length)
  }

  async run(): Promise<Assembled> {
    const { encoder, slices } = this.options
    const { sections, kept } = await this.sections()
    this.slotNumbers = new Uint32Array(this.reader.slotIds)
    const ready: Rows[] = []
    let next = NOTHING + 1
    for (const { head, rows } of sections) {
      this.bases.set(head.name, next)
      if (head.type === 'input') next += 2
      const made = await rows(next)
      next += made.count
      ready.push(made)
    }
    for (const whole of this.wholes) this.slotNumbers[slotIdOf(whole)] = (this.bases.get(definitionOf(whole).name) as number) + (kindOf(whole) === 'keys' ? 0 : 1)
    const packer = new Packer(encoder, slices)
    const heads: HeadForm[] = []
    const summaries: Summary[] = []
    for (const [i, { head: { type, name, version, rest, initial, marks } }] of sections.entries()) {
      const rows = ready[i] as Rows
      const { bytes, crc } = await packer.section(type, rows)
      const { count } = rows
      const form = [type, encoder.form(name), encoder.form(version), count, bytes, crc, rest, initial] as const
      heads.push(marks === 0 ? form : [...form, marks])
      summaries.push({ type, name, version, count, bytes })
    }
    return { ...this.join(heads, packer.chunks()), sections: summaries, kept }
  }

  /** Header first, checksum last. */
  private join(heads: readonly HeadForm[], body: readonly Uint8Array[]): Pick<Assembled, 'chunks' | 'bytes'> {
    const { encoder, meta } = this.options
    const header = prefixOf(encoder.pack([this.reader.revision, encoder.form(meta), heads]))
    let crc = crc32(header)
    let bytes = header.length
    for (const [, , , , length, sectionCrc] of heads) {
      crc = joinCrc32(crc, sectionCrc, length)
      bytes += length
    }
    return { chunks: [header, ...body, endOf(crc)], bytes: bytes + 4 }
  }

  // ── Sections ───────────────────────────────────────────────────────────────────────────────────────────────────

  private async sections(): Promise<{ sections: OutSection[]; kept: Kept }> {
    const { inputs, interned, memos, queries } = this.gathered
    for (const memo of memos.wanting) {
      if (!memos.gone.has(memo)) memos.eachDep(memo, this.need)
      if (this.options.slices.due()) await this.options.slices.rest()
    }
    const alive = [...queries].filter(([, { start, end }]) => this.countOf(start, end) > 0)
    const taken = new Set([...interned.keys(), ...this.resting.keys(), ...alive.map(([definition]) => definition)].map(({ name }) => name))
    for (const [{ name }, { targets }] of inputs) if (targets.length > 0) taken.add(name)
    const { retained, leftOut, slices } = this.options
    const kept = await keptOf(retained, { taken, leftOut, memos, reader: this.reader, slices })
    for (const entries of kept.values()) {
      for (const { deps } of entries) {
        for (const dep of deps) if ('mark' in dep) this.need(dep)
        if (slices.due()) await slices.rest()
      }
    }
    const sections: OutSection[] = []
    for (const [{ name }, records] of interned) sections.push({ head: { type: 'interned', name, version: 0, rest: 'ids', initial: [], marks: 0 }, rows: (first) => this.recordRows(name, records, none, first) })
    for (const definition of new Set([...inputs.keys(), ...this.resting.keys()])) {
      const records = inputs.get(definition) ?? new Records()
      const resting = this.resting.get(definition)
      if (records.targets.length > 0 || resting !== undefined) sections.push({ head: this.inputHead(definition, records), rows: (first) => this.recordRows(definition.name, records, [...(resting ?? none)], first) })
    }
    const through = memos.passedBy()
    for (const [definition, span] of alive) sections.push({ head: this.queryHead(definition, through.get(definition) ?? new Set()), rows: (first) => this.memoRows(definition.name, span, first) })
    for (const [{ head }, entries] of kept) sections.push({ head: { ...head, marks: head.marks | KEPT }, rows: (first) => this.retainedRows(entries, first) })
    sections.sort(({ head: a }, { head: b }) => compareSections(a, b))
    return { sections, kept }
  }

  private countOf(start: number, end: number): number {
    const { gone } = this.gathered.memos
    if (gone.size === 0) return end - start
    let count = 0
    for (let memo = start; memo < end; memo++) if (!gone.has(memo)) count++
    return count
  }

  /** What a memo was made from must be there: a slot that holds nothing, an input that was read as a whole. */
  private readonly need = (dep: Ref): void => {
    if (isQuery(dep)) return
    const kind = kindOf(dep)
    if (kind === 'slot' && this.reader.isStored(dep)) return
    const definition = definitionOf(dep) as AnyInput
    let slots = this.resting.get(definition)
    if (slots === undefined) this.resting.set(definition, (slots = new Set()))
    if (kind === 'slot') slots.add(dep)
    else this.wholes.add(dep)
  }

  private inputHead(definition: AnyInput, { targets }: Records): OutSection['head'] {
    const rest = restOf(definition)
    return { type: 'input', name: definition.name, version: 0, rest, initial: rest === 'initial' ? this.formOfInitial(definition) : [], marks: targets.length > 0 && isFirm(definition) ? SETTLED : 0 }
  }

  private queryHead({ name, options, isAsync }: AnyDerived, through: ReadonlySet<Definition>): OutSection['head'] {
    const { encoder } = this.options
    const versions = [...through].map((passed) => [passed.name, versionOf(passed as AnyDerived)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return { type: 'derived', name, version: versionOf({ options }), rest: isAsync ? 'async' : 'sync', initial: versions.map((pair) => pair.map((part) => encoder.form(part))), marks: 0 }
  }

  /** A list of the form; of nothing, where there is none: then nothing counts as read from it. */
  private formOfInitial({ options }: AnyInput): readonly unknown[] {
    try {
      return [this.options.encoder.form(options.initial)]
    } catch (error) {
      if (error instanceof Refusal) return []
      throw error
    }
  }

  // ── Records in their order ─────────────────────────────────────────────────────────────────────────────────────

  private async recordRows(name: string, { targets, keys, forms, weights }: Records, resting: readonly Slot[], first: number): Promise<Rows> {
    const { slices } = this.options
    const all = resting.length === 0 ? keys : [...keys, ...resting.map(storedArgsOf)]
    const order = await this.orders.of(all, slices)
    const placeOf = (row: number): number => order[row] as number
    const targetOf = (place: number): Slot | undefined => (place < keys.length ? targets[place] : resting[place - keys.length])
    for (let row = 0; row < order.length; row++) {
      const target = targetOf(placeOf(row))
      if (target !== undefined) this.slotNumbers[slotIdOf(target)] = first + row
      if (slices.due(64)) await slices.rest()
    }
    return {
      count: order.length,
      keyOf: (row) => this.keyForm(name, all[placeOf(row)], targetOf(placeOf(row))),
      formOf: (row) => (placeOf(row) < keys.length ? forms[placeOf(row)] : null),
      weightOf: (row) => weights[placeOf(row)] ?? RESTING_WEIGHT,
      flagOf: (row) => (placeOf(row) < keys.length ? 0 : 1),
      linksOf: noLinks,
    }
  }

  private async memoRows(name: string, { start, end }: Span, first: number): Promise<Rows> {
    const { slices } = this.options
    const { cells, forms, weights, flags, gone } = this.gathered.memos
    const memos: number[] = []
    const keys: unknown[] = []
    for (let memo = start; memo < end; memo++) {
      if (gone.has(memo)) continue
      memos.push(memo)
      keys.push(storedArgsOf(cells[memo] as Ref))
      if (slices.due(64)) await slices.rest()
    }
    const order = await this.orders.of(keys, slices)
    const memoOf = (row: number): number => memos[order[row] as number] as number
    for (let row = 0; row < order.length; row++) {
      this.memoNumbers[memoOf(row)] = first + row
      if (slices.due(1024)) await slices.rest()
    }
    return {
      count: order.length,
      keyOf: (row) => this.keyForm(name, keys[order[row] as number], cells[memoOf(row)]),
      formOf: (row) => forms[memoOf(row)],
      weightOf: (row) => weights[memoOf(row)] as number,
      flagOf: (row) => flags[memoOf(row)] as number,
      linksOf: (row) => this.linksOf(memoOf(row)),
    }
  }

  private async retainedRows(entries: readonly RetainedEntry[], first: number): Promise<Rows> {
    const recordOf = (row: number): RetainedRecord => (entries[row] as RetainedEntry).record
    for (const [row, { record }] of entries.entries()) {
      this.recordNumbers.set(record, first + row)
      if (this.options.slices.due(64)) await this.options.slices.rest()
    }
    return {
      count: entries.length,
      keyOf: (row) => recordOf(row).key,
      formOf: (row) => recordOf(row).form,
      weightOf: () => UNKNOWN_WEIGHT,
      flagOf: (row) => (recordOf(row).isAsync || !recordOf(row).stored ? 1 : 0),
      linksOf: (row) => this.retainedLinks(entries[row] as RetainedEntry),
    }
  }

  /** @throws UnsupportedValueError */
  private keyForm(definition: string, args: unknown, target: Ref | undefined): unknown {
    try {
      return this.options.encoder.form(args)
    } catch (error) {
      throw error instanceof Refusal ? unsupported(error, { definition, key: target === undefined ? definition : nameOf(target) }) : error
    }
  }

  // ── Links ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private linksOf(memo: number): number[] {
    const { rewired, sources, moved, ends } = this.gathered.memos
    const other = rewired.size === 0 ? undefined : rewired.get(memo)
    const links: number[] = []
    if (other !== undefined) {
      for (const [i, dep] of other.deps.entries()) links.push(2 * this.numberOfRef(dep) + (other.moved[i] as number))
      if (other.isStale) links.push(2 * NOTHING + 1)
      return links
    }
    const end = ends[memo] as number
    for (let i = this.gathered.memos.startOf(memo); i < end; i++) {
      const source = sources[i] as number
      const number = source < 0 ? this.memoNumbers[-1 - source] : this.slotNumbers[source]
      links.push(2 * (number as number) + (moved[i] as number))
    }
    return links
  }

  private retainedLinks({ deps, moved }: RetainedEntry): number[] {
    return deps.map((dep, i) => 2 * this.numberOf(dep) + (moved[i] === true ? 1 : 0))
  }

  private numberOf(dep: Target): number {
    if ('section' in dep) return (this.bases.get(dep.section.head.name) as number) + dep.which
    return 'mark' in dep ? this.numberOfRef(dep) : (this.recordNumbers.get(dep) as number)
  }

  private numberOfRef(dep: Ref): number {
    if (isQuery(dep)) return this.memoNumbers[this.gathered.memos.find(dep) as number] as number
    return this.slotNumbers[slotIdOf(dep)] as number
  }
}

function noLinks(): number[] {
  return []
}

