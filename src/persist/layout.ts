/**
 * How a cache file lies in its bytes (docs/file-format.md shows every one). All numbers are little-endian.
 *
 *   magic 8 | version u32 | crc of these 12 | header length u32 | crc of length and header | header
 *   section, section, …   each a run of blocks: length u32 | payload
 *   crc of everything before
 *
 * The header says how long each section is and what its checksum is; so a length is believed only where a checksum has
 * confirmed it and that many bytes are there.
 */
import { crc32, joinCrc32 } from './checksum.js'
import { type Decoder, Malformed } from './codec.js'
import { CacheError } from './errors.js'

const MAGIC: Uint8Array = new Uint8Array([0x50, 0x45, 0x42, 0x52, 0x45, 0x0d, 0x0a, 0x1a]) // PEBRE, and what a change of line ends would change
export const FORMAT_VERSION = 1
const PREFIX = 24
const END = 4

/** What kind of definition a section belongs to. */
export type SectionType = 'interned' | 'input' | 'derived'

const restsOf: Readonly<Record<SectionType, readonly string[]>> = { interned: ['ids'], input: ['absent', 'required', 'initial'], derived: ['sync', 'async'] }

/** What comes first is what the rest refers to. */
const typeOrder = Object.keys(restsOf)

/** The order of sections in a file: by type, then by name. */
export function compareSections(a: Pick<SectionHead, 'type' | 'name'>, b: Pick<SectionHead, 'type' | 'name'>): number {
  return typeOrder.indexOf(a.type) - typeOrder.indexOf(b.type) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
}

/** Revisions and numbers of commits are below this: there is room to go on counting. */
export const COUNT_LIMIT: number = 2 ** 52

/** What the header says of a section. */
export interface SectionHead {
  readonly type: SectionType
  readonly name: string
  /** Of a query: the version of its definition. */
  readonly version: number | string
  readonly count: number
  readonly bytes: number
  readonly crc: number
  /**
   * Of an input: what an empty slot shows, and the form of the initial value in a list. Of a query: whether its body is an async function, and forms of
   * [name, version] for each query that is not written itself and that its results were made through.
   */
  readonly rest: 'absent' | 'required' | 'initial' | 'sync' | 'async' | 'ids'
  readonly initial: unknown
  /** `SETTLED` and `KEPT`, added up. */
  readonly marks: number
}

/** An input of durability `never` that is set: no result says that it was made from it. */
export const SETTLED = 1
/** The program that wrote the file did not know the definition. */
export const KEPT = 2

/** What the header says of the file. */
export interface Header {
  readonly revision: number
  /** What the writer wanted to find again, as a form. */
  readonly meta: unknown
  readonly sections: readonly SectionHead[]
}

/** The head as the payload has it. */
export type HeadForm = readonly [type: string, name: unknown, version: unknown, count: number, bytes: number, crc: number, rest: string, initial: unknown, marks?: number]

/** What stands before the sections. */
export function prefixOf(header: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PREFIX + header.length)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint32(8, FORMAT_VERSION, true)
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true)
  view.setUint32(16, header.length, true)
  view.setUint32(20, crc32(header, crc32(bytes.subarray(16, 20))), true)
  bytes.set(header, PREFIX)
  return bytes
}

/** What stands behind them. */
export function endOf(crc: number): Uint8Array {
  const bytes = new Uint8Array(END)
  new DataView(bytes.buffer).setUint32(0, crc, true)
  return bytes
}

const corrupt = (what: string): CacheError => new CacheError('corrupt', `The file is damaged: ${what}.`)

/** A file whose prefix and length are as they should be. */
export interface OpenedFile {
  readonly header: Header
  readonly body: readonly Uint8Array[]
}

/** Reads the prefix, and finds the sections. @throws CacheError: foreign, newer, corrupt */
export function openBytes(bytes: Uint8Array, decoder: Decoder): OpenedFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  checkMagic(bytes)
  if (bytes.length < PREFIX + END) throw corrupt(`it ends after ${bytes.length} bytes`)
  if (crc32(bytes.subarray(0, 12)) !== view.getUint32(12, true)) throw corrupt('its first bytes were changed')
  const version = view.getUint32(8, true)
  if (version > FORMAT_VERSION) throw new CacheError('newer', `The file has format version ${version}, and this program reads up to ${FORMAT_VERSION}. Update the program, or remove the file.`)
  if (version < 1) throw corrupt('its version is 0')
  const length = view.getUint32(16, true)
  if (length > bytes.length - PREFIX - END) throw corrupt('its header is cut off')
  const header = bytes.subarray(PREFIX, PREFIX + length)
  if (crc32(header, crc32(bytes.subarray(16, 20))) !== view.getUint32(20, true)) throw corrupt('its header was changed')
  const read = readHeader(header, decoder)
  return { header: read, body: cutSections(bytes, PREFIX + length, read) }
}

/** A file that is nearly ours is ours, and damaged; so is the beginning of one. */
function checkMagic(bytes: Uint8Array): void {
  const there = Math.min(bytes.length, MAGIC.length)
  let right = 0
  for (let i = 0; i < there; i++) if (bytes[i] === MAGIC[i]) right++
  if (right === MAGIC.length) return
  if (right === there || (there === MAGIC.length && right >= MAGIC.length - 2)) throw corrupt(right === there ? `it ends after ${there} bytes` : 'its first bytes were changed')
  throw new CacheError('foreign', 'The file is no cache file of Pebre: it begins with something else. Give another path, or remove the file.')
}

function readHeader(bytes: Uint8Array, decoder: Decoder): Header {
  const form = decoder.unpack(bytes)
  if (!Array.isArray(form) || form.length !== 3 || !isCount(form[0]) || form[0] >= COUNT_LIMIT || !Array.isArray(form[2])) throw new Malformed('its header is none')
  return { revision: form[0], meta: form[1], sections: form[2].map((head: unknown) => readHead(head, decoder)) }
}

function readHead(form: unknown, decoder: Decoder): SectionHead {
  if (!Array.isArray(form) || form.length < 8 || form.length > 9) throw new Malformed('its header has a section that is none')
  const [type, nameForm, versionForm, count, bytes, crc, rest, initial, marks = 0] = form as unknown as HeadForm
  const name = decoder.revive(nameForm)
  const version = decoder.revive(versionForm)
  const isFit = typeof name === 'string' && (typeof version === 'string' || typeof version === 'number') && isCount(count) && isCount(bytes) && isCount(crc) && isCount(marks) && marks <= SETTLED + KEPT
  if (!isFit || !isType(type) || !restsOf[type].includes(rest)) throw new Malformed('its header has a section that is none')
  return { type, name, version, count, bytes, crc, rest: rest as SectionHead['rest'], initial, marks }
}

const isType = (type: string): type is SectionType => Object.hasOwn(restsOf, type)

export const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

function cutSections(bytes: Uint8Array, start: number, header: Header): Uint8Array[] {
  const seen = new Set<string>()
  const body: Uint8Array[] = []
  let at = start
  let before: SectionHead | null = null
  for (const head of header.sections) {
    const { name, bytes: length } = head
    if (seen.has(name)) throw corrupt(`two sections are named ${JSON.stringify(name)}`)
    seen.add(name)
    if (before !== null && compareSections(before, head) > 0) throw corrupt(`the section ${JSON.stringify(name)} is out of its place`)
    before = head
    if (length > bytes.length - END - at) throw corrupt(`it ends after ${bytes.length} bytes, in the section ${JSON.stringify(name)}`)
    body.push(bytes.subarray(at, at + length))
    at += length
  }
  if (at !== bytes.length - END) throw corrupt(`${bytes.length - END - at} bytes follow its end`)
  return body
}

/** Whether the bytes are those the writer wrote, as far as the last checksum can tell. The sections have been found whole. */
export function checkEnd(bytes: Uint8Array, { sections }: Header): boolean {
  const end = bytes.length - END
  const start = sections.reduce((rest, { bytes: length }) => rest - length, end)
  const crc = sections.reduce((before, head) => joinCrc32(before, head.crc, head.bytes), crc32(bytes.subarray(0, start)))
  return crc === new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true)
}

/** The payloads of a section. @throws CacheError: corrupt */
export function* blocksOf(section: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength)
  let at = 0
  while (at < section.length) {
    if (section.length - at < 4) throw corrupt('a block is cut off')
    const length = view.getUint32(at, true)
    if (length > section.length - at - 4) throw corrupt('a block is cut off')
    yield section.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
}

/** The checksum over a section. */
export function isWhole(head: SectionHead, section: Uint8Array): boolean {
  return crc32(section) === head.crc
}
