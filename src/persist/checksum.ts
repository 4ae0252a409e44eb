/** CRC-32, the one of zip and PNG: by zlib where there is one, otherwise by tables, eight bytes at a time. */

const tables: readonly Uint32Array[] = makeTables()

function makeTables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
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
