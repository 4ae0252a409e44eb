/** What passes between a database that is inspected and the page that shows it: plain data, all of it. */
import type { DebugKind, DebugState, EventType } from '../index.js'

/** Names a record as long as the inspector is open. */
export type RecordKey = number

export interface EventLine {
  readonly sequence: number
  readonly type: EventType
  readonly revision: number
  /** Milliseconds, by the clock of the events. */
  readonly time: number
  readonly id?: string
  readonly key?: RecordKey
  readonly cause?: string
  readonly run?: number
  readonly duration?: number
  readonly cutoff?: boolean
  /** The input that made it stale. */
  readonly by?: string
  /** The value that was set, or the error, described and cut; not where values are withheld. */
  readonly text?: string
}

/** Counts since the database was made; reads without a run only while the inspector is open. */
export interface Totals {
  readonly runs: number
  readonly cutoffs: number
  readonly failures: number
  readonly hits: number
  readonly joins: number
  readonly validations: number
  readonly jobs: number
}

export interface SnapshotLine {
  readonly id: number
  readonly revision: number
  readonly label: string
}

/** What is new since the last one. */
export interface Update {
  readonly revision: number
  readonly time: number
  readonly events: readonly EventLine[]
  /** Events that came too fast to be told. */
  readonly dropped: number
  readonly totals: Totals
  readonly snapshots: readonly SnapshotLine[]
}

export interface GraphWish {
  readonly focus?: RecordKey
  readonly depth?: number
  /** The graph of a snapshot instead of the present one. */
  readonly snapshot?: number
}

export interface NodeLine {
  readonly key: RecordKey
  readonly id: string
  readonly kind: DebugKind
  readonly state: DebugState
  readonly isWatched: boolean
}

export interface GraphData {
  readonly revision: number
  readonly nodes: readonly NodeLine[]
  /** Who read whom. */
  readonly edges: readonly (readonly [from: RecordKey, to: RecordKey])[]
  /** How many nodes there are in all, where not all are shown. */
  readonly total: number
}

export interface CellData extends NodeLine {
  readonly definition: string
  readonly args: readonly string[]
  readonly revision: number
  readonly stamp: number
  readonly changedAt: number
  readonly verifiedAt: number
  /** Described and cut; absent where values are withheld. */
  readonly value?: string
  readonly explanation: string
  readonly dependencies: readonly (NodeLine & { readonly seen: number | null; readonly stamp: number })[]
  readonly dependents: readonly NodeLine[]
}

/** A trace that is shown instead of a database. */
export interface Recording {
  readonly events: number
  /** How many older ones were not kept. */
  readonly dropped: number
  /** Seconds between two updates while much happened. */
  readonly step: number
}

/** How the page reaches the database: directly in one page, or over HTTP. */
export interface Feed {
  readonly name: string
  /** Where no database is behind it. */
  readonly recording?: Recording
  /** Calls back with what is new, first with what is known, until the result is called. */
  subscribe(take: (update: Update) => void, lost: (isLost: boolean) => void): () => void
  graph(wish: GraphWish): Promise<GraphData>
  search(text: string): Promise<readonly NodeLine[]>
  cell(key: RecordKey, snapshot?: number): Promise<CellData | null>
  /** Takes a snapshot; lets one go; makes the database hold its inputs. */
  takeSnapshot(): Promise<void>
  dropSnapshot(id: number): Promise<void>
  travel(id: number): Promise<void>
}
