/** Reading a segment of a log from its beginning, a piece at a time, up to where it stops being what was written. */
import { crc32 } from './checksum.js'
import { decodePayload, type Entry, type NameCodec, type Names } from './log-entry.js'
import { decodeFrameHeader, decodeHeader, frameHeaderSize, headerSize, isZero, type SegmentHeader } from './log-frame.js'
import type { Port } from './ports/port.js'

/** One commit, as the log tells it. The bytes of its entries are good until the visitor returns. */
export interface LoggedCommit {
  readonly sequence: number
  readonly revision: number
  readonly entries: readonly Entry[]
  /** Where its frame stands in the file, and how many bytes it takes. */
  readonly offset: number
  readonly size: number
}

/** How far a segment goes. */
export interface SegmentEnd {
  /** null: not even the header is there. */
  readonly header: SegmentHeader | null
  /**
   * `whole`: to the end of the file. `torn`: the file ends inside a frame, as a write leaves it that was cut off; `offset` is where
   * the frame begins. `damaged`: what stands at `offset` is not what was written. `newer`: a version of the format we do not know.
   */
  readonly state: 'whole' | 'torn' | 'damaged' | 'newer'
  readonly offset: number
  /** The size of the file. */
  readonly size: number
  /** What is wrong, in words. */
  readonly reason: string
  /** How many commits stand before `offset`, and what a frame there would go on from. */
  readonly commits: number
  readonly chain: number
  readonly names: Names
}

const piece = 1 << 18

/** The part of a file that is at hand. */
class Window {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  start = 0
  private readonly port: Port
  private readonly name: string

  constructor(port: Port, name: string) {
    this.port = port
    this.name = name
  }

  has(offset: number, length: number): boolean {
    return offset >= this.start && offset + length <= this.start + this.bytes.length
  }

  async load(offset: number, length: number): Promise<boolean> {
    this.bytes = (await this.port.read(this.name, offset, Math.max(length, piece))) ?? new Uint8Array(0)
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
    this.start = offset
    return this.bytes.length >= length
  }
}

/** Who reads: told of the header, then of each commit in order. What it throws ends the reading. */
export interface LogVisitor {
  header?(header: SegmentHeader): void
  commit(commit: LoggedCommit): void
}

/** Reads a segment. Linear; memory for a piece of the file, and for one frame. */
export async function readSegment(port: Port, name: string, codec: NameCodec, visitor: LogVisitor): Promise<SegmentEnd> {
  const size = (await port.size(name)) ?? 0
  const window = new Window(port, name)
  await window.load(0, Math.min(headerSize, size))
  const header = decodeHeader(window.bytes.subarray(0, size))
  const names: Names = []
  if (typeof header === 'string' || 'newer' in header) {
    const rest = { header: null, offset: 0, size, commits: 0, chain: 0, names }
    if (header === 'torn') return { ...rest, state: 'torn', reason: 'the file ends inside its header' }
    if (header === 'damaged') return { ...rest, state: 'damaged', reason: 'the header is not one of ours' }
    return { ...rest, state: 'newer', reason: `format version ${header.newer}` }
  }
  visitor.header?.(header)
  let { chain } = header
  let commits = 0
  let offset = headerSize
  const stop = (state: SegmentEnd['state'], reason: string): SegmentEnd => ({ header, state, offset, size, reason, commits, chain, names })
  while (offset < size) {
    if (size - offset < frameHeaderSize) return stop('torn', 'the file ends inside a frame')
    if (!window.has(offset, frameHeaderSize) && !(await window.load(offset, frameHeaderSize))) return stop('damaged', 'the file became shorter')
    const frame = decodeFrameHeader(window.view, offset - window.start, window.bytes, chain)
    if (frame === null) return (await isZeroFrom(port, name, offset, size)) ? stop('torn', 'nothing but zeros to the end') : stop('damaged', 'the header of a frame does not fit its checksum')
    const whole = frameHeaderSize + frame.length
    if (size - offset < whole) return stop('torn', 'the file ends inside a frame')
    if (!window.has(offset, whole) && !(await window.load(offset, whole))) return stop('damaged', 'the file became shorter')
    const from = offset - window.start
    const payload = window.bytes.subarray(from + frameHeaderSize, from + whole)
    if (crc32(payload) !== frame.checksum) return stop('damaged', 'a frame does not fit its checksum')
    if (frame.sequence !== header.first + commits) return stop('damaged', `commit ${frame.sequence} stands where ${header.first + commits} belongs`)
    const read = decodeSafely(payload, names, codec)
    if (read === null) return stop('damaged', 'a frame that holds no commit')
    visitor.commit({ sequence: frame.sequence, ...read, offset, size: whole })
    commits++
    chain = frame.chain
    offset += whole
  }
  return stop('whole', '')
}

function decodeSafely(payload: Uint8Array, names: Names, codec: NameCodec): ReturnType<typeof decodePayload> | null {
  try {
    return decodePayload(payload, names, codec)
  } catch {
    return null
  }
}

/** A file that was made longer before its bytes arrived ends in zeros. */
async function isZeroFrom(port: Port, name: string, offset: number, size: number): Promise<boolean> {
  for (let at = offset; at < size; at += piece) {
    const bytes = await port.read(name, at, piece)
    if (bytes === null || !isZero(bytes)) return false
  }
  return true
}
