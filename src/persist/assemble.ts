/** From what was gathered to the bytes of a file: sections in their order, records numbered, blocks packed. */
import { definitionOf, kindOf, nameOf, type Ref, type StateReader, storedArgsOf } from '../core/saved-state.js'
import { crc32 } from './checksum.js'
import { type Encoder, Refusal, unsupported } from './codec.js'
import { type AnyDerived, type AnyInput, restOf } from './definitions.js'
import { type Entry, inputEntry, type RetainedSection, type Target } from './entry.js'
import type { Gathered } from './gather.js'
import { endOf, type HeadForm, prefixOf, type SectionHead } from './layout.js'
import { sortByKeys, textOfArgs } from './order.js'
import { retainedEntries } from './retained.js'
import type { Slices } from './slices.js'

interface OutSection {
  readonly head: Omit<SectionHead, 'count' | 'bytes' | 'crc'>
  readonly entries: readonly Entry[]
}

type Summary = Pick<SectionHead, 'type' | 'name' | 'version' | 'count' | 'bytes'>

interface Body {
  readonly head: HeadForm
  readonly chunks: readonly Uint8Array[]
  readonly summary: Summary
}

export interface Assembled {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  readonly sections: readonly Summary[]
  /** Names of sections kept for definitions that are not known. */
  readonly retained: readonly string[]
}

/** What comes first in a file is what the rest refers to. */
const order: readonly SectionHead['type'][] = ['interned', 'input', 'derived']

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
  /** Of records, by what stands for them; of sections, by name. */
  private readonly numbers = new Map<object, number>()
  private readonly bases = new Map<string, number>()

  constructor(reader: StateReader, gathered: Gathered, options: AssembleOptions) {
    this.reader = reader
    this.gathered = gathered
    this.options = options
  }

  async run(): Promise<Assembled> {
    const { slices } = this.options
    const { sections, retained } = await this.sections()
    let next = NOTHING + 1
    for (const { head, entries } of sections) {
      this.bases.set(head.name, next)
      if (head.type === 'input') next += 2
      for (const { target } of entries) {
        this.numbers.set(target, next++)
        if (slices.due(64)) await slices.rest()
      }
    }
    const bodies: Body[] = []
    for (const section of sections) bodies.push(await this.write(section))
    return { ...(await this.join(bodies)), retained }
  }

  /** Header first, checksum last. */
  private async join(bodies: readonly Body[]): Promise<Omit<Assembled, 'retained'>> {
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

  private async sections(): Promise<{ sections: OutSection[]; retained: string[] }> {
    const inputs = new Map<AnyInput, Entry[]>()
    const queries = new Map<AnyDerived, readonly Entry[]>()
    for (const [definition, entries] of this.gathered.inputs) if (entries.length > 0) inputs.set(definition, [...entries])
    for (const [definition, entries] of this.gathered.queries) if (entries.length > 0) queries.set(definition, entries)
    const taken = new Set([...inputs.keys(), ...queries.keys(), ...this.gathered.interned.keys()].map(({ name }) => name))
    const kept = retainedEntries(this.options.retained, taken, queries.values(), this.reader)
    const resting = new Set<Ref>()
    for (const entries of [...queries.values(), ...kept.values()]) {
      for (const { deps } of entries) {
        for (const dep of deps) if ('mark' in dep) this.need(dep, inputs, resting)
        if (this.options.slices.due()) await this.options.slices.rest()
      }
    }
    const sections: OutSection[] = []
    for (const [definition, entries] of this.gathered.interned) sections.push({ head: { type: 'interned', name: definition.name, version: 0, rest: 'ids', initial: [] }, entries: await this.ordered(definition.name, entries) })
    for (const [definition, entries] of inputs) sections.push({ head: this.inputHead(definition), entries: await this.ordered(definition.name, entries) })
    for (const [definition, entries] of queries) sections.push({ head: queryHead(definition), entries: await this.ordered(definition.name, entries) })
    for (const [{ head }, entries] of kept) sections.push({ head, entries })
    sections.sort(({ head: a }, { head: b }) => order.indexOf(a.type) - order.indexOf(b.type) || (a.name < b.name ? -1 : 1))
    return { sections, retained: Array.from(kept.keys(), ({ head }) => head.name) }
  }

  /** What a memo was made from must be there: a slot that holds nothing, an input that was read as a whole. */
  private need(dep: Ref, inputs: Map<AnyInput, Entry[]>, resting: Set<Ref>): void {
    const kind = kindOf(dep)
    if (kind === 'cell') return
    const definition = definitionOf(dep) as AnyInput
    if (kind === 'slot' && this.reader.isStored(dep)) return
    let entries = inputs.get(definition)
    if (entries === undefined) inputs.set(definition, (entries = []))
    if (kind !== 'slot' || resting.has(dep)) return
    resting.add(dep)
    const args = storedArgsOf(dep)
    entries.push(inputEntry(dep, args, textOfArgs(args), null, 8, false))
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

  private async ordered(name: string, entries: readonly Entry[]): Promise<readonly Entry[]> {
    const { encoder, slices } = this.options
    const sorted = await sortByKeys(entries, slices)
    for (const entry of sorted) {
      entry.key = keyForm(encoder, name, entry)
      if (slices.due()) await slices.rest()
    }
    return sorted
  }

  // ── Blocks ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private async write({ head, entries }: OutSection): Promise<Body> {
    const { encoder, slices } = this.options
    const chunks: Uint8Array[] = []
    let crc = 0
    let bytes = 0
    for (let start = 0; start < entries.length; ) {
      const end = endOfBlock(entries, start)
      const chunk = encoder.packBlock(this.block(head.type, entries.slice(start, end)))
      crc = crc32(chunk, crc)
      bytes += chunk.length
      chunks.push(chunk)
      start = end
      if (slices.due(1)) await slices.rest()
    }
    const { type, name, version, rest, initial } = head
    const form: HeadForm = [type, encoder.form(name), encoder.form(version), entries.length, bytes, crc, rest, initial]
    return { head: form, chunks, summary: { type, name, version, count: entries.length, bytes } }
  }

  private block(type: SectionHead['type'], entries: readonly Entry[]): unknown {
    const keys = entries.map(({ key }) => key)
    const forms = entries.map(({ form }) => form)
    if (type !== 'derived') return [keys, forms, entries.every(({ stored }) => stored) ? 0 : entries.map(({ stored }) => (stored ? 0 : 1))]
    return [keys, forms, entries.some(({ isAsync }) => isAsync) ? entries.map(({ isAsync }) => (isAsync ? 1 : 0)) : 0, entries.map((entry) => this.linksOf(entry))]
  }

  private linksOf({ deps, changed, isStale }: Entry): number[] {
    const links = deps.map((dep) => 2 * this.numberOf(dep))
    for (const i of changed) (links[i] as number)++
    if (isStale) links.push(2 * NOTHING + 1)
    return links
  }

  private numberOf(dep: Target): number {
    const number = this.numbers.get(dep)
    if (number !== undefined) return number
    if ('section' in dep) return (this.bases.get(dep.section.head.name) as number) + dep.which
    const ref = dep as Ref
    return (this.bases.get(definitionOf(ref).name) as number) + (kindOf(ref) === 'keys' ? 0 : 1)
  }
}

/** Where a block that begins at `start` ends: the same place for the same records. */
function endOfBlock(entries: readonly Entry[], start: number): number {
  let bytes = 0
  let end = start
  while (end < entries.length && end - start < BLOCK_RECORDS && bytes < BLOCK_BYTES) bytes += (entries[end++] as Entry).weight + 16
  return end
}

function queryHead({ name, options, isAsync }: AnyDerived): OutSection['head'] {
  return { type: 'derived', name, version: options.version ?? 0, rest: isAsync ? 'async' : 'sync', initial: [] }
}

/** @throws UnsupportedValueError */
function keyForm(encoder: Encoder, definition: string, { target, args }: Entry): unknown {
  try {
    return encoder.form(args)
  } catch (error) {
    throw error instanceof Refusal ? unsupported(error, { definition, key: nameOf(target as Ref) }) : error
  }
}
