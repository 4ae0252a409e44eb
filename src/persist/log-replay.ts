/**
 * Bringing a database to where its log ends. The segments are read in the order of their numbers; each commit becomes one commit,
 * so that what the equality of an input saw then it sees again. Commits the base file holds already are passed over.
 */
import type { Args, Batch, Database, DatabaseOptions, Derived, Input, Revision } from '../index.js'
import { adoptInterned, raiseRevision } from '../core/journal.js'
import { type Entry, INTERN, INVALIDATE, type NameCodec, SET } from './log-entry.js'
import { LogError } from './log-errors.js'
import { firstOfName, headerSize, type Lineage, newLineage, segmentName } from './log-frame.js'
import { type LoggedCommit, readSegment } from './log-reader.js'
import type { LogPosition } from './log-writer.js'
import type { Port } from './ports/port.js'

/** Definitions of all kinds. */
export type AnyDefinition = NonNullable<DatabaseOptions['definitions']>[number]

/** A place in a file of the log. */
export interface LogSpot {
  readonly file: string
  readonly offset: number
  /** What is wrong there. */
  readonly reason: string
}

/** What a log gave. */
export interface ReplayReport {
  /** How many commits were applied. */
  readonly replayed: number
  /** A write that was cut off by a crash: it is cut off for good with the next commit. */
  readonly torn: LogSpot | null
  /** Where the log stops being what was written; nothing after it was applied, and the files are kept under names that end in `.damaged`. */
  readonly damaged: LogSpot | null
  /** Files all of whose commits the base file holds. */
  readonly skipped: readonly string[]
  /** Writes to definitions that do not fit this database, left out because of `onMismatch: 'drop'`. */
  readonly dropped: number
}

export interface ReplayOptions {
  readonly definitions: ReadonlyMap<string, AnyDefinition>
  /** What the base file says of itself; null: there is none. */
  readonly base: { readonly lineage: Lineage; readonly sequence: number } | null
  readonly strict: boolean
  readonly dropMismatch: boolean
  readonly decode: (bytes: Uint8Array) => unknown
  readonly names: NameCodec
}

export interface Replayed {
  readonly report: ReplayReport
  readonly lineage: Lineage
  readonly position: LogPosition
  /** Bytes of the segments that are kept. */
  readonly bytes: number
  /** Segments that must be out of the way before the log goes on. */
  readonly setAside: readonly string[]
}

/** The names of the segments, in order. */
export async function listSegments(port: Port): Promise<{ name: string; first: number }[]> {
  const segments: { name: string; first: number }[] = []
  for (const name of await port.list()) {
    const first = firstOfName(name)
    if (first !== null) segments.push({ name, first })
  }
  return segments.toSorted((a, b) => a.first - b.first)
}

/** Applies what the log holds beyond the base file. @throws LogError, and what decoding and the commits throw */
export async function replayLog(port: Port, database: Database, options: ReplayOptions): Promise<Replayed> {
  return new Replay(port, database, options).run()
}

class Replay {
  private readonly port: Port
  private readonly database: Database
  private readonly options: ReplayOptions
  private lineage: Lineage | null
  private sequence: number
  private revision: Revision
  private replayed = 0
  private dropped = 0
  private bytes = 0
  private torn: LogSpot | null = null
  private damaged: LogSpot | null = null
  private readonly skipped: string[] = []
  private readonly setAside: string[] = []
  /** The segment that ends at `sequence`. */
  private last: LogPosition['segment'] = null
  private leftover = false

  constructor(port: Port, database: Database, options: ReplayOptions) {
    this.port = port
    this.database = database
    this.options = options
    this.lineage = options.base?.lineage ?? null
    this.sequence = options.base?.sequence ?? 0
    this.revision = database.revision
  }

  async run(): Promise<Replayed> {
    for (const { name, first } of await listSegments(this.port)) {
      if (this.damaged === null) await this.read(name, first)
      else this.setAside.push(name)
    }
    raiseRevision(this.database, this.revision)
    const { replayed, torn, damaged, skipped, dropped } = this
    const position = { sequence: this.sequence, revision: this.database.revision, segment: this.last, leftover: this.leftover }
    return { report: { replayed, torn, damaged, skipped, dropped }, lineage: this.lineage ?? newLineage(), position, bytes: this.bytes, setAside: this.setAside }
  }

  private async read(name: string, first: number): Promise<void> {
    const before = this.sequence
    this.checkGap(name, first)
    if (this.damaged !== null) return
    const end = await readSegment(this.port, name, this.options.names, {
      header: ({ lineage, first: said }) => {
        this.checkLineage(name, lineage)
        if (said !== first) throw new LogError('damaged', `"${name}" has the name of another segment: its header says ${segmentName(said)}. Give it that name back.`, { file: name })
      },
      commit: (commit) => this.take(name, commit),
    })
    if (end.state === 'newer') throw new LogError('newer', `"${name}" is of ${end.reason}, and this library writes version 1. Use a newer library.`, { file: name, offset: 8 })
    const last = end.header === null ? before : first + end.commits - 1
    this.last = null
    this.torn = null
    if (end.state === 'damaged') return this.stop(name, end.offset, end.reason)
    if (end.state === 'torn') this.torn = { file: name, offset: end.offset, reason: end.reason }
    this.bytes += end.offset
    if (end.commits > 0 && last <= (this.options.base?.sequence ?? 0)) this.skipped.push(name)
    // Only a segment that ends where the log ends can be gone on with.
    if (end.header !== null && last === this.sequence) this.last = { first, size: end.size, offset: end.offset, chain: end.chain, names: end.names.map(({ name: known }) => known) }
    if (end.header === null && name === segmentName(this.sequence + 1)) this.leftover = true
  }

  /** Before a segment is read: it must not begin after what is there. */
  private checkGap(name: string, first: number): void {
    if (first <= this.sequence + 1) return
    const spot = `"${name}" begins with commit ${first}`
    if (this.options.base === null && this.replayed === 0) {
      throw new LogError('base-missing', `${spot}, and there is no base file with what came before. Put it back, or take the log away to begin anew.`, { file: name })
    }
    this.stop(name, headerSize, `${spot}, and commit ${this.sequence + 1} is missing`)
  }

  private checkLineage(name: string, lineage: Lineage): void {
    this.lineage ??= lineage
    if (lineage !== this.lineage) throw new LogError('lineage', `"${name}" is the log of another database (${lineage}, not ${this.lineage}). Take it away.`, { file: name })
  }

  private stop(file: string, offset: number, reason: string): void {
    if (this.damaged !== null) return
    this.damaged = { file, offset, reason }
    this.last = null
    this.setAside.push(file)
    if (!this.options.strict) return
    throw new LogError('damaged', `The log is damaged: "${file}" at byte ${offset}: ${reason}. Open it with recovery: 'recover' to go on from what stands before.`, { file, offset })
  }

  private take(name: string, commit: LoggedCommit): void {
    if (commit.sequence <= this.sequence) return
    const { database } = this
    const writes = commit.entries.filter((entry) => entry.code !== INTERN)
    const [only] = writes
    try {
      if (writes.length < commit.entries.length) for (const entry of commit.entries) if (entry.code === INTERN) this.intern(entry)
      if (writes.length === 1 && only !== undefined) this.apply(database, only)
      else if (writes.length > 1) {
        database.batch((tx) => {
          for (const entry of writes) this.apply(tx, entry)
        })
      }
    } catch (cause) {
      if (cause instanceof LogError) throw new LogError(cause.code, cause.message, { file: name, offset: commit.offset, cause: cause.cause })
      throw cause
    }
    this.sequence = commit.sequence
    this.revision = Math.max(this.revision, commit.revision)
    this.replayed++
  }

  private intern({ name, kind, id, value }: Entry): void {
    const definition = this.options.definitions.get(name)
    if (definition?.kind === 'interned') {
      if (adoptInterned(this.database, definition, this.options.decode(value as Uint8Array), id)) return
      throw new LogError('damaged', `The log is damaged: two values of ${name} have the id ${id}, or one has two.`)
    }
    if (this.options.dropMismatch) this.dropped++
    else throw mismatch(name, kind, this.options.definitions.get(name))
  }

  private apply(target: Pick<Batch, 'set' | 'remove' | 'invalidate'> | Database, { code, kind, name, args: bytes, value }: Entry): void {
    const definition = this.options.definitions.get(name)
    if (definition === undefined || definition.kind !== kind) {
      // A query that is not there has no results that could be wrong.
      if (code === INVALIDATE) return
      if (!this.options.dropMismatch) throw mismatch(name, kind, definition)
      this.dropped++
      return
    }
    const args = this.options.decode(bytes) as Args
    if (!Array.isArray(args)) throw new LogError('damaged', `The log is damaged: a key of ${name} is none.`)
    if (code === SET) (target as Batch).set(definition as Input<Args, unknown>, ...args, this.options.decode(value as Uint8Array))
    else if (code === INVALIDATE) (target as Batch).invalidate(definition as Derived<Args, unknown>, ...args)
    else (target as Batch).remove(definition as Input<Args, unknown>, ...args)
  }
}

function mismatch(name: string, kind: Entry['kind'], definition: AnyDefinition | undefined): LogError {
  const words = { input: 'an input', derived: 'a query', interned: 'an interned definition', source: 'a source', accumulator: 'an accumulator' }
  const instead = definition === undefined ? 'it is not among the definitions' : `here it is ${words[definition.kind]}`
  return new LogError('mismatch', `The log holds writes to ${words[kind]} named "${name}", and ${instead}. Add it, or leave its writes out with onMismatch: 'drop'.`)
}
