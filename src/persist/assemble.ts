/** From what was gathered to the bytes of a file: sections in their order, records numbered, blocks packed. */
import { definitionOf, isQuery, kindOf, nameOf, type Ref, type Slot, slotIdOf, type StateReader, storedArgsOf } from '../core/saved-state.js'
import { crc32, joinCrc32 } from './checksum.js'
import { type Encoder, Refusal, unsupported } from './codec.js'
import { type AnyDerived, type AnyInput, restOf } from './definitions.js'
import { none, type RetainedEntry, type RetainedRecord, type RetainedSection, type Target } from './entry.js'
import { endOf, type HeadForm, prefixOf, type SectionHead } from './layout.js'
import { orderOf } from './order.js'
import { Packer, type Rows } from './packer.js'
import { type Gathered, Records, type Span } from './records.js'
import { retainedEntries } from './retained.js'
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
  /** Names of sections kept for definitions that are not known. */
  readonly retained: readonly string[]
}

/** What comes first in a file is what the rest refers to. */
const order: readonly SectionHead['type'][] = ['interned', 'input', 'derived']

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
    const { sections, retained } = await this.sections()
    this.slotNumbers = new Uint32Array(this.reader.slotIds)
    const ready: Rows[] = []
    let next = NOTHING + 1
    for (const { head, rows } of sections) {
      this.bases.set(head.name, next)
      if (head.type === 'input') next += 2
      const made = await rows(next)
      next += made.keys.length
      ready.push(made)
    }
    const packer = new Packer(encoder, slices)
    const heads: HeadForm[] = []
    const summaries: Summary[] = []
    for (const [i, { head: { type, name, version, rest, initial } }] of sections.entries()) {
      const rows = ready[i] as Rows
      const { bytes, crc } = await packer.section(type, rows)
      const count = rows.keys.length
      heads.push([type, encoder.form(name), encoder.form(version), count, bytes, crc, rest, initial])
      summaries.push({ type, name, version, count, bytes })
    }
    return { ...this.join(heads, packer.chunks()), sections: summaries, retained }
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

  private async sections(): Promise<{ sections: OutSection[]; retained: string[] }> {
    const { inputs, interned, memos, queries } = this.gathered
    for (let memo = 0; memo < memos.cells.length; memo++) {
      if (!memos.gone.has(memo)) memos.eachDep(memo, this.need)
      if (this.options.slices.due()) await this.options.slices.rest()
    }
    const alive = [...queries].filter(([, { start, end }]) => this.countOf(start, end) > 0)
    const taken = new Set([...interned.keys(), ...this.resting.keys(), ...alive.map(([definition]) => definition)].map(({ name }) => name))
    for (const [{ name }, { targets }] of inputs) if (targets.length > 0) taken.add(name)
    const kept = retainedEntries(this.options.retained, taken, memos, this.reader)
    for (const entries of kept.values()) for (const { deps } of entries) for (const dep of deps) if ('mark' in dep) this.need(dep)
    const sections: OutSection[] = []
    for (const [{ name }, records] of interned) sections.push({ head: { type: 'interned', name, version: 0, rest: 'ids', initial: [] }, rows: (first) => this.recordRows(name, records, none, first) })
    for (const definition of new Set([...inputs.keys(), ...this.resting.keys()])) {
      const records = inputs.get(definition) ?? new Records()
      const resting = this.resting.get(definition)
      if (records.targets.length > 0 || resting !== undefined) sections.push({ head: this.inputHead(definition), rows: (first) => this.recordRows(definition.name, records, [...(resting ?? none)], first) })
    }
    for (const [definition, span] of alive) sections.push({ head: queryHead(definition), rows: (first) => this.memoRows(definition.name, span, first) })
    for (const [{ head }, entries] of kept) sections.push({ head, rows: (first) => this.retainedRows(entries, first) })
    sections.sort(({ head: a }, { head: b }) => order.indexOf(a.type) - order.indexOf(b.type) || (a.name < b.name ? -1 : 1))
    return { sections, retained: Array.from(kept.keys(), ({ head }) => head.name) }
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
  }

  private inputHead(definition: AnyInput): OutSection['head'] {
    const rest = restOf(definition)
    return { type: 'input', name: definition.name, version: 0, rest, initial: rest === 'initial' ? this.formOfInitial(definition) : [] }
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
    const rows: Rows = { keys: [], forms: [], weights: [], flags: [], linksOf: noLinks }
    for (const place of await orderOf(all, slices)) {
      const isStored = place < keys.length
      const target = isStored ? targets[place] : resting[place - keys.length]
      if (target !== undefined) this.slotNumbers[slotIdOf(target)] = first + rows.keys.length
      rows.keys.push(this.keyForm(name, all[place], target))
      rows.forms.push(isStored ? forms[place] : null)
      rows.weights.push(isStored ? (weights[place] as number) : RESTING_WEIGHT)
      rows.flags.push(isStored ? 0 : 1)
      if (slices.due()) await slices.rest()
    }
    return rows
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
    const sorted: number[] = []
    const rows: Rows = { keys: [], forms: [], weights: [], flags: [], linksOf: (row) => this.linksOf(sorted[row] as number) }
    for (const place of await orderOf(keys, slices)) {
      const memo = memos[place] as number
      this.memoNumbers[memo] = first + sorted.length
      sorted.push(memo)
      rows.keys.push(this.keyForm(name, keys[place], cells[memo]))
      rows.forms.push(forms[memo])
      rows.weights.push(weights[memo] as number)
      rows.flags.push(flags[memo] as number)
      if (slices.due()) await slices.rest()
    }
    return rows
  }

  private retainedRows(entries: readonly RetainedEntry[], first: number): Rows {
    const rows: Rows = { keys: [], forms: [], weights: [], flags: [], linksOf: (row) => this.retainedLinks(entries[row] as RetainedEntry) }
    for (const { record } of entries) {
      this.recordNumbers.set(record, first + rows.keys.length)
      rows.keys.push(record.key)
      rows.forms.push(record.form)
      rows.weights.push(UNKNOWN_WEIGHT)
      rows.flags.push(record.isAsync || !record.stored ? 1 : 0)
    }
    return rows
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
    const { rewired, read, moved, ends } = this.gathered.memos
    const other = rewired.size === 0 ? undefined : rewired.get(memo)
    const links: number[] = []
    if (other !== undefined) {
      for (const [i, dep] of other.deps.entries()) links.push(2 * this.numberOfRef(dep) + (other.moved[i] as number))
      if (other.isStale) links.push(2 * NOTHING + 1)
      return links
    }
    const end = ends[memo] as number
    for (let i = this.gathered.memos.startOf(memo); i < end; i++) links.push(2 * this.numberOfRef(read.deps[i] as Ref) + (moved[i] as number))
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
    const kind = kindOf(dep)
    if (kind === 'slot') return this.slotNumbers[slotIdOf(dep)] as number
    return (this.bases.get(definitionOf(dep).name) as number) + (kind === 'keys' ? 0 : 1)
  }
}

function noLinks(): number[] {
  return []
}

function queryHead({ name, options, isAsync }: AnyDerived): OutSection['head'] {
  return { type: 'derived', name, version: options.version ?? 0, rest: isAsync ? 'async' : 'sync', initial: [] }
}
