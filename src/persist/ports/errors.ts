/** What can go wrong with the places where files are kept. */
import { PebreError } from '../../index.js'

/** What was asked of a port. */
export type PortOperation = 'read' | 'write' | 'append' | 'sync' | 'truncate' | 'size' | 'list' | 'remove' | 'rename' | 'lock' | 'close'

/** A port could not do what was asked of it: a full disk, a missing right, a quota. `cause` is what the system said. */
export class StorageError extends PebreError {
  readonly operation: PortOperation
  /** The file; '' where the whole place is meant. */
  readonly file: string
  /** No room is left: a full disk, or a quota. */
  readonly isFull: boolean

  constructor(operation: PortOperation, file: string, cause: unknown) {
    const isFull = isAboutRoom(cause)
    const what = cause instanceof Error ? cause.message : String(cause)
    super(`Could not ${operation}${file === '' ? '' : ` "${file}"`}: ${what}${isFull ? '. No room is left: free some, and try again' : ''}.`, { cause })
    this.operation = operation
    this.file = file
    this.isFull = isFull
  }
}

/** Another writer holds the place. */
export class LockedError extends PebreError {
  /** Who holds it, as far as is known. */
  readonly holder: string

  constructor(holder: string, advice: string) {
    super(`Another writer holds the place: ${holder}. ${advice}`)
    this.holder = holder
  }
}

function isAboutRoom(cause: unknown): boolean {
  const { code, name } = (cause ?? {}) as { code?: unknown; name?: unknown }
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' || name === 'QuotaExceededError'
}
