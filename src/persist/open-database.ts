/** A database that lives in a folder: what it was it is again, after a clean end and after a crash. */
import { type Batch, createDatabase, Database, type DatabaseOptions, type Revision } from '../index.js'
import { aFlag, checkOptions } from '../core/check.js'
import { partsOf } from '../core/journal.js'
import { loadBase } from './base.js'
import { checkOpenOptions } from './check-options.js'
import { type ClassCodec, Codecs, Decoder, decodeValue, Encoder, encodeValue } from './codec.js'
import { Keeper } from './keeper.js'
import type { LoadReport } from './load.js'
import type { NameCodec } from './log-entry.js'
import type { LogError } from './log-errors.js'
import { type AnyDefinition, replayLog, type ReplayReport } from './log-replay.js'
import { type FolderPlace, openFolder } from './ports/open.js'
import type { Lock, Port } from './ports/port.js'

export interface OpenOptions extends DatabaseOptions {
  /** Everything that is written or interned, and everything whose results are to be kept. */
  readonly definitions: readonly AnyDefinition[]
  /** Sync after every append, so that `commit` resolves only when its commit is safe. Default: false; `flush` and `commit(…, { durable: true })` ask for it. */
  readonly durable?: boolean
  /** How many bytes of log make a compaction. Default: as many as the base file has, and no less than 4 MiB. */
  readonly compactAt?: number
  /** What becomes of a log that is damaged before its end: go on from what stands before the damage, or fail. Default: 'recover'. */
  readonly recovery?: 'recover' | 'strict'
  /** A record of a definition that does not fit: fail, or leave it out. Default: 'error'. */
  readonly onMismatch?: 'error' | 'drop'
  /** Save results of queries when the database is closed, so that the next start finds them. Default: true. */
  readonly saveOnClose?: boolean
  /** How instances of classes are written. */
  readonly codecs?: readonly ClassCodec[]
}

/** What was found at the start. */
export interface OpenReport {
  /** The base file; `loaded: false` where there was none. */
  readonly base: LoadReport
  readonly log: ReplayReport
}

/** How the files stand. */
export interface StorageState {
  /** How many commits were ever made. */
  readonly commits: number
  /** Bytes of log since the base file. */
  readonly logBytes: number
  /** Why the log is not written any more. */
  readonly broken: LogError | null
}

/** A database whose commits are written down. Made by `openDatabase`. */
export class OpenedDatabase extends Database {
  /** What was found at the start. */
  readonly report: OpenReport
  private readonly keeper: Keeper
  private readonly release: () => Promise<void>
  private readonly saveOnClose: boolean
  private closing: Promise<void> | null = null

  /** @internal */
  constructor(database: Database, keeper: Keeper, report: OpenReport, saveOnClose: boolean, release: () => Promise<void>) {
    super(...partsOf(database))
    this.keeper = keeper
    this.report = report
    this.saveOnClose = saveOnClose
    this.release = release
  }

  /** How the files stand. */
  get storage(): StorageState {
    const { writer, logBytes } = this.keeper
    return { commits: writer.sequence, logBytes, broken: writer.broken }
  }

  /**
   * A batch that resolves once it is written down: in the file, or, where it is `durable`, safe against a crash of the machine. What
   * is committed meanwhile shares the sync. The commit itself is made at once, as by `batch`; inside a batch it joins that, and resolves once that
   * is written down, or rejects with what discards it.
   * @throws what `batch` throws; `InvalidDefinitionError` for options that are none; rejects with `LogError` (`broken`) where it could not be written down: it holds in memory all the same
   */
  async commit(callback: (tx: Batch) => void, options: { readonly durable?: boolean } = {}): Promise<Revision> {
    checkOptions('commit: ', options, { durable: aFlag })
    const { durable = false } = options
    const made = this.batchOutcome(callback)
    const revision = typeof made === 'number' ? made : await made
    await this.keeper.writer.settled(await this.keeper.sequenceOf(revision), durable)
    return revision
  }

  /** Resolves when everything committed so far is safe against a crash of the machine. @throws `LogError` (`broken`) */
  async flush(): Promise<void> {
    this.keeper.settleIds()
    await this.keeper.writer.flush(true)
  }

  /**
   * Saves the whole state, results of queries included, as the base file, and drops the log that makes needless. Happens by itself
   * when the log has grown to `compactAt`. Mends a broken log. @throws `StorageError`, `CacheError`
   */
  async compact(): Promise<void> {
    // At once where that is possible: what is committed after the call then stands in the log, and not in the base.
    if (this.keeper.isCompacting) await this.keeper.rest()
    await this.keeper.compact()
  }

  /**
   * Writes down what is not yet written, saves results, ends everything as `Database.close` does, and lets others open the place.
   * What is committed before the promise resolves is kept, or refused with `ClosedError`. Rejects where something could not be written.
   */
  // oxlint-disable-next-line typescript/no-misused-promises -- who takes it for a Database need not wait
  override close(): Promise<void> {
    this.closing ??= this.end()
    return this.closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private async end(): Promise<void> {
    const { keeper } = this
    const failures: unknown[] = []
    const attempt = async (step: () => Promise<unknown>): Promise<void> => {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    await keeper.rest()
    if ((this.saveOnClose && keeper.hasNews) || keeper.writer.broken !== null) await attempt(() => keeper.compact())
    keeper.stop()
    super.close()
    await attempt(() => keeper.writer.flush(true))
    await keeper.writer.rest()
    await keeper.rest()
    await attempt(this.release)
    if (failures.length > 0) throw failures[0]
  }
}

/**
 * Opens a folder, or makes one: loads the base file, applies the log, and follows every commit from then on. One writer at a time.
 * Takes time and memory in proportion to the files.
 * @throws `InvalidDefinitionError` for a place or options that are none, `DuplicateDefinitionError`: then nothing was opened; `LockedError` where another writer has it; `CacheError` for a base file and `LogError` for a log that cannot be read; `DurabilityError` for a log that changes an input of durability `never`; `StorageError`
 */
export async function openDatabase(place: FolderPlace, options: OpenOptions): Promise<OpenedDatabase> {
  checkOpenOptions(options)
  // Before anything is opened: it looks at the rest of the options, and at the definitions.
  const database = createDatabase(options)
  const port = await openFolder(place)
  const lock = await port.lock()
  const release = (): Promise<void> => giveBack(port, lock)
  try {
    return await fill(database, port, options, release)
  } catch (error) {
    database.close()
    await release().catch(() => undefined)
    throw error
  }
}

async function fill(database: Database, port: Port, options: OpenOptions, release: () => Promise<void>): Promise<OpenedDatabase> {
  const { codecs = [] } = options
  const decoder = new Decoder(new Codecs(codecs))
  const names = nameCodec()
  const { onMismatch = 'error' } = options
  const { report: base, meta } = await loadBase(database, port, { codecs, onMismatch })
  const definitions = new Map(options.definitions.map((definition) => [definition.name, definition]))
  const decode = (bytes: Uint8Array): unknown => decodeValue(bytes, decoder)
  const { report, lineage, position, bytes, setAside } = await replayLog(port, database, { definitions, base: meta, strict: options.recovery === 'strict', dropMismatch: onMismatch === 'drop', decode, names })
  const writable = new Set<unknown>(options.definitions)
  const keeper = new Keeper(database, { port, lineage, position, logBytes: bytes, baseBytes: base.loaded ? base.bytes : null, compactAt: options.compactAt ?? null, durable: options.durable ?? false, codecs, names, writable })
  if (setAside.length > 0) {
    // Nothing may be appended before what cannot be read is out of the way, and it may go only when a base holds what came before.
    await keeper.rebase()
    await keeper.setAside(setAside)
  }
  return new OpenedDatabase(database, keeper, { base, log: report }, options.saveOnClose ?? true, release)
}

async function giveBack(port: Port, lock: Lock): Promise<void> {
  try {
    await port.close()
  } finally {
    await lock.release()
  }
}

function nameCodec(): NameCodec {
  const encoder = new Encoder()
  const decoder = new Decoder()
  return {
    encode: (name) => encodeValue(name, { definition: name, key: name }, encoder),
    decode: (bytes) => decodeValue(bytes, decoder),
  }
}
