/** What can go wrong with a cache file. */
import { PebreError } from '../index.js'

/**
 * - `corrupt`: the file is ours, and damaged. - `foreign`: it is something else. - `newer`: a newer version of the format.
 * - `mismatch`: it does not fit the definitions of this database. - `too-large`: over `maxBytes`. - `value`: a value has no
 *   place in a file, or is of a class no codec was given for. - `storage`: it could not be read or written; `cause` says why.
 * - `logged`: the database keeps a log, which would not know of what is loaded.
 */
export type CacheErrorCode = 'corrupt' | 'foreign' | 'newer' | 'mismatch' | 'too-large' | 'value' | 'storage' | 'logged'

/** A cache file that was not saved or not loaded. Nothing has changed, neither the file nor the database. */
export class CacheError extends PebreError {
  readonly code: CacheErrorCode

  constructor(code: CacheErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** A value that cannot be written to a file as it is. */
export class UnsupportedValueError extends CacheError {
  readonly definition: string
  /** The record, as messages show it. */
  readonly key: string
  /** Where in the value, such as `value.a[0]`. */
  readonly path: string
  readonly reason: string

  constructor(definition: string, key: string, path: string, reason: string, options?: { readonly cause?: unknown }) {
    super('value', `${key}: ${path} cannot be saved: ${reason}. Change the value, register a codec for its class, or leave the query out with persist: false.`, options)
    this.definition = definition
    this.key = key
    this.path = path
    this.reason = reason
  }
}
