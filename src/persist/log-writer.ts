/**
 * Writing the log. Commits are taken at once and in order; a single loop brings them to the port, all that has gathered since
 * the last time in one append, and with one sync where anybody waits for it.
 *
 *   append(…) ─> segment.frames ─> [ append ─> sync ] ─> written, synced ─> those who wait
 *
 * `rotate` begins a new segment: what was appended before belongs to the old one, which is synced before the new one is begun, so
 * that a crash can never keep a later commit and lose an earlier one.
 *
 * The first failure breaks the log: what is on its way is dropped, because after a failed append or sync nobody knows what the
 * file holds. The loop stands still until a new base file has been written (`hold`, `resume`): that makes the old segments
 * needless, and the log goes on in a new one.
 */
import type { Revision } from '../index.js'
import { encodeFrame, type Entry, type NameCodec } from './log-entry.js'
import { LogError } from './log-errors.js'
import { encodeHeader, type Lineage, sealFrame, segmentName } from './log-frame.js'
import type { Port } from './ports/port.js'

/** Where the log goes on. */
export interface LogPosition {
  /** The number of the last commit, and its revision. */
  readonly sequence: number
  readonly revision: Revision
  /** The segment to go on with; null: a new one, in place of a file of its name if there is `leftover`. */
  readonly segment: { readonly first: number; readonly size: number; readonly offset: number; readonly chain: number; readonly names: readonly string[] } | null
  readonly leftover: boolean
}

interface Segment {
  readonly name: string
  readonly first: number
  /** Frames that are still to be appended, and the number of the last commit among them. */
  frames: Uint8Array[]
  chain: number
  readonly numbers: Map<string, number>
  /** The length to which the file must be cut, if there is one, before anything is appended; null: it is as it should be. */
  cut: number | null
  /** Something was appended since the last sync. */
  isDirty: boolean
}

interface Waiter {
  /** The number of the commit it waits for. */
  readonly sequence: number
  readonly durable: boolean
  readonly resolve: () => void
  readonly reject: (error: LogError) => void
}

export interface LogHooks {
  /** Frames have been appended, up to this revision. */
  readonly onAppended: (commits: number, revision: Revision) => void
  /** The log has broken, and nobody was waiting who could be told. */
  readonly onBroken: (error: LogError) => void
}

export class LogWriter {
  private readonly port: Port
  private readonly lineage: Lineage
  private readonly codec: NameCodec
  private readonly alwaysDurable: boolean
  private readonly hooks: LogHooks
  /** The segments that are being written, the newest last. */
  private segments: Segment[]
  private waiters: Waiter[] = []
  private running: Promise<void> | null = null
  /** A broken log that waits for a base file: the last commit that file holds. */
  private held: number | null = null
  /** How many bytes of frames were taken. */
  bytes = 0
  /** How many commits are still to be appended. */
  private pending = 0
  /** The last commit that was taken, the last one in the port, and the last one that is safe. */
  private taken: number
  private written: number
  private synced: number
  /** The revision of the last commit. */
  private revision: Revision
  /** Why nothing is written any more. */
  broken: LogError | null = null

  constructor(port: Port, lineage: Lineage, position: LogPosition, codec: NameCodec, alwaysDurable: boolean, hooks: LogHooks) {
    this.port = port
    this.lineage = lineage
    this.codec = codec
    this.alwaysDurable = alwaysDurable
    this.hooks = hooks
    this.taken = this.written = position.sequence
    this.revision = position.revision
    // What was read may not be safe yet: only what this process synced is.
    this.synced = position.segment === null ? position.sequence : -1
    this.segments = [position.segment === null ? { ...this.begin(), cut: position.leftover ? 0 : null } : continued(position.segment)]
  }

  /** The number of the last commit that was taken. */
  get sequence(): number {
    return this.taken
  }

  /** The first segment that must be kept. */
  get first(): number {
    return (this.segments[0] as Segment).first
  }

  /** Takes a commit. */
  append(revision: Revision, entries: readonly Entry[]): void {
    this.taken++
    this.revision = revision
    if (this.broken !== null && this.held === null) return
    const segment = this.segments.at(-1) as Segment
    const frame = encodeFrame(revision, entries, segment.numbers, this.codec)
    segment.chain = sealFrame(frame, this.taken, segment.chain)
    segment.frames.push(frame)
    this.bytes += frame.length
    this.pending++
    this.run()
  }

  /** Resolves when the commit of a number is in the port, or, where it is to be durable, safe. @throws LogError of a broken log */
  async settled(sequence: number, durable: boolean): Promise<void> {
    if (this.broken !== null && this.held === null) throw this.broken
    const needsSync = durable || this.alwaysDurable
    if (sequence <= (needsSync ? this.synced : this.written)) return undefined
    return new Promise((resolve, reject) => {
      this.waiters.push({ sequence, durable: needsSync, resolve, reject })
      this.run()
    })
  }

  /** Resolves when all that was taken is in the port, or safe. */
  flush(durable: boolean): Promise<void> {
    return this.settled(this.taken, durable)
  }

  /** Begins a new segment with the next commit; gives the number of the last one before it. A broken log holds it back until `resume`. */
  rotate(): number {
    if (this.broken === null) {
      // A segment without a commit is as good as a new one, and has its name.
      if ((this.segments.at(-1) as Segment).first > this.taken) return this.taken
      this.segments.push(this.begin())
      this.run()
    } else {
      // Where nothing was committed since, it has the name of the one that broke, of which anything may be there.
      this.segments = [{ ...this.begin(), cut: 0 }]
      this.held = this.taken
    }
    return this.taken
  }

  /** A base file holds everything up to the rotation: a broken log is whole again. */
  resume(): void {
    if (this.held === null) return
    this.written = this.synced = this.held
    this.held = null
    this.broken = null
    this.run()
  }

  /** No base file could be written. */
  abandon(): void {
    if (this.held === null || this.broken === null) return
    this.held = null
    this.drop(this.broken)
  }

  /** Resolves when the loop stands still. */
  async rest(): Promise<void> {
    while (this.running !== null) await this.running
  }

  private begin(): Segment {
    const first = this.taken + 1
    const { bytes, chain } = encodeHeader(this.lineage, first)
    return { name: segmentName(first), first, frames: [bytes], chain, numbers: new Map(), cut: null, isDirty: false }
  }

  private run(): void {
    this.running ??= this.work()
  }

  private async work(): Promise<void> {
    // What is committed in one turn is written together.
    await Promise.resolve()
    try {
      while (this.broken === null && this.hasWork()) await this.step()
    } catch (cause) {
      this.fail(cause)
    } finally {
      // In the same turn as the last look for work: nobody may find the loop running that has seen its end.
      this.running = null
    }
  }

  private hasWork(): boolean {
    if (this.segments.length > 1) return true
    return this.pending > 0 || this.waiters.length > 0
  }

  private async step(): Promise<void> {
    const segment = this.segments[0] as Segment
    const isLast = this.segments.length === 1
    const commits = isLast ? this.pending : 0
    const upTo = this.taken
    const { revision } = this
    if (!isLast || commits > 0) await this.bring(segment)
    if (isLast) {
      this.pending -= commits
      this.written = upTo
    }
    const mustSync = !isLast || this.waiters.some(({ durable, sequence }) => durable && sequence <= upTo)
    if (mustSync || this.alwaysDurable) await this.secure(segment)
    if (!isLast) {
      this.segments.shift()
      return
    }
    if (mustSync || this.alwaysDurable) this.synced = upTo
    this.tell()
    if (commits > 0) this.hooks.onAppended(commits, revision)
  }

  private async bring(segment: Segment): Promise<void> {
    const bytes = join(segment.frames)
    segment.frames = []
    if (bytes.length === 0) return
    if (segment.cut !== null) {
      if (((await this.port.size(segment.name)) ?? 0) > segment.cut) await this.port.truncate(segment.name, segment.cut)
      segment.cut = null
    }
    segment.isDirty = true
    await this.port.append(segment.name, bytes)
  }

  private async secure(segment: Segment): Promise<void> {
    if (!segment.isDirty) return
    segment.isDirty = false
    await this.port.sync(segment.name)
  }

  private tell(): void {
    const waiting = this.waiters
    this.waiters = []
    for (const waiter of waiting) {
      if (waiter.sequence <= (waiter.durable ? this.synced : this.written)) waiter.resolve()
      else this.waiters.push(waiter)
    }
  }

  private fail(cause: unknown): void {
    const what = cause instanceof Error ? cause.message : String(cause)
    const error = new LogError('broken', `The log can no longer be written, and what is committed from now on is in memory only: ${what} Once that is put right, compact() makes the log whole again.`, { cause })
    this.broken = error
    const waiting = this.waiters.length
    this.drop(error)
    if (waiting === 0) this.hooks.onBroken(error)
  }

  private drop(error: LogError): void {
    this.pending = 0
    for (const segment of this.segments) segment.frames = []
    const { waiters } = this
    this.waiters = []
    for (const waiter of waiters) waiter.reject(error)
  }
}

function continued({ first, size, offset, chain, names }: NonNullable<LogPosition['segment']>): Segment {
  const numbers = new Map(names.map((name, number) => [name, number]))
  // What a predecessor appended may not have been synced.
  return { name: segmentName(first), first, frames: [], chain, numbers, cut: offset < size ? offset : null, isDirty: true }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
