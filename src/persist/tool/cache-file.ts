/** A cache file, as the tool sees it: without definitions. */
import { baseName, metaOf, type BaseMeta } from '../base.js'
import { asCacheError, Decoder, Encoder, Unknown } from '../codec.js'
import { CacheError } from '../errors.js'
import { blocksOf, checkEnd, openBytes, type OpenedFile, type SectionHead } from '../layout.js'
import type { Port } from '../ports/port.js'
import { readSection } from '../read-section.js'
import { Slices } from '../slices.js'
import { Progress, type Terminal } from './terminal.js'

/** One record of a section: its arguments as a form, and how many bytes it takes. */
export interface RecordSize {
  readonly definition: string
  readonly args: unknown
  readonly bytes: number
}

/** What a file is found to be. */
export interface CacheFile {
  readonly name: string
  readonly bytes: number
  /** The last checksum fits, as far as the sections are whole. */
  readonly endsWell: boolean
  readonly opened: OpenedFile
  /** Of the base of a folder. */
  readonly base: BaseMeta | null
}

/** @throws CacheError where the header cannot be read */
export async function openCacheFile(port: Port, name: string): Promise<CacheFile | null> {
  const bytes = await port.read(name)
  if (bytes === null) return null
  const decoder = new Decoder()
  const opened = openedBytes(bytes, decoder)
  return { name, bytes: bytes.length, endsWell: checkEnd(bytes, opened.header), opened, base: name === baseName ? metaOf(decoder.revive(opened.header.meta)) : null }
}

function openedBytes(bytes: Uint8Array, decoder: Decoder): OpenedFile {
  try {
    return openBytes(bytes, decoder)
  } catch (error) {
    throw asCacheError(error, 'The header of the file')
  }
}

/** Which sections are as they were written, every value in them included; a message for each that is not, by its name. */
export async function checkSections({ opened: { header, body } }: CacheFile, terminal: Terminal): Promise<Map<string, string>> {
  const wrong = new Map<string, string>()
  const progress = new Progress(terminal, 'sections')
  const total = body.reduce((sum, { length }) => sum + length, 0)
  let numbers = 1
  for (const { type, count } of header.sections) numbers += count + (type === 'input' ? 2 : 0)
  let done = 0
  for (const [i, head] of header.sections.entries()) {
    const section = body[i] as Uint8Array
    try {
      await checkSection(head, section, numbers)
    } catch (error) {
      wrong.set(head.name, asCacheError(error, `The section ${JSON.stringify(head.name)}`).message)
    }
    done += section.length
    progress.show(done, total)
  }
  progress.clear()
  return wrong
}

/** What is told only with the codec of a class is passed over. */
async function checkSection(head: SectionHead, section: Uint8Array, numbers: number): Promise<void> {
  const options = { decoder: new Decoder(), slices: new Slices(), numbers }
  try {
    await readSection(head, section, { ...options, raw: false })
  } catch (error) {
    if (!(error instanceof Unknown)) throw error
    await readSection(head, section, { ...options, raw: true })
  }
}

/** The records that take most, the largest first, of sections that are not `wrong`. */
export function largestRecords({ opened: { header, body } }: CacheFile, top: number, wrong: ReadonlyMap<string, string>): RecordSize[] {
  const decoder = new Decoder()
  const encoder = new Encoder()
  let largest: RecordSize[] = []
  for (const [i, head] of header.sections.entries()) {
    const section = body[i] as Uint8Array
    if (wrong.has(head.name)) continue
    for (const record of recordsOf(head, section, decoder, encoder)) {
      if (largest.length >= top && record.bytes <= (largest.at(-1)?.bytes ?? 0)) continue
      largest = [...largest, record].toSorted((a, b) => b.bytes - a.bytes).slice(0, top)
    }
  }
  return largest
}

function* recordsOf(head: SectionHead, section: Uint8Array, decoder: Decoder, encoder: Encoder): Generator<RecordSize> {
  for (const payload of blocksOf(section)) {
    const [keys, values] = decoder.unpack(payload) as [unknown[], unknown[]]
    for (const [i, args] of keys.entries()) yield { definition: head.name, args, bytes: encoder.pack(args).length + encoder.pack(values[i]).length }
  }
}

/** Arguments, from their form. */
export function argsOf(form: unknown): readonly unknown[] {
  try {
    const args = new Decoder().revive(form)
    return args === undefined ? [] : Array.isArray(args) ? args : [args]
  } catch (error) {
    if (error instanceof CacheError) throw error
    return ['?']
  }
}
