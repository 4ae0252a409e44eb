/**
 * A frame: bytes whose damage shows.
 *
 *   u32 length of the payload | u32 CRC-32 of those four bytes and the payload | payload          (little-endian)
 */
import { crc32 } from './checksum.js'

/** What stands before a payload, in bytes. */
export const FRAME_HEADER = 8

/** The payload in a frame, in new memory. */
export function frameOf(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER + payload.length)
  const view = new DataView(frame.buffer)
  view.setUint32(0, payload.length, true)
  view.setUint32(4, crc32(payload, crc32(frame.subarray(0, 4))), true)
  frame.set(payload, FRAME_HEADER)
  return frame
}

/**
 * The payload of the frame that begins at the offset, as a part of `bytes`, and where the next one begins. `torn`: the bytes end
 * before the frame does. `damaged`: they are all there, and were changed. A length is believed only if that many bytes are there.
 */
export function readFrame(bytes: Uint8Array, offset: number): { readonly payload: Uint8Array; readonly next: number } | 'torn' | 'damaged' {
  if (bytes.length - offset < FRAME_HEADER) return 'torn'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = offset + FRAME_HEADER
  const length = view.getUint32(offset, true)
  if (length > bytes.length - start) return 'torn'
  const payload = bytes.subarray(start, start + length)
  const sum = crc32(payload, crc32(bytes.subarray(offset, offset + 4)))
  return sum === view.getUint32(offset + 4, true) ? { payload, next: start + length } : 'damaged'
}
