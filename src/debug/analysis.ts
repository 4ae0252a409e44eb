/** What a trace amounts to. */
import { aCount, check, checkOptions } from '../core/check.js'
import { debugKey, type EventType, type RuntimeEvent } from '../index.js'
import { formatTable, oneLine } from './table.js'
import { aTrace, type Trace } from './trace.js'

/** Counts of one query, or of all queries of a definition. */
export interface RunCounts {
  readonly runs: number
  readonly computed: number
  readonly cutoffs: number
  readonly failures: number
  readonly cancellations: number
  /** Told as changed: by a run, or by taking up what was known already. */
  readonly changes: number
  readonly invalidations: number
  /** Reads without a run: proved by comparing, valid, on its way. */
  readonly validations: number
  readonly hits: number
  readonly joins: number
  /** Milliseconds of its runs, waiting included: all, and the longest. */
  readonly time: number
  readonly slowest: number
  /** How often it ran for which cause. */
  readonly causes: Readonly<Record<string, number>>
}

export interface QueryCounts extends RunCounts {
  readonly id: string
  readonly definition: string
  readonly args: readonly unknown[]
}

export interface DefinitionCounts extends RunCounts {
  readonly definition: string
  /** How many different queries of it were seen. */
  readonly queries: number
}

/** One run that ended within the trace. */
export interface TracedRun {
  readonly run: number
  readonly id: string
  readonly cause: string
  readonly revision: number
  readonly duration: number
  readonly outcome: 'changed' | 'cutoff' | 'failed' | 'cancelled'
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const ends = { queryComputed: 'computed', queryFailed: 'failures', queryCancelled: 'cancellations' } as const
const counted: Partial<Record<EventType, 'runs' | 'changes' | 'invalidations' | 'validations' | 'hits' | 'joins'>> = {
  queryStarted: 'runs', queryChanged: 'changes', queryInvalidated: 'invalidations', queryValidated: 'validations', queryHit: 'hits', queryJoined: 'joins',
}

/**
 * Counts over a trace, each made by one pass. Linear.
 *
 * ```ts
 * console.log(TraceAnalysis.from(collector.stop()).format())
 * ```
 */
export class TraceAnalysis {
  readonly trace: Trace
  /** How many events there are of each type. */
  readonly types: Readonly<Partial<Record<EventType, number>>>
  /** Of each query that was heard of, in the order of the first event. */
  readonly queries: readonly QueryCounts[]
  readonly definitions: readonly DefinitionCounts[]
  readonly total: RunCounts
  /** Runs that ended, the slowest first. */
  readonly slowest: readonly TracedRun[]

  private constructor(trace: Trace) {
    this.trace = trace
    const types: Partial<Record<EventType, number>> = {}
    const queries = new Map<string, Writable<QueryCounts>>()
    const definitions = new Map<string, Writable<DefinitionCounts>>()
    const total = noCounts()
    const runs: TracedRun[] = []
    for (const event of trace.events) {
      types[event.type] = (types[event.type] ?? 0) + 1
      if (!('id' in event) || event.type === 'inputSet' || event.type === 'inputRemoved') continue
      const { definition, args, id } = event
      const all = entry(definitions, definition, () => ({ definition, queries: 0, ...noCounts() }))
      const query = entry(queries, debugKey(definition, args), () => (all.queries++, { id, definition, args, ...noCounts() }))
      for (const counts of [query, all, total]) count(counts, event)
      if (event.type in ends) runs.push(runOf(event as RuntimeEvent<keyof typeof ends>))
    }
    this.types = types
    this.queries = [...queries.values()]
    this.definitions = [...definitions.values()]
    this.total = total
    this.slowest = runs.toSorted((a, b) => b.duration - a.duration)
  }

  /** @throws `InvalidDefinitionError` for what is no trace */
  static from(trace: Trace): TraceAnalysis {
    check('The trace', trace, aTrace)
    return new TraceAnalysis(trace)
  }

  /** Tables for people: definitions by time, the slowest runs, the most frequent causes. `rows`: of each at most (default 10). */
  format(options: { readonly rows?: number } = {}): string {
    checkOptions('format: ', options, { rows: aCount })
    const { rows = 10 } = options
    const { trace, types, total, definitions, slowest } = this
    const { events, dropped, startedAt, stoppedAt } = trace
    const commits = (types.revisionBumped ?? 0) + (types.revisionSet ?? 0)
    const head = `${events.length} events${dropped > 0 ? ` (${dropped} older ones dropped)` : ''} in ${(stoppedAt - startedAt).toFixed(1)} ms: ${commits} revisions, ${total.runs} runs, ${total.cutoffs} cut off, ${total.failures} failed, ${total.validations + total.hits + total.joins} kept`
    const byTime = definitions.toSorted((a, b) => b.time - a.time || b.runs - a.runs)
    const parts = [head, section('Definitions', byTime.length, rows, formatTable(
      ['definition', 'queries', 'runs', 'cutoffs', 'failures', 'cancelled', 'validated', 'hits', 'joins', 'ms', 'slowest'],
      byTime.slice(0, rows).map((at) => [oneLine(at.definition), at.queries, at.runs, at.cutoffs, at.failures, at.cancellations, at.validations, at.hits, at.joins, at.time, at.slowest]),
    ))]
    if (slowest.length > 0) {
      parts.push(section('Slowest runs', slowest.length, rows, formatTable(['run', 'ms', 'outcome', 'revision', 'cause'], slowest.slice(0, rows).map((at) => [oneLine(at.id), at.duration, at.outcome, at.revision, oneLine(at.cause)]))))
      const causes = Object.entries(total.causes).toSorted((a, b) => b[1] - a[1])
      parts.push(section('Causes', causes.length, rows, formatTable(['cause', 'runs'], causes.slice(0, rows).map(([cause, times]) => [oneLine(cause), times]))))
    }
    return `${parts.join('\n\n')}\n`
  }
}

function section(title: string, size: number, rows: number, table: string): string {
  return `${title}${size > rows ? ` (${rows} of ${size})` : ''}\n${table}`
}

function noCounts(): Writable<RunCounts> {
  return { runs: 0, computed: 0, cutoffs: 0, failures: 0, cancellations: 0, changes: 0, invalidations: 0, validations: 0, hits: 0, joins: 0, time: 0, slowest: 0, causes: Object.create(null) as Record<string, number> }
}

function entry<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function count(counts: Writable<RunCounts>, event: RuntimeEvent): void {
  const column = counted[event.type]
  if (column !== undefined) counts[column]++
  if (event.type === 'queryStarted') (counts.causes as Record<string, number>)[event.cause] = (counts.causes[event.cause] ?? 0) + 1
  if (event.type !== 'queryComputed' && event.type !== 'queryFailed' && event.type !== 'queryCancelled') return
  counts[ends[event.type]]++
  if (event.type === 'queryComputed' && event.cutoff) counts.cutoffs++
  counts.time += event.duration
  counts.slowest = Math.max(counts.slowest, event.duration)
}

function runOf(event: RuntimeEvent<keyof typeof ends>): TracedRun {
  const { run, id, cause, revision, duration } = event
  const outcome = event.type === 'queryFailed' ? 'failed' : event.type === 'queryCancelled' ? 'cancelled' : event.cutoff ? 'cutoff' : 'changed'
  return Object.freeze({ run, id, cause, revision, duration, outcome })
}
