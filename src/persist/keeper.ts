/**
 * Keeps a database in a folder: a base file, which is a cache file of some commit, and the log of the commits since.
 *
 *   base.pebre                       holds commits 1 … n, says so, and says which database it is of
 *   log-….pebre                      holds commits n + 1 …; during a compaction there are two
 *
 * A compaction, while commits go on:  begin a new segment ─> save a snapshot as the base, atomically ─> remove the old segments.
 * Whenever that stops, base and log together hold every commit: the old base with both segments, or the new base with the old
 * segment, whose commits are passed over, and the new one.
 */
import { ClosedError, type Database, describeValue, type Revision } from '../index.js'
import { type AnyInterned, emitEvent, followCommits, reportError, type Written } from '../core/journal.js'
import { type BaseMeta, saveBase } from './base.js'
import { type ClassCodec, Codecs, Encoder, encodeValue, type Place } from './codec.js'
import { type Entry, INTERN, INVALIDATE, isTooLarge, type NameCodec, noBytes, REMOVE, SET } from './log-entry.js'
import { LogError } from './log-errors.js'
import type { Lineage } from './log-frame.js'
import { listSegments } from './log-replay.js'
import { type LogPosition, LogWriter } from './log-writer.js'
import type { Port } from './ports/port.js'

export interface KeeperSettings {
  readonly port: Port
  readonly lineage: Lineage
  readonly position: LogPosition
  /** Bytes of log there are. */
  readonly logBytes: number
  /** Whether there is a base file, and its size. */
  readonly baseBytes: number | null
  /** How many bytes of log make a compaction; null: as many as the base has, and no less than 4 MiB. */
  readonly compactAt: number | null
  readonly durable: boolean
  readonly codecs: readonly ClassCodec[]
  readonly names: NameCodec
  /** The inputs that can be written, and what can be interned. */
  readonly writable: ReadonlySet<unknown>
}

const smallest = 4 * 2 ** 20

export class Keeper {
  readonly writer: LogWriter
  private readonly database: Database
  private readonly settings: KeeperSettings
  private readonly encoder: Encoder
  private readonly unfollow: () => void
  private compacting: Promise<void> | null = null
  /** Ids that no frame holds yet. */
  private readonly interned: Entry[] = []
  /** Who waits for revisions that are still to come. */
  private readonly expected: { readonly revision: Revision; readonly resolve: (sequence: number) => void; readonly reject: (error: Error) => void }[] = []
  /** Bytes of log when the writer's count was `mark`. */
  private carried: number
  private mark = 0
  private baseBytes: number | null
  /** After a compaction that failed nothing is tried before the log has so many bytes. */
  private patience = 0
  /** What the base does not know: runs of queries since. */
  private runsInBase: number

  constructor(database: Database, settings: KeeperSettings) {
    const { port, lineage, position, names, durable } = settings
    this.database = database
    this.settings = settings
    this.encoder = new Encoder(new Codecs(settings.codecs))
    this.carried = settings.logBytes
    this.baseBytes = settings.baseBytes
    this.runsInBase = database.stats().runs
    this.writer = new LogWriter(port, lineage, position, names, durable, {
      onAppended: (commits, upTo) => this.appended(commits, upTo),
      onBroken: (error) => reportError(database, error),
    })
    this.unfollow = followCommits<Entry[]>(database, {
      prepare: (written) => this.prepare(written),
      commit: (entries, revision) => this.take(entries, revision),
      interned: (definition, value, id) => this.takeInterned(definition, value, id),
    })
  }

  /** Bytes of the log since the base file. */
  get logBytes(): number {
    return this.carried + this.writer.bytes - this.mark
  }

  /** Whether a base file would hold more than there is. */
  get hasNews(): boolean {
    return this.writer.bytes > this.mark || this.carried > 0 || this.database.stats().runs > this.runsInBase
  }

  /** Saves a new base file and drops the log it makes needless. Joins a compaction that is on its way. */
  compact(): Promise<void> {
    this.compacting ??= this.replaceBase().finally(() => {
      this.compacting = null
    })
    return this.compacting
  }

  get isCompacting(): boolean {
    return this.compacting !== null
  }

  /** Resolves when no compaction is on its way, however it ended. */
  async rest(): Promise<void> {
    await this.compacting?.catch(() => undefined)
  }

  /** The number of the commit that made a revision, which may be one that a subscriber has asked for and that is still to come. */
  async sequenceOf(revision: Revision): Promise<number> {
    if (revision <= this.database.revision) return this.writer.sequence
    return new Promise((resolve, reject) => {
      this.expected.push({ revision, resolve, reject })
    })
  }

  /** Hands over the ids that no commit has taken along. */
  settleIds(): void {
    if (this.interned.length > 0) this.writer.append(this.database.revision, this.interned.splice(0))
  }

  /** Follows commits no more. */
  stop(): void {
    this.settleIds()
    this.unfollow()
    for (const { reject } of this.expected.splice(0)) reject(new ClosedError())
  }

  /** Renames segments that must not be read again. */
  async setAside(names: readonly string[]): Promise<void> {
    const { port } = this.settings
    const taken = new Set(await port.list())
    for (const name of names) {
      if (!taken.has(name)) continue
      let target = `${name}.damaged`
      for (let i = 2; taken.has(target); i++) target = `${name}.${i}.damaged`
      await port.rename(name, target)
    }
  }

  /** Saves what the database holds as the base, without a word to the log, which has not begun. */
  async rebase(): Promise<void> {
    const { port, lineage, codecs } = this.settings
    this.baseBytes = await saveBase(this.database.snapshot(), port, { lineage, sequence: this.writer.sequence }, codecs)
  }

  private async replaceBase(): Promise<void> {
    const { port, lineage, codecs } = this.settings
    const { writer } = this
    // These belong to one moment: nothing is awaited in between.
    this.settleIds()
    const sequence = writer.rotate()
    const mark = writer.bytes
    const { runs } = this.database.stats()
    const snapshot = this.database.snapshot()
    const meta: BaseMeta = { lineage, sequence }
    try {
      this.baseBytes = await saveBase(snapshot, port, meta, codecs)
    } catch (error) {
      writer.abandon()
      this.patience = this.logBytes * 2
      throw error
    } finally {
      snapshot.dispose()
    }
    writer.resume()
    this.carried = 0
    this.mark = mark
    this.runsInBase = runs
    this.patience = 0
    while (writer.first <= sequence && writer.broken === null) await writer.rest()
    for (const { name, first } of await listSegments(port)) if (first <= sequence) await port.remove(name)
  }

  private appended(commits: number, upTo: Revision): void {
    emitEvent(this.database, 'storage', { type: 'walAppended', commits, upTo })
    const { compactAt } = this.settings
    const enough = compactAt ?? Math.max(smallest, this.baseBytes ?? 0)
    if (this.compacting !== null || this.logBytes < Math.max(enough, this.patience)) return
    this.compact().catch((error: unknown) => reportError(this.database, error))
  }

  private take(entries: readonly Entry[], revision: Revision): void {
    this.writer.append(revision, this.interned.length > 0 ? [...this.interned.splice(0), ...entries] : entries)
    for (const [i, { revision: wanted, resolve }] of [...this.expected.entries()].toReversed()) {
      if (wanted > revision) continue
      resolve(this.writer.sequence)
      this.expected.splice(i, 1)
    }
  }

  /** An id goes with the next commit of this turn, which may use it, or alone. */
  private takeInterned(definition: AnyInterned, value: unknown, id: number): void {
    if (!this.settings.writable.has(definition)) throw unlisted(definition.name)
    const { name } = definition
    const bytes = encodeValue(value, { definition: name, key: `${name}(${describeValue(value)})` }, this.encoder)
    this.interned.push({ code: INTERN, kind: 'interned', name, args: noBytes, value: bytes, id })
    if (this.interned.length === 1) queueMicrotask(() => this.settleIds())
  }

  private prepare(written: readonly Written[]): Entry[] {
    const entries = written.map((one) => this.encode(one))
    if (isTooLarge(entries)) throw new LogError('too-large', `One commit of ${written.length} writes is too large for the log. Make it several.`)
    return entries
  }

  private encode(written: Written): Entry {
    const { definition, type } = written
    if (definition.kind === 'input' && !this.settings.writable.has(definition)) throw unlisted(definition.name)
    const place = new WrittenPlace(written)
    const args = encodeValue(written.args, place, this.encoder)
    const common = { name: definition.name, args, id: 0 }
    if (type === 'set') return { code: SET, kind: 'input', ...common, value: encodeValue(written.value, place, this.encoder) }
    return type === 'remove' ? { code: REMOVE, kind: 'input', ...common, value: null } : { code: INVALIDATE, kind: 'derived', ...common, value: null }
  }
}

function unlisted(name: string): LogError {
  return new LogError('unlisted', `${name} is not among the definitions this database was opened with, and could not be read back. Add it to \`definitions\`.`)
}

/** Says which record a value belongs to, once that is asked. */
class WrittenPlace implements Place {
  private readonly written: Written

  constructor(written: Written) {
    this.written = written
  }

  get definition(): string {
    return this.written.definition.name
  }

  get key(): string {
    return this.written.id
  }
}
