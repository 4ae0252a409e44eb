/** What the page knows: revisions and what came of them, events, totals. Bounded, except for a trace, which has an end. */
import type { EventLine, RecordKey, SnapshotLine, Totals, Update } from '../protocol.js'

/** One commit, and what it led to as far as that is known. */
export interface RevisionLine {
  readonly revision: number
  readonly time: number
  readonly inputs: { readonly id: string; readonly key: RecordKey | undefined }[]
  readonly reached: Map<string, RecordKey | undefined>
  readonly ran: Map<string, RecordKey | undefined>
  cutoffs: number
  failures: number
  /** Some of its events were too many at once, and did not come. */
  isPartial: boolean
}

/** Totals at a time, in seconds since the page began. */
export interface Sample {
  readonly time: number
  readonly totals: Totals
}

const MOST_EVENTS = 5000
const MOST_REVISIONS = 500
const MOST_SAMPLES = 300

export class Model {
  revision = 0
  events: EventLine[] = []
  readonly revisions: Map<number, RevisionLine> = new Map()
  snapshots: readonly SnapshotLine[] = []
  readonly samples: Sample[] = []
  private readonly isBounded: boolean
  private began: number | null = null

  constructor({ isBounded = true }: { readonly isBounded?: boolean } = {}) {
    this.isBounded = isBounded
  }

  /** Takes in what is new. */
  take(update: Update): void {
    this.revision = update.revision
    this.snapshots = update.snapshots
    for (const event of update.events) this.note(event)
    if (update.dropped > 0) this.markPartial(update)
    for (const event of update.events) this.events.push(event)
    if (this.isBounded && this.events.length > MOST_EVENTS) this.events = this.events.slice(-MOST_EVENTS)
    this.began ??= update.time
    this.samples.push({ time: (update.time - this.began) / 1000, totals: update.totals })
    if (this.samples.length > MOST_SAMPLES) this.samples.shift()
  }

  get totals(): Totals | undefined {
    return this.samples.at(-1)?.totals
  }

  private note({ type, revision, time, id, key, cutoff }: EventLine): void {
    if (type === 'revisionBumped' || type === 'revisionSet') this.open(revision, time)
    const line = this.revisions.get(revision)
    if (line === undefined || id === undefined) return
    if (type === 'inputSet' || type === 'inputRemoved') line.inputs.push({ id, key })
    else if (type === 'queryInvalidated') line.reached.set(id, key)
    else if (type === 'queryStarted') line.ran.set(id, key)
    else if (type === 'queryFailed') line.failures++
    else if (type === 'queryComputed' && cutoff === true) line.cutoffs++
  }

  /** Whose events they were that did not come is not known: they came after the first of those that did. */
  private markPartial({ events }: Update): void {
    const first = events[0]?.revision ?? 0
    for (const line of this.revisions.values()) if (line.revision >= first) line.isPartial = true
  }

  private open(revision: number, time: number): void {
    this.revisions.set(revision, { revision, time, inputs: [], reached: new Map(), ran: new Map(), cutoffs: 0, failures: 0, isPartial: false })
    if (!this.isBounded || this.revisions.size <= MOST_REVISIONS) return
    for (const oldest of this.revisions.keys()) {
      this.revisions.delete(oldest)
      return
    }
  }
}
