/**
 * Where files are kept: the one door between persistence and the world. A port is a flat folder of named files; what stands
 * above it (cache files, the log) never knows whether that is a disk, a browser's database or an object in memory.
 *
 * What the callers rely on:
 * - `write` is atomic: whenever it stops, the name holds the old bytes or the new ones, whole.
 * - What `append`, `truncate` and `write` were given may be lost by a crash until `sync` (for `write`: its own promise) has
 *   resolved, and survives any crash after that. A crash keeps a prefix of what was appended.
 * - A promise that rejects means that it is not known what was done, save for `write`: there the old bytes stand.
 */

/** A place for files, one flat folder. Names are not empty, and hold no slash. */
export interface Port {
  /**
   * Bytes of a file from `offset` on, at most `length` of them; `null` where there is no file. Fewer than asked for only at its end.
   * The bytes belong to the caller.
   */
  read(name: string, offset?: number, length?: number): Promise<Uint8Array | null>
  /** Replaces a file by these chunks, or makes it: atomic, and safe against a crash once the promise has resolved. */
  write(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>
  /** Adds bytes at the end of a file, or makes it. The bytes may be reused once the promise has resolved. */
  append(name: string, bytes: Uint8Array): Promise<void>
  /** Resolves when all that was appended or cut off before is safe against a crash. */
  sync(name: string): Promise<void>
  /** Cuts a file off at a length. */
  truncate(name: string, length: number): Promise<void>
  /** How many bytes a file has; `null` where there is none. */
  size(name: string): Promise<number | null>
  /** The names of all files, in any order. */
  list(): Promise<string[]>
  /** Removes a file; one that is not there is no error. */
  remove(name: string): Promise<void>
  /** Gives a file another name, replacing what stood there: atomic, and safe against a crash once the promise has resolved. */
  rename(from: string, to: string): Promise<void>
  /** Takes the place for one writer. @throws `LockedError` where another one holds it */
  lock(): Promise<Lock>
  /** Gives back what the port holds open. It may be used again after that. */
  close(): Promise<void>
}

/** The right to write; it ends with `release`, and with the process. */
export interface Lock {
  release(): Promise<void>
}
