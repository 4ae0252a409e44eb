/** From the bytes of a section to its records, checked: nothing of the database is touched here. */
import { type Decoder, Malformed } from './codec.js'
import { type AnyDefinition, versionOf } from './definitions.js'
import { CacheError } from './errors.js'
import { blocksOf, isCount, isWhole, type SectionHead } from './layout.js'
import { compareKeys, type Keyed, textOfArgs } from './order.js'
import type { Slices } from './slices.js'

/** The records of a section, in columns. */
export interface Columns {
  readonly head: SectionHead
  /** Arguments: none, one primitive, or a list; of interned values, ids. Forms, where the definition is not known. */
  readonly keys: unknown[]
  /** Values. Forms, where the definition is not known. */
  readonly values: unknown[]
  /** Of inputs: what holds nothing of its own. Of queries: what came through a promise. */
  readonly flags: Uint8Array
  /** Of queries: the numbers of what each was made from, twice over, and one more where it has changed since. */
  readonly links: (readonly number[])[]
}

/** A section, and what became of it. */
export interface ReadSectionResult {
  readonly head: SectionHead
  /** The number of its first record, or of the two that stand for the whole of an input. */
  readonly base: number
  readonly definition: AnyDefinition | undefined
  /** null: left out. */
  readonly columns: Columns | null
}

/** A part of a file that was not loaded. */
export interface DroppedSection {
  readonly definition: string
  readonly count: number
  /** It does not fit; its query has another version, or is not saved any more; some of its results depend on what was not loaded. */
  readonly reason: 'mismatch' | 'version' | 'dependencies'
}

/** How a section is read. `raw`: its definition is not known, and the forms stay forms. */
export interface ReadOptions {
  readonly decoder: Decoder
  readonly slices: Slices
  readonly raw: boolean
  /** The numbers that records of the file have: 1 up to, but not, this. */
  readonly numbers: number
}

/** @throws CacheError, Malformed, Unknown, and what a codec throws */
export async function readSection(head: SectionHead, bytes: Uint8Array, options: ReadOptions): Promise<Columns> {
  const { decoder, slices, raw, numbers } = options
  if (!isWhole(head, bytes)) throw new CacheError('corrupt', `The file is damaged: the section ${JSON.stringify(head.name)} was changed.`)
  const columns: Columns = { head, keys: [], values: [], flags: new Uint8Array(Math.min(head.count, bytes.length)), links: [] }
  let last: Keyed | null = null
  for (const payload of blocksOf(bytes)) {
    const [keys, values, flags, links] = readBlock(decoder.unpack(payload), head)
    for (let i = 0; i < keys.length; i++) {
      const at = columns.keys.length
      if (at >= head.count) throw new Malformed('more records than its header says')
      const isResting = head.type === 'input' && flags !== 0 && flags[i] === 1
      if (flags !== 0 && flags[i] === 1) columns.flags[at] = 1
      if (head.type === 'derived') columns.links.push(checkLinks(links[i], numbers))
      if (head.type === 'interned' && !isCount(keys[i])) throw new Malformed('an id that is none')
      // A form is used up when it is revived; what is kept as it is must stay.
      const args = decoder.revive(raw ? structuredClone(keys[i]) : keys[i])
      if (!isKey(args)) throw new Malformed('a key that is none')
      const next = { args, text: textOfArgs(args) }
      if (last !== null && compareKeys(last, next) >= 0) throw new Malformed('a record twice, or out of its place')
      last = next
      columns.keys.push(raw ? keys[i] : args)
      columns.values.push(raw || isResting ? values[i] : decoder.revive(values[i]))
      if (slices.due()) await slices.rest()
    }
  }
  if (columns.keys.length !== head.count) throw new Malformed('fewer records than its header says')
  return columns
}

/** Whether arguments stand as the writer has them: none, one primitive, or a list of anything else. So one key has one form. */
function isKey(args: unknown): boolean {
  if (!Array.isArray(args)) return isPrimitive(args)
  return args.length > 0 && args.at(-1) !== undefined && !(args.length === 1 && isPrimitive(args[0]))
}

const isPrimitive = (value: unknown): boolean => typeof value !== 'object' || value === null

type Block = readonly [keys: readonly unknown[], values: readonly unknown[], flags: readonly unknown[] | 0, links: readonly unknown[]]

function readBlock(form: unknown, { type }: SectionHead): Block {
  if (!Array.isArray(form) || form.length !== (type === 'derived' ? 4 : 3)) throw new Malformed('a block that is none')
  const [keys, values, flags, links] = form as unknown[]
  const isList = (list: unknown): list is unknown[] => Array.isArray(list) && Array.isArray(keys) && list.length === keys.length
  if (!isList(keys) || !isList(values) || !(flags === 0 || isList(flags))) throw new Malformed('a block that is none')
  if (type !== 'derived') return [keys, values, flags, []]
  if (!isList(links)) throw new Malformed('a block that is none')
  return [keys, values, flags, links]
}

function checkLinks(list: unknown, numbers: number): readonly number[] {
  if (!Array.isArray(list)) throw new Malformed('dependencies that are none')
  for (const link of list as unknown[]) {
    if (typeof link !== 'number' || !(link >= 1 && link < 2 * numbers) || !Number.isInteger(link)) throw new Malformed('a dependency on nothing')
  }
  return list as number[]
}

/** Whether a section still fits its definition; what it says otherwise. */
export function misfit({ type, rest, version, name }: SectionHead, definition: AnyDefinition): 'mismatch' | 'version' | null {
  if (definition.kind !== type || definition.name !== name) return 'mismatch'
  if (definition.kind !== 'derived') return null
  if (versionOf(definition) !== version || definition.options.persist === false || (rest === 'async') !== definition.isAsync) return 'version'
  return null
}

/** Whether the queries that results were made through, and that are not in the file themselves, are here what they were. @throws Malformed */
export function isMadeAlike({ initial }: SectionHead, known: { definition(name: string): AnyDefinition | undefined }, decoder: Decoder): boolean {
  if (!Array.isArray(initial)) throw new Malformed('its header has a section that is none')
  return initial.every((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new Malformed('its header has a section that is none')
    const passed = known.definition(decoder.revive(pair[0]) as string)
    return passed?.kind === 'derived' && versionOf(passed) === decoder.revive(pair[1])
  })
}
