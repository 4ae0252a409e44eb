/** What can go wrong with the log of a database. */
import { PebreError } from '../index.js'

/**
 * - `damaged`: what stands in the log is not what was written. - `base-missing`: the log goes on from a base file that is not there.
 * - `lineage`: a file of another database. - `newer`: a newer version of the format. - `mismatch`: it does not fit the definitions.
 * - `unlisted`: a write to an input the database was not opened with. - `too-large`: one commit that no frame holds.
 * - `broken`: the log could not be written; what was committed since is in memory only. `cause` says why.
 */
export type LogErrorCode = 'damaged' | 'base-missing' | 'lineage' | 'newer' | 'mismatch' | 'unlisted' | 'too-large' | 'broken'

/** A log that cannot be read, or not be written. */
export class LogError extends PebreError {
  readonly code: LogErrorCode
  /** The file; '' where none is to blame. */
  readonly file: string
  /** Where in the file, in bytes; -1 where that does not matter. */
  readonly offset: number

  constructor(code: LogErrorCode, message: string, { file = '', offset = -1, cause }: { readonly file?: string; readonly offset?: number; readonly cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.file = file
    this.offset = offset
  }
}
