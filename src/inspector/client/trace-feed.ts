/** A trace as the page sees it: told at once, in slices of time, and with no database behind it. */
import type { Trace } from '../../debug/index.js'
import type { DebugState, RecordName, RuntimeEvent } from '../../index.js'
import type { CellData, EventLine, Feed, GraphData, GraphWish, NodeLine, Recording, RecordKey, Totals, Update } from '../protocol.js'

/** What an event says of the state of its record. */
export const stateAfter: Readonly<Partial<Record<EventLine['type'], DebugState>>> = {
  queryInvalidated: 'dirty', queryStarted: 'running', queryComputed: 'ready', queryValidated: 'ready', queryFailed: 'failed', inputSet: 'ready',
}

/** What only a trace must know, because nobody can be asked. */
const stateAtLast: typeof stateAfter = { ...stateAfter, inputRemoved: 'absent', queryCancelled: 'dirty', queryHit: 'ready', queryEvicted: 'new' }

/** How many points a chart has at most beside its first, how long in milliseconds one lasts at least, and how much is shown of anything. */
const MOST_SLICES = 299
const SHORTEST = 100
const MOST_NODES = 5000
const MOST_FOUND = 50
const LONGEST = 300

type Writable<T> = { -readonly [K in keyof T]: T[K] }

export class TraceFeed implements Feed {
  readonly name: string
  readonly recording: Recording
  private readonly nodes = new Map<RecordKey, Writable<NodeLine>>()
  private readonly reads = new Map<string, readonly [RecordKey, RecordKey]>()
  private readonly keys = new Map<string, RecordKey>()
  /** For causes, which are told by id. */
  private readonly byId = new Map<string, RecordKey>()
  private readonly runs = new Map<number, RecordKey>()
  /** Whose last run failed: what is proved or found valid is the failure. */
  private readonly failed = new Set<RecordKey>()
  private readonly updates: Update[] = []

  constructor(name: string, { events, dropped }: Trace) {
    this.name = name
    const began = events[0]?.time ?? 0
    const slice = Math.max(SHORTEST, ((events.at(-1)?.time ?? began) - began) / MOST_SLICES)
    this.recording = { events: events.length, dropped, step: slice / 1000 }
    const tally = new Tally()
    const slices = new Map<number, EventLine[]>()
    let last = 0
    const told = (at: number, lines: readonly EventLine[]): void => {
      this.updates.push({ revision: tally.revision, time: at, events: lines, dropped: 0, totals: tally.totals, snapshots: [] })
    }
    told(began, [])
    for (const event of events) {
      const at = Math.max(1, last, Math.min(MOST_SLICES, Math.ceil((event.time - began) / slice)))
      if (at !== last && slices.has(last)) told(began + last * slice, slices.get(last) ?? [])
      last = at
      const lines = slices.get(at) ?? []
      slices.set(at, lines)
      lines.push(this.line(event))
      tally.take(event)
    }
    if (slices.has(last)) told(began + last * slice, slices.get(last) ?? [])
  }

  subscribe(take: (update: Update) => void): () => void {
    for (const update of this.updates) take(update)
    return () => {}
  }

  /** The records that the events name, and those reads that runs tell of: by whom they were asked for, and what they ran for. */
  async graph({ focus, depth = 2 }: GraphWish): Promise<GraphData> {
    const wanted = focus === undefined || !this.nodes.has(focus) ? new Set(this.nodes.keys()) : this.around(focus, depth)
    const shown = new Set([...wanted].slice(-MOST_NODES))
    return {
      revision: this.updates.at(-1)?.revision ?? 0, total: wanted.size, nodes: [...shown].flatMap((key) => this.nodes.get(key) ?? []),
      edges: [...this.reads.values()].filter(([from, to]) => shown.has(from) && shown.has(to)),
    }
  }

  async search(text: string): Promise<readonly NodeLine[]> {
    const wanted = text.toLowerCase()
    return [...this.nodes.values()].filter(({ id }) => id.toLowerCase().includes(wanted)).slice(0, MOST_FOUND)
  }

  /** Events tell of records; they hold none. */
  async cell(): Promise<CellData | null> {
    return null
  }

  async takeSnapshot(): Promise<void> {
    throw readOnly()
  }

  async dropSnapshot(): Promise<void> {
    throw readOnly()
  }

  async travel(): Promise<void> {
    throw readOnly()
  }

  private around(focus: RecordKey, depth: number): Set<RecordKey> {
    const found = new Set([focus])
    for (let step = 0; step < depth; step++) {
      const near = [...this.reads.values()].filter(([from, to]) => found.has(from) !== found.has(to))
      for (const pair of near) for (const key of pair) found.add(key)
    }
    return found
  }

  private line(event: RuntimeEvent): EventLine {
    const { sequence, type, revision, time } = event
    const line: Writable<EventLine> = { sequence, type, revision, time }
    if (!('id' in event)) return line
    line.id = event.id
    line.key = this.keyOf(event, type === 'inputSet' || type === 'inputRemoved')
    this.noteState(line.key, type)
    if ('run' in event) {
      line.run = event.run
      line.cause = event.cause
    }
    if ('duration' in event) line.duration = event.duration
    if (event.type === 'queryStarted') this.noteReads(line.key, event)
    if (event.type === 'queryComputed') line.cutoff = event.cutoff
    if (event.type === 'queryInvalidated') {
      line.by = event.by.id
      this.keyOf(event.by, true)
    }
    if (event.type === 'queryFailed') line.text = `${event.error.name}: ${event.error.message}`.slice(0, LONGEST)
    if (event.type === 'inputSet') line.text = (JSON.stringify(event.value) ?? 'undefined').slice(0, LONGEST)
    return line
  }

  private noteState(key: RecordKey, type: EventLine['type']): void {
    if (type === 'queryFailed') this.failed.add(key)
    if (type === 'queryComputed') this.failed.delete(key)
    const node = this.nodes.get(key)
    const state = stateAtLast[type]
    if (node !== undefined && state !== undefined) node.state = state === 'ready' && this.failed.has(key) ? 'failed' : state
  }

  private noteReads(key: RecordKey, { run, parent, cause }: RuntimeEvent<'queryStarted'>): void {
    this.runs.set(run, key)
    this.noteRead(this.runs.get(parent), key)
    this.noteRead(key, this.byId.get(cause))
  }

  private noteRead(from: RecordKey | undefined, to: RecordKey | undefined): void {
    if (from !== undefined && to !== undefined && from !== to) this.reads.set(`${from} ${to}`, [from, to])
  }

  /** Ids are cut where they are long: the arguments tell records apart. */
  private keyOf({ id, definition, args }: RecordName, isInput: boolean): RecordKey {
    const text = JSON.stringify([definition, args])
    const known = this.keys.get(text)
    if (known !== undefined) return known
    const key = this.keys.size + 1
    this.keys.set(text, key)
    this.byId.set(id, key)
    this.nodes.set(key, { key, id, kind: isInput ? 'input' : 'derived', state: isInput ? 'ready' : 'new', isWatched: false })
    return key
  }
}

const readOnly = (): Error => new Error('A trace is only looked at.')

/** Counts what happened so far. */
class Tally {
  revision = 0
  private readonly open = new Set<number>()
  private readonly counts = { runs: 0, cutoffs: 0, failures: 0, hits: 0, joins: 0, validations: 0 }

  get totals(): Totals {
    return { ...this.counts, jobs: this.open.size }
  }

  take(event: RuntimeEvent): void {
    const { counts } = this
    this.revision = Math.max(this.revision, event.revision)
    if (event.type === 'queryStarted') {
      counts.runs++
      this.open.add(event.run)
    } else if ('run' in event) this.open.delete(event.run)
    if (event.type === 'queryComputed' && event.cutoff) counts.cutoffs++
    else if (event.type === 'queryFailed') counts.failures++
    else if (event.type === 'queryHit') counts.hits++
    else if (event.type === 'queryJoined') counts.joins++
    else if (event.type === 'queryValidated') counts.validations++
  }
}
