/** CRC-32, the one of zip and PNG: by zlib where there is one, otherwise by tables, eight bytes at a time. */

const POLYNOMIAL = 0xedb88320

const tables: readonly Uint32Array[] = makeTables()

function makeTables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    return crc
  })
  const all = [first]
  for (let k = 1; k < 8; k++) all.push((all[k - 1] as Uint32Array).map((crc) => (crc >>> 8) ^ (first[crc & 0xff] as number)))
  return all
}

/** The same without zlib. */
export function crc32ByTables(bytes: Uint8Array, seed = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let crc = ~seed
  let at = 0
  for (const end = bytes.length - 7; at < end; at += 8) {
    const a = crc ^ view.getUint32(at, true)
    const b = view.getUint32(at + 4, true)
    crc = (t7[a & 0xff] as number) ^ (t6[(a >>> 8) & 0xff] as number) ^ (t5[(a >>> 16) & 0xff] as number) ^ (t4[a >>> 24] as number)
      ^ (t3[b & 0xff] as number) ^ (t2[(b >>> 8) & 0xff] as number) ^ (t1[(b >>> 16) & 0xff] as number) ^ (t0[b >>> 24] as number)
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ (t0[(crc ^ view.getUint8(at)) & 0xff] as number)
  return ~crc >>> 0
}

type Crc32 = (bytes: Uint8Array, seed?: number) => number

/** Asked for without an import, which browsers could not resolve. */
function zlibCrc32(): Crc32 | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => { crc32?: Crc32 } | undefined } }
  return process?.getBuiltinModule?.('node:zlib')?.crc32
}

/** The checksum of the bytes; `seed`: that of the bytes before them. Linear. */
export const crc32: Crc32 = zlibCrc32() ?? crc32ByTables

/** The product of two polynomials, by that of the checksum; the highest bit is that of x^0. */
function multiply(a: number, b: number): number {
  let product = 0
  let power = b
  for (let bit = 31; bit >= 0; bit--) {
    if (((a >>> bit) & 1) === 1) product ^= power
    power = (power & 1) === 1 ? (power >>> 1) ^ POLYNOMIAL : power >>> 1
  }
  return product >>> 0
}

/** The checksum of two runs of bytes, one behind the other, from that of each and the length of the second. Logarithmic. */
export function joinCrc32(first: number, second: number, length: number): number {
  // Behind n bytes the first one counts x^8n times: that power, by squaring.
  let factor = 0x80000000
  let square = 0x00800000
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) factor = multiply(factor, square)
    square = multiply(square, square)
  }
  return (multiply(factor, first) ^ second) >>> 0
}
