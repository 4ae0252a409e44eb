/** A block of a cache file: a payload behind its length. */
export function blockOf(payload: Uint8Array): Uint8Array {
  const block = new Uint8Array(4 + payload.length)
  new DataView(block.buffer).setUint32(0, payload.length, true)
  block.set(payload, 4)
  return block
}
