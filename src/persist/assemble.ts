/** From what was gathered to the bytes of a file: sections in their order, records numbered, blocks packed. */
import { definitionOf, kindOf, nameOf, type Ref, type StateReader, storedArgsOf } from '../core/saved-state.js'
import { crc32 } from './checksum.js'
import { type Encoder, Refusal, unsupported } from './codec.js'
import { type AnyDerived, type AnyInput, restOf } from './definitions.js'
import type { Gathered, InputRecord, Link, QueryRecord } from './gather.js'
import { endOf, type HeadForm, prefixOf, type SectionHead } from './layout.js'
import { compareKeys, keyed, type Keyed } from './order.js'
import type { RetainedRecord, RetainedSection } from './retained.js'
import type { Slices } from './slices.js'

/** A record ready to be numbered. */
interface OutRecord {
  /** What stands for it in links: a record of the database, or a retained one. */
  readonly target: object
  readonly key: unknown
  readonly form: unknown
  readonly stored: boolean
  readonly weight: number
  readonly isAsync: boolean
  readonly links: readonly { readonly target: object; readonly same: boolean }[]
  readonly isStale: boolean
}

interface OutSection {
  readonly head: Omit<SectionHead, 'count' | 'bytes' | 'crc'>
  readonly records: readonly OutRecord[]
  /** The number of its first record, or of the two that stand for the whole of an input. */
  base: number
}

export interface Assembled {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  readonly sections: readonly Pick<SectionHead, 'type' | 'name' | 'version' | 'count' | 'bytes'>[]
  /** Names of sections kept for definitions that are not known. */
  readonly retained: readonly string[]
}

/** At most as many records in one block, and about as many bytes. */
const BLOCK_RECORDS = 1024
const BLOCK_BYTES = 64 * 1024

/** The number of a dependency that is not there: what was made from it is stale. */
const NOTHING = 0

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
  private readonly numbers = new Map<object, number>()
  private readonly bases = new Map<string, number>()
  /** The stamps of the memos in the file. */
  private readonly present = new Map<Ref, number>()

  constructor(reader: StateReader, gathered: Gathered, options: AssembleOptions) {
    this.reader = reader
    this.gathered = gathered
    this.options = options
  }

  async run(): Promise<Assembled> {
    const sections = await this.sections()
    let next = NOTHING + 1
    for (const section of sections.list) {
      section.base = next
      this.bases.set(section.head.name, next)
      if (section.head.type === 'input') next += 2
      for (const { target } of section.records) this.numbers.set(target, next++)
    }
    const bodies: { readonly head: HeadForm; readonly chunks: readonly Uint8Array[]; readonly summary: Assembled['sections'][number] }[] = []
    for (const section of sections.list) bodies.push(await this.write(section))
    return { ...(await this.join(bodies)), retained: sections.retained }
  }

  /** Header first, checksum last. */
  private async join(bodies: readonly { readonly head: HeadForm; readonly chunks: readonly Uint8Array[]; readonly summary: Assembled['sections'][number] }[]): Promise<Omit<Assembled, 'retained'>> {
    const { encoder, slices, meta } = this.options
    const header = prefixOf(encoder.pack([this.reader.revision, encoder.form(meta), bodies.map(({ head }) => head)]))
    const chunks = [header, ...bodies.flatMap((body) => body.chunks)]
    let crc = 0
    let bytes = 4
    for (const chunk of chunks) {
      crc = crc32(chunk, crc)
      bytes += chunk.length
      if (slices.due(4)) await slices.rest()
    }
    return { chunks: [...chunks, endOf(crc)], bytes, sections: bodies.map(({ summary }) => summary) }
  }

  // ── Sections ───────────────────────────────────────────────────────────────────────────────────────────────────

  private async sections(): Promise<{ list: OutSection[]; retained: string[] }> {
    const { retained } = this.options
    const queries = new Map<AnyDerived, QueryRecord[]>()
    const inputs = new Map<AnyInput, InputRecord[]>(Array.from(this.gathered.inputs, ([definition, records]) => [definition, [...records]]))
    const kept = new Map<RetainedSection, RetainedRecord[]>()
    for (const [definition, records] of this.gathered.queries) if (records.length > 0) queries.set(definition, records)
    const { present } = this
    for (const records of queries.values()) for (const { ref, stamp } of records) present.set(ref, stamp)
    const taken = new Set([...[...inputs].filter(([, records]) => records.length > 0).map(([{ name }]) => name), ...[...queries.keys()].map(({ name }) => name)])
    for (const section of retained) if (!taken.has(section.head.name)) kept.set(section, section.records)
    this.trustRetained(kept, present)
    // Slots that hold nothing but were read, and inputs that were read as a whole.
    const needed = new Set<AnyInput>()
    const resting = new Set<Ref>()
    const need = async (ref: Ref): Promise<void> => {
      const kind = kindOf(ref)
      if (kind === 'cell') return
      const definition = definitionOf(ref) as AnyInput
      needed.add(definition)
      if (kind !== 'slot' || resting.has(ref) || this.reader.isStored(ref)) return
      resting.add(ref)
      const list = inputs.get(definition)
      const record = { ref, args: storedArgsOf(ref), stored: false, form: null, weight: 8 }
      if (list === undefined) inputs.set(definition, [record])
      else list.push(record)
    }
    for (const records of queries.values()) {
      for (const { links } of records) {
        for (const { ref } of links) await need(ref)
        if (this.options.slices.due()) await this.options.slices.rest()
      }
    }
    for (const records of kept.values()) for (const { links } of records) for (const { target } of links) if (isRef(target)) await need(target)
    const list: OutSection[] = []
    for (const [definition, records] of inputs) {
      if (records.length > 0 || needed.has(definition)) list.push({ head: this.inputHead(definition), records: await this.ordered(definition.name, records.map(outInput)), base: 0 })
    }
    for (const [definition, records] of queries) list.push({ head: queryHead(definition), records: await this.ordered(definition.name, records.map(outQuery)), base: 0 })
    for (const [{ head }, records] of kept) list.push({ head, records: records.map((record) => this.outRetained(record)), base: 0 })
    list.sort((a, b) => (a.head.type === b.head.type ? (a.head.name < b.head.name ? -1 : 1) : a.head.type === 'input' ? -1 : 1))
    return { list, retained: [...kept.keys()].map(({ head }) => head.name) }
  }

  /** Leaves out retained memos whose dependencies are not in the file. */
  private trustRetained(kept: Map<RetainedSection, RetainedRecord[]>, present: ReadonlyMap<Ref, number>): void {
    const sections = new Set(kept.keys())
    const alive = new Set<object>([...kept.values()].flat())
    const isThere = (target: object | null): boolean => {
      if (target === null) return false
      if (isRef(target)) return kindOf(target) !== 'cell' || present.has(target)
      return 'section' in target ? sections.has(target.section as RetainedSection) : alive.has(target)
    }
    for (let before = -1; before !== alive.size; ) {
      before = alive.size
      for (const [section, records] of kept) {
        kept.set(section, records.filter((record) => {
          const holds = record.links.every(({ target }) => isThere(target))
          if (!holds) alive.delete(record)
          return holds
        }))
      }
    }
  }

  private outRetained(record: RetainedRecord): OutRecord {
    const { key, form, stored, isAsync } = record
    const links = record.links.map(({ target, same, stamp }) => ({ target: target as object, same: same && (!isRef(target) || this.stampIn(target) === stamp) }))
    return { target: record, key, form, stored, weight: BLOCK_BYTES / 64, isAsync, links, isStale: false }
  }

  /** What a record shows in this file. */
  private stampIn(ref: Ref): number {
    if (kindOf(ref) !== 'cell') return this.reader.stampOf(ref)
    return this.present.get(ref) ?? -1
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

  private async ordered(name: string, records: readonly (Omit<OutRecord, 'key'> & { readonly args: unknown })[]): Promise<OutRecord[]> {
    const { encoder, slices } = this.options
    const list: ({ record: (typeof records)[number] } & Keyed)[] = []
    for (const record of records) {
      list.push({ record, ...keyed(record.args) })
      if (slices.due()) await slices.rest()
    }
    const sorted = await slices.sort(list, compareKeys)
    const result: OutRecord[] = []
    for (const { record } of sorted) {
      result.push({ ...record, key: keyForm(encoder, name, record) })
      if (slices.due()) await slices.rest()
    }
    return result
  }

  // ── Blocks ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private async write(section: OutSection): Promise<{ readonly head: HeadForm; readonly chunks: readonly Uint8Array[]; readonly summary: Assembled['sections'][number] }> {
    const { encoder, slices } = this.options
    const { head, records } = section
    const chunks: Uint8Array[] = []
    let crc = 0
    let bytes = 0
    for (let start = 0; start < records.length; ) {
      const end = endOfBlock(records, start)
      const chunk = encoder.packBlock(this.block(head.type, records.slice(start, end)))
      crc = crc32(chunk, crc)
      bytes += chunk.length
      chunks.push(chunk)
      start = end
      if (slices.due(1)) await slices.rest()
    }
    const { type, name, version, rest, initial } = head
    const form: HeadForm = [type, encoder.form(name), encoder.form(version), records.length, bytes, crc, rest, initial]
    return { head: form, chunks, summary: { type, name, version, count: records.length, bytes } }
  }

  private block(type: SectionHead['type'], records: readonly OutRecord[]): unknown {
    const keys = records.map(({ key }) => key)
    const forms = records.map(({ form }) => form)
    if (type === 'input') return [keys, forms, records.every(({ stored }) => stored) ? 0 : records.map(({ stored }) => (stored ? 0 : 1))]
    return [keys, forms, records.some(({ isAsync }) => isAsync) ? records.map(({ isAsync }) => (isAsync ? 1 : 0)) : 0, records.map((record) => this.linksOf(record))]
  }

  private linksOf({ links, isStale }: OutRecord): number[] {
    const list = isStale ? [2 * NOTHING + 1] : []
    for (const { target, same } of links) list.push(2 * this.numberOf(target) + (same ? 0 : 1))
    return list
  }

  private numberOf(target: object): number {
    const number = this.numbers.get(target)
    if (number !== undefined) return number
    if (!isRef(target)) {
      const { section, which } = target as { section: RetainedSection; which: number }
      return (this.bases.get(section.head.name) as number) + which
    }
    return (this.bases.get(definitionOf(target).name) as number) + (kindOf(target) === 'keys' ? 0 : 1)
  }
}

/** Where a block that begins at `start` ends: the same place for the same records. */
function endOfBlock(records: readonly OutRecord[], start: number): number {
  let bytes = 0
  let end = start
  while (end < records.length && end - start < BLOCK_RECORDS && bytes < BLOCK_BYTES) bytes += (records[end++] as OutRecord).weight + 16
  return end
}

const isRef = (target: object | null): target is Ref => target !== null && 'table' in target

function outInput({ ref, args, stored, form, weight }: InputRecord): Omit<OutRecord, 'key'> & { readonly args: unknown } {
  return { target: ref, args, form, stored, weight, isAsync: false, links: [], isStale: false }
}

function outQuery({ ref, args, form, weight, isAsync, links, isStale }: QueryRecord): Omit<OutRecord, 'key'> & { readonly args: unknown } {
  return { target: ref, args, form, stored: true, weight, isAsync, links: links.map((link: Link) => ({ target: link.ref, same: link.same })), isStale }
}

function queryHead({ name, options, isAsync }: AnyDerived): OutSection['head'] {
  return { type: 'derived', name, version: options.version ?? 0, rest: isAsync ? 'async' : 'sync', initial: [] }
}

/** @throws UnsupportedValueError */
function keyForm(encoder: Encoder, definition: string, { target, args }: { readonly target: object; readonly args: unknown }): unknown {
  try {
    return encoder.form(args)
  } catch (error) {
    throw error instanceof Refusal ? unsupported(error, { definition, key: nameOf(target as Ref) }) : error
  }
}
