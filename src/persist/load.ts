/**
 * Loading a cache file. Everything is read and checked first; then it becomes the state of the database in one step.
 *
 *   bytes ─> header ─> sections ─> columns ─> records of the database ─> commit
 *            └──────── any failure: nothing has happened ────────────┘
 */
import { emitEvent } from '../core/journal.js'
import { StateWriter } from '../core/restored-state.js'
import { anInstanceOf, check } from '../core/check.js'
import { Database } from '../index.js'
import { checkOptions } from './check-options.js'
import { asCacheError, type ClassCodec, Codecs, Decoder, Unknown } from './codec.js'
import type { AnyDefinition } from './definitions.js'
import { CacheError, type CacheErrorCode } from './errors.js'
import { isFirm, mayRestOn } from './grounds.js'
import { Landing } from './landing.js'
import { checkEnd, openBytes, type OpenedFile, type SectionHead } from './layout.js'
import { StorageError } from './ports/errors.js'
import { type FilePlace, openFile } from './ports/open.js'
import type { Port } from './ports/port.js'
import { type Columns, type DroppedSection, isMadeAlike, misfit, readSection, type ReadSectionResult } from './read-section.js'
export type { DroppedSection } from './read-section.js'
import { Slices } from './slices.js'

export interface LoadOptions {
  /** Definitions to make known with the load: the records of others are not loaded. Where it fails, or there is no file, they are not known by it. */
  readonly definitions?: readonly AnyDefinition[]
  /**
   * A damaged file: fails, counts as missing, or counts as missing and is removed. Only a file that is ours and damaged is removed;
   * with `'ignore'`, a file of another kind counts as missing too. Default: `'error'`.
   */
  readonly onCorrupt?: 'error' | 'ignore' | 'delete'
  /** A section that does not fit its definition: fails, or is left out with all that depends on it. Default: `'error'`. */
  readonly onMismatch?: 'error' | 'drop'
  /** A longer file is not read. Default: no limit. */
  readonly maxBytes?: number
  /** How instances of classes are saved. */
  readonly codecs?: readonly ClassCodec[]
}

export type LoadReport =
  | {
      readonly loaded: true
      /** The revision of the database since the load: above that of the file, and above the one before. */
      readonly revision: number
      readonly bytes: number
      /** How many inputs that hold a value, and how many results and interned values were loaded. */
      readonly inputs: number
      readonly queries: number
      readonly interned: number
      readonly dropped: readonly DroppedSection[]
      /** Names of sections of definitions this database does not know. The next save keeps them. */
      readonly unknown: readonly string[]
    }
  | { readonly loaded: false; readonly reason: 'missing' | 'corrupt' | 'foreign'; readonly error?: CacheError }

/** What a load gives that callers do not see. */
export interface ReadResult {
  readonly report: LoadReport
  /** What was given to the save. */
  readonly meta: unknown
}

/**
 * Makes what a file holds the state of a database: the inputs of each definition in it become those of the file, and the results
 * of queries stand as if they had just been computed, so that only what changes from now on makes them run. One revision, above
 * the present one and that of the file. All or nothing: after a failure the database is as before.
 *
 * Linear in the length of the file; the bytes are in memory as a whole.
 *
 * @throws `CacheError`, by `code`: `corrupt`, `foreign`, `newer`, `mismatch`, `too-large`, `value` (a codec threw), `storage`,
 * `logged`; `LimitExceededError` where the inputs are over `limits.stateBytes`; `DurabilityError` where an input of durability `never` is set
 * and would change; `InvalidDefinitionError` for a database, a place or options that are none
 */
export async function loadCache(database: Database, place: FilePlace, options: LoadOptions = {}): Promise<LoadReport> {
  check('What loadCache fills', database, anInstanceOf(Database, 'a database'))
  checkOptions(options)
  const { port, name } = await guarded(() => openFile(place))
  try {
    return (await readCache(database, port, name, options)).report
  } finally {
    if (typeof place === 'string') await port.close()
  }
}

/** The same from a port that is open, with what was to be remembered. */
export async function readCache(database: Database, port: Port, name: string, options: LoadOptions = {}): Promise<ReadResult> {
  const { onCorrupt = 'error' } = options
  try {
    return await readState(database, port, name, options)
  } catch (error) {
    if (!(error instanceof CacheError) || !isPassable(error.code, onCorrupt)) throw error
    if (onCorrupt === 'delete') await guarded(() => port.remove(name))
    return { report: { loaded: false, reason: error.code as 'corrupt' | 'foreign', error }, meta: undefined }
  }
}

function isPassable(code: CacheErrorCode, onCorrupt: 'error' | 'ignore' | 'delete'): boolean {
  return (code === 'corrupt' && onCorrupt !== 'error') || (code === 'foreign' && onCorrupt === 'ignore')
}

async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw cause instanceof StorageError ? new CacheError('storage', cause.message, { cause }) : cause
  }
}

async function readState(database: Database, port: Port, name: string, options: LoadOptions): Promise<ReadResult> {
  const { maxBytes = Infinity } = options
  const writer = new StateWriter(database)
  refuseLogged(writer)
  writer.expect(options.definitions ?? [])
  const size = await guarded(() => port.size(name))
  if (size !== null && size > maxBytes) throw new CacheError('too-large', `The file has ${size} bytes, and maxBytes is ${maxBytes}. It was not read.`)
  const bytes = size === null ? null : await guarded(() => port.read(name))
  if (bytes === null) return { report: { loaded: false, reason: 'missing' }, meta: undefined }
  const decoder = new Decoder(new Codecs(options.codecs ?? []))
  const slices = new Slices()
  const file = opened(bytes, decoder)
  const read = await readAll(writer, file, { decoder, slices, drop: options.onMismatch === 'drop' })
  if (!checkEnd(bytes, file.header)) throw new CacheError('corrupt', 'The file is damaged: its last checksum does not fit.')
  let meta: unknown
  try {
    meta = decoder.revive(file.header.meta)
  } catch (error) {
    throw asCacheError(error, 'The header of the file')
  }
  writer.register()
  const landing = new Landing(writer, read.sections, { slices, decoder })
  await landing.run()
  refuseLogged(writer)
  const revision = writer.commit(file.header.revision)
  landing.keepUnknown()
  emitEvent(database, 'storage', { type: 'cacheLoaded', upTo: revision, bytes: bytes.length })
  const { inputs, queries, interned, unknown } = landing
  return { report: { loaded: true, revision, bytes: bytes.length, inputs, queries, interned, dropped: [...read.dropped, ...landing.dropped], unknown }, meta }
}

function refuseLogged(writer: StateWriter): void {
  if (writer.isFollowed) throw new CacheError('logged', 'The database keeps a log, which would not know of what is loaded. Load into another database, and set what you need from there.')
}

function opened(bytes: Uint8Array, decoder: Decoder): OpenedFile {
  try {
    return openBytes(bytes, decoder)
  } catch (error) {
    throw asCacheError(error, 'The header of the file')
  }
}

interface ReadAllOptions {
  readonly decoder: Decoder
  readonly slices: Slices
  readonly drop: boolean
}

async function readAll(writer: StateWriter, { header, body }: OpenedFile, { decoder, slices, drop }: ReadAllOptions): Promise<{ sections: ReadSectionResult[]; dropped: DroppedSection[] }> {
  const dropped: DroppedSection[] = []
  const sections: ReadSectionResult[] = []
  const places: number[] = []
  let numbers = 1
  for (const { type, count } of header.sections) {
    places.push(numbers)
    numbers += count + (type === 'input' ? 2 : 0)
  }
  for (const [i, head] of header.sections.entries()) {
    const definition = writer.definition(head.name)
    let reason: DroppedSection['reason'] | null = definition === undefined ? null : misfit(head, definition)
    let columns: Columns | null = null
    if (reason === 'mismatch' && !drop) throw mismatch(head, definition as AnyDefinition)
    try {
      if (definition?.kind === 'derived' && !isMadeAlike(head, writer, decoder)) reason ??= 'dependencies'
      columns = await readSection(head, body[i] as Uint8Array, { decoder, slices, raw: definition === undefined || reason !== null, numbers })
    } catch (error) {
      if (!(drop && error instanceof Unknown)) throw asCacheError(error, `The section ${JSON.stringify(head.name)}`)
      reason = 'mismatch'
    }
    if (sections.some((section) => mayRestOn(head, section.head) && !isSame(section, definition))) reason ??= 'dependencies'
    if (reason !== null) dropped.push({ definition: head.name, count: head.count, reason })
    sections.push({ head, base: places[i] as number, definition, columns: reason === null ? columns : null })
  }
  return { sections, dropped }
}

/** Whether what a section holds is here what it was, or, for results that are only kept, is kept with them. */
function isSame({ columns, definition }: ReadSectionResult, results: AnyDefinition | undefined): boolean {
  return columns !== null && (definition === undefined ? results === undefined : isFirm(definition))
}

function mismatch({ name, type }: SectionHead, { kind }: AnyDefinition): CacheError {
  return new CacheError('mismatch', `${name} is ${articled(type)} in the file and ${articled(kind)} here. Rename one of them, or load with onMismatch: 'drop'.`)
}

const articled = (kind: string): string => (kind === 'input' ? 'an input' : kind === 'interned' ? 'interned' : kind === 'source' ? 'a source' : 'a query')
