/**
 * The bytes of a log. All numbers are little-endian.
 *
 *   segment = header frame frame …            a file, named after the number of its first commit
 *   header  =  0  magic, 8 bytes              frame =  0  length of the payload, u32
 *              8  version, u32                         4  CRC-32 of the payload, u32
 *             12  lineage, 16 bytes                    8  number of the commit, u64
 *             28  number of the first commit, u64     16  CRC-32 of bytes 0 to 15, seeded with that of the frame before, u32
 *             36  CRC-32 of bytes 0 to 35, u32        20  payload
 *
 * A frame's header has a checksum of its own, so that its length can be believed before the payload is there: that tells a
 * write that was cut off (the file ends inside the frame) from damage. The checksums are a chain that begins with that of the
 * segment's header: a frame that was moved, repeated, or taken from another log does not fit in.
 */
import { crc32 } from './checksum.js'

export const headerSize = 40
export const frameHeaderSize = 20
/** A frame's payload is smaller than this. */
export const maxPayload: number = 2 ** 31
const version = 1
const magic = Uint8Array.of(0x89, 0x50, 0x42, 0x52, 0x4c, 0x4f, 0x47, 0x0a) // \x89 PBRLOG \n

/** Identifies a database for as long as its files live: 32 hexadecimal digits. */
export type Lineage = string

export interface SegmentHeader {
  readonly lineage: Lineage
  /** The number of its first commit; the first of a database is 1. */
  readonly first: number
  /** What the first frame's checksum is seeded with. */
  readonly chain: number
}

const pattern = /^log-(\d{16})\.pebre$/

export function segmentName(first: number): string {
  return `log-${String(first).padStart(16, '0')}.pebre`
}

/** The number in the name of a segment; null for other files. */
export function firstOfName(name: string): number | null {
  const digits = pattern.exec(name)?.[1]
  return digits === undefined ? null : Number(digits)
}

export function newLineage(): Lineage {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function encodeHeader(lineage: Lineage, first: number): { bytes: Uint8Array; chain: number } {
  const bytes = new Uint8Array(headerSize)
  const view = new DataView(bytes.buffer)
  bytes.set(magic)
  view.setUint32(8, version, true)
  for (let i = 0; i < 16; i++) bytes[12 + i] = Number.parseInt(lineage.slice(i * 2, i * 2 + 2), 16)
  view.setBigUint64(28, BigInt(first), true)
  const chain = crc32(bytes.subarray(0, 36))
  view.setUint32(36, chain, true)
  return { bytes, chain }
}

/** What the first bytes of a file say. `torn`: fewer bytes than a header has, or zeros. `newer`: the version it has instead. */
export function decodeHeader(bytes: Uint8Array): SegmentHeader | 'torn' | 'damaged' | { readonly newer: number } {
  const head = bytes.subarray(0, headerSize)
  if (bytes.length < headerSize) return isStartOfHeader(head) ? 'torn' : 'damaged'
  if (isZero(bytes)) return 'torn'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (magic.some((byte, i) => bytes[i] !== byte)) return 'damaged'
  const found = view.getUint32(8, true)
  const chain = view.getUint32(36, true)
  if (crc32(head.subarray(0, 36)) !== chain) return 'damaged'
  if (found !== version) return { newer: found }
  const lineage = [...head.subarray(12, 28)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return { lineage, first: Number(view.getBigUint64(28, true)), chain }
}

function isStartOfHeader(bytes: Uint8Array): boolean {
  return isZero(bytes) || bytes.subarray(0, magic.length).every((byte, i) => byte === magic[i])
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

/** Puts the header in front of a payload for which room was left: `bytes` begins with `frameHeaderSize` bytes. Gives the chain's next seed. */
export function sealFrame(bytes: Uint8Array, sequence: number, chain: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const payload = bytes.subarray(frameHeaderSize)
  view.setUint32(0, payload.length, true)
  view.setUint32(4, crc32(payload), true)
  view.setUint32(8, sequence % 2 ** 32, true)
  view.setUint32(12, Math.floor(sequence / 2 ** 32), true)
  const next = crc32(bytes.subarray(0, 16), chain)
  view.setUint32(16, next, true)
  return next
}

export interface FrameHeader {
  readonly length: number
  readonly checksum: number
  readonly sequence: number
  readonly chain: number
}

/** The header of a frame, at an offset from which on there are enough bytes; null: it does not fit here. */
export function decodeFrameHeader(view: DataView, offset: number, bytes: Uint8Array, chain: number): FrameHeader | null {
  const own = view.getUint32(offset + 16, true)
  if (crc32(bytes.subarray(offset, offset + 16), chain) !== own) return null
  const length = view.getUint32(offset, true)
  const sequence = view.getUint32(offset + 12, true) * 2 ** 32 + view.getUint32(offset + 8, true)
  return length < maxPayload ? { length, checksum: view.getUint32(offset + 4, true), sequence, chain: own } : null
}
