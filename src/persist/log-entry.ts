/**
 * The payload of a frame: what one commit wrote. `n` is a variable-length number (seven bits a byte, the lowest first, the high
 * bit set on all but the last); `bytes` is an n and so many bytes, which hold a value as the codec writes it.
 *
 *   payload = revision:n  count:n  entry …
 *   entry   = 0 kind:byte name:bytes             a definition gets the next number of this segment, from 0; kind 0 input, 1 query, 2 interned
 *           | 1 definition:n args:bytes value:bytes     set
 *           | 2 definition:n args:bytes                 remove
 *           | 3 definition:n args:bytes                 invalidate
 *           | 4 definition:n id:n value:bytes           a value has got an id
 *
 * A definition is named once in a segment, before its first use. Ids stand before the writes that may use them. A frame without writes
 * says only which values got ids since the last commit, whose revision it repeats.
 */
import { COUNT_LIMIT } from './layout.js'
import { frameHeaderSize, maxPayload } from './log-frame.js'

export const DEFINE = 0
export const SET = 1
export const REMOVE = 2
export const INVALIDATE = 3
export const INTERN = 4

export type Kind = 'input' | 'derived' | 'interned'

const kinds: readonly Kind[] = ['input', 'derived', 'interned']

/** One thing a commit does to one record, or a value that has got an id, encoded. */
export interface Entry {
  readonly code: 1 | 2 | 3 | 4
  readonly kind: Kind
  /** The name of the definition. */
  readonly name: string
  readonly args: Uint8Array
  /** Of a set, and of what is interned. */
  readonly value: Uint8Array | null
  /** Of what is interned; 0 otherwise. */
  readonly id: number
}

/** What has no arguments. */
export const noBytes: Uint8Array = new Uint8Array(0)

/** The names of a segment by number; with it, what was written is understood. */
export type Names = { readonly kind: Kind; readonly name: string }[]

const kindFor: Readonly<Record<Entry['code'], Kind>> = { [SET]: 'input', [REMOVE]: 'input', [INVALIDATE]: 'derived', [INTERN]: 'interned' }

/** Turns names to bytes and back. */
export interface NameCodec {
  readonly encode: (name: string) => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

/** How many bytes all but the names of a commit take. */
export function sizeOfEntries(entries: readonly Entry[]): number {
  let size = 16
  for (const { args, value } of entries) size += 16 + args.length + (value?.length ?? 0)
  return size
}

/** A frame whose header is still to be filled in. Names that are used for the first time get numbers. */
export function encodeFrame(revision: number, entries: readonly Entry[], numbers: Map<string, number>, codec: NameCodec): Uint8Array {
  const defined: { kind: Kind; bytes: Uint8Array }[] = []
  for (const { kind, name } of entries) {
    if (numbers.has(name)) continue
    numbers.set(name, numbers.size)
    defined.push({ kind, bytes: codec.encode(name) })
  }
  let size = frameHeaderSize + sizeOfEntries(entries)
  for (const { bytes } of defined) size += 8 + bytes.length
  const writer = new ByteWriter(size, frameHeaderSize)
  writer.number(revision)
  writer.number(defined.length + entries.length)
  for (const { kind, bytes } of defined) {
    writer.byte(DEFINE)
    writer.byte(kinds.indexOf(kind))
    writer.bytes(bytes)
  }
  for (const { code, name, args, value, id } of entries) {
    writer.byte(code)
    writer.number(numbers.get(name) as number)
    if (code === INTERN) writer.number(id)
    else writer.bytes(args)
    if (value !== null) writer.bytes(value)
  }
  return writer.done()
}

/** What a commit wrote; new names are added to `names`. @throws RangeError for what no commit can have written */
export function decodePayload(payload: Uint8Array, names: Names, codec: NameCodec): { revision: number; entries: Entry[] } {
  const reader = new ByteReader(payload)
  const revision = reader.number()
  if (revision >= COUNT_LIMIT) throw new RangeError('a revision that is none')
  const entries: Entry[] = []
  for (let count = reader.number(); count > 0; count--) {
    const code = reader.byte()
    if (code === DEFINE) {
      const kind = reader.byte()
      const name = codec.decode(reader.bytes())
      if (kind >= kinds.length || typeof name !== 'string') throw new RangeError('a definition that is none')
      names.push({ kind: kinds[kind] as Kind, name })
      continue
    }
    const definition = names[reader.number()]
    if (definition === undefined || (code !== SET && code !== REMOVE && code !== INVALIDATE && code !== INTERN)) throw new RangeError('an entry of no kind known')
    if (definition.kind !== kindFor[code]) throw new RangeError(`an entry that does not fit ${definition.name}`)
    const id = code === INTERN ? reader.number() : 0
    const args = code === INTERN ? noBytes : reader.bytes()
    entries.push({ code, ...definition, args, value: code === SET || code === INTERN ? reader.bytes() : null, id })
  }
  if (!reader.isAtEnd) throw new RangeError('more bytes than entries')
  return { revision, entries }
}

export const isTooLarge = (entries: readonly Entry[]): boolean => sizeOfEntries(entries) >= maxPayload / 2

class ByteWriter {
  private readonly target: Uint8Array
  private at: number

  constructor(size: number, start: number) {
    this.target = new Uint8Array(size)
    this.at = start
  }

  byte(value: number): void {
    this.target[this.at++] = value
  }

  number(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.byte(rest)
  }

  bytes(value: Uint8Array): void {
    this.number(value.length)
    this.target.set(value, this.at)
    this.at += value.length
  }

  done(): Uint8Array {
    return this.target.subarray(0, this.at)
  }
}

class ByteReader {
  private readonly source: Uint8Array
  private at = 0

  constructor(source: Uint8Array) {
    this.source = source
  }

  get isAtEnd(): boolean {
    return this.at === this.source.length
  }

  byte(): number {
    const value = this.source[this.at++]
    if (value === undefined) throw new RangeError('an entry that is cut off')
    return value
  }

  number(): number {
    let value = 0
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) break
    }
    if (!Number.isSafeInteger(value)) throw new RangeError('a number that is too large')
    return value
  }

  bytes(): Uint8Array {
    const length = this.number()
    const end = this.at + length
    if (end > this.source.length) throw new RangeError('an entry that is cut off')
    const value = this.source.subarray(this.at, end)
    this.at = end
    return value
  }
}
