/**
 * Values to bytes and back: msgpack, with tags for what msgpack would change (see tags.ts). Equal values give equal bytes. A
 * value comes back exactly as it was, or is refused, with four things that equality does not see either: the order of names,
 * Sets and Maps is not kept; errors lose their stacks; binary data that shared one buffer has buffers of its own; what was put on
 * a typed array or an Immutable collection besides its elements is gone.
 */
import { Packr, RESET_BUFFER_MODE, Unpackr } from 'msgpackr'
import { Canonical, Refusal } from './canonical.js'
import { CacheError, UnsupportedValueError } from './errors.js'
import { Malformed, revive, Unknown } from './revive.js'
import { type Codecs, noCodecs } from './tags.js'

export { type ClassCodec, Codecs } from './tags.js'
export { Malformed, Unknown } from './revive.js'
export { Refusal } from './canonical.js'

/** The record a value belongs to, for messages. */
export interface Place {
  readonly definition: string
  /** The record, as messages show it. */
  readonly key: string
}

/** Turns values into bytes. It keeps buffers, so one is used for many values. */
export class Encoder {
  private readonly packr = new Packr({ useToJSON: false })
  private readonly canonical: Canonical

  constructor(codecs: Codecs = noCodecs) {
    const print = new Packr({ useToJSON: false })
    this.canonical = new Canonical(codecs, (form) => latin1(print.pack(form)))
  }

  /** The form of a value that `pack` may write. @throws Refusal */
  form(value: unknown): unknown {
    return this.canonical.form(value)
  }

  /** About how many bytes all forms so far take. */
  get weight(): number {
    return this.canonical.weight
  }

  /** The bytes of a form, in new memory. */
  pack(form: unknown): Uint8Array {
    return new Uint8Array(this.packed(form))
  }

  /** The same in memory that the next packing overwrites. */
  packed(form: unknown): Uint8Array {
    return this.packr.pack(form, RESET_BUFFER_MODE)
  }
}

/** Reads payloads. Nothing that it gives shares memory with the bytes once it is revived. */
export class Decoder {
  private readonly unpackr = new Unpackr({ copyBuffers: true })
  private readonly codecs: Codecs

  constructor(codecs: Codecs = noCodecs) {
    this.codecs = codecs
  }

  /** The form in a payload. @throws Malformed */
  unpack(bytes: Uint8Array): unknown {
    try {
      return this.unpackr.unpack(bytes)
    } catch (error) {
      throw new Malformed(error instanceof Error ? error.message : 'it cannot be decoded')
    }
  }

  /** The value of a form, which is used up. @throws Malformed, Unknown, and what a codec throws */
  revive(form: unknown): unknown {
    return revive(form, this.codecs)
  }
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start < bytes.length; start += 8192) text += String.fromCharCode(...bytes.subarray(start, start + 8192))
  return text
}

/** What a refusal says to a caller. */
export function unsupported({ path, message, cause }: Refusal, { definition, key }: Place): UnsupportedValueError {
  return new UnsupportedValueError(definition, key, path, message, cause === undefined ? undefined : { cause })
}

/**
 * The bytes of one value.
 * @throws `UnsupportedValueError` for a value that cannot be written exactly, with its path
 */
export function encodeValue(value: unknown, place: Place, encoder: Encoder = new Encoder()): Uint8Array {
  try {
    return encoder.pack(encoder.form(value))
  } catch (error) {
    throw error instanceof Refusal ? unsupported(error, place) : error
  }
}

/**
 * The value in the bytes. It shares no memory with them.
 * @throws `CacheError`: `corrupt` for bytes that hold no value, `mismatch` for an instance of a class without a codec
 */
export function decodeValue(bytes: Uint8Array, decoder: Decoder = new Decoder()): unknown {
  try {
    return decoder.revive(decoder.unpack(bytes))
  } catch (error) {
    throw asCacheError(error)
  }
}

/** What went wrong while decoding, for a caller. */
export function asCacheError(error: unknown, where = 'The value'): CacheError {
  if (error instanceof CacheError) return error
  if (error instanceof Unknown) return new CacheError('mismatch', `${where} cannot be read: ${error.message}.`)
  if (error instanceof Malformed || error instanceof RangeError) return new CacheError('corrupt', `${where} is damaged: ${error.message}.`)
  return new CacheError('value', `${where} cannot be read: a codec threw.`, { cause: error })
}
