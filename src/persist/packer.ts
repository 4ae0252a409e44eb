/** Packs the records of a section into blocks, behind each other in large pieces of memory. */
import { crc32 } from './checksum.js'
import type { Encoder } from './codec.js'
import type { SectionHead } from './layout.js'
import type { Slices } from './slices.js'

/** The records of a section by their places in it. */
export interface Rows {
  readonly count: number
  /** The form of the arguments; of the value. */
  readonly keyOf: (row: number) => unknown
  readonly formOf: (row: number) => unknown
  /** About how many bytes it takes. */
  readonly weightOf: (row: number) => number
  /** Of inputs: 1 for what holds nothing of its own. Of queries: 1 for what came through a promise. */
  readonly flagOf: (row: number) => number
  /** What a record was made from, as the file says it. */
  readonly linksOf: (row: number) => number[]
}

export interface Packed {
  readonly bytes: number
  readonly crc: number
}

/** At most as many records in one block, and about as many bytes. */
const BLOCK_RECORDS = 1024
const BLOCK_BYTES = 64 * 1024

/** How large the pieces are: the first, and the largest. */
const FIRST_PIECE = 64 * 1024
const PIECE = 1024 * 1024

export class Packer {
  private readonly encoder: Encoder
  private readonly slices: Slices
  private readonly pieces: Uint8Array[] = []
  private piece: Uint8Array = new Uint8Array(0)
  private filled = 0

  constructor(encoder: Encoder, slices: Slices) {
    this.encoder = encoder
    this.slices = slices
  }

  /** All that was packed, from the beginning. */
  chunks(): Uint8Array[] {
    return [...this.pieces, this.piece.subarray(0, this.filled)]
  }

  async section(type: SectionHead['type'], rows: Rows): Promise<Packed> {
    let crc = 0
    let bytes = 0
    for (let start = 0; start < rows.count; ) {
      const end = endOfBlock(rows, start)
      const block = this.append(this.encoder.packed(columnsOf(type, rows, start, end)))
      crc = crc32(block, crc)
      bytes += block.length
      start = end
      if (this.slices.due(1)) await this.slices.rest()
    }
    return { bytes, crc }
  }

  /** Copies a payload behind its length. */
  private append(payload: Uint8Array): Uint8Array {
    const length = 4 + payload.length
    if (this.filled + length > this.piece.length) this.grow(length)
    const block = this.piece.subarray(this.filled, this.filled + length)
    new DataView(block.buffer, block.byteOffset).setUint32(0, payload.length, true)
    block.set(payload, 4)
    this.filled += length
    return block
  }

  private grow(length: number): void {
    if (this.filled > 0) this.pieces.push(this.piece.subarray(0, this.filled))
    this.piece = new Uint8Array(Math.max(length, FIRST_PIECE, Math.min(2 * this.piece.length, PIECE)))
    this.filled = 0
  }
}

/** Where a block that begins at `start` ends: the same place for the same records. */
function endOfBlock({ count, weightOf }: Rows, start: number): number {
  let bytes = 0
  let end = start
  while (end < count && end - start < BLOCK_RECORDS && bytes < BLOCK_BYTES) bytes += weightOf(end++) + 16
  return end
}

function columnsOf(type: SectionHead['type'], { keyOf, formOf, flagOf, linksOf }: Rows, start: number, end: number): unknown {
  const keys: unknown[] = []
  const forms: unknown[] = []
  const flags: number[] = []
  for (let row = start; row < end; row++) {
    keys.push(keyOf(row))
    forms.push(formOf(row))
    flags.push(flagOf(row))
  }
  const columns = [keys, forms, flags.includes(1) ? flags : 0]
  if (type !== 'derived') return columns
  const links: number[][] = []
  for (let row = start; row < end; row++) links.push(linksOf(row))
  return [...columns, links]
}
