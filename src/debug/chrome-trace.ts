/** A trace in the format that the performance panels of browsers, and Perfetto, open. */
import { check } from '../core/check.js'
import type { RuntimeEvent } from '../index.js'
import { aTrace, type Trace } from './trace.js'

/** One entry of the format. Times are in microseconds. */
export interface ChromeTraceEvent {
  readonly name: string
  readonly cat: string
  /** `X`: something that took time; `i`: an instant; `M`: a name for a lane. */
  readonly ph: 'X' | 'i' | 'M'
  readonly ts: number
  readonly dur?: number
  readonly pid: number
  readonly tid: number
  readonly s?: 'p'
  readonly args: Readonly<Record<string, string | number | boolean>>
}

export interface ChromeTrace {
  readonly traceEvents: readonly ChromeTraceEvent[]
  readonly displayTimeUnit: 'ms'
}

type End = RuntimeEvent<'queryComputed' | 'queryFailed' | 'queryCancelled'>

interface Run {
  readonly end: End
  readonly start: number
  readonly parent: number
}

/** Runs stand in lanes: within one they lie inside each other or side by side. Runs of which the start or the end is missing are left out. @throws `InvalidDefinitionError` for what is no trace */
export function toChromeTrace(trace: Trace): ChromeTrace {
  check('The trace', trace, aTrace)
  const { events, startedAt } = trace
  const micro = (time: number): number => Math.round((time - startedAt) * 1000)
  const started = new Map<number, RuntimeEvent<'queryStarted'>>()
  const runs: Run[] = []
  const traceEvents: ChromeTraceEvent[] = []
  for (const event of events) {
    if (event.type === 'queryStarted') started.set(event.run, event)
    const start = 'run' in event && event.type !== 'queryStarted' ? started.get(event.run) : undefined
    if (start !== undefined) runs.push({ end: event as End, start: start.time, parent: start.parent })
    if (event.type === 'revisionBumped' || event.type === 'revisionSet' || event.type === 'inputSet' || event.type === 'inputRemoved') {
      const name = 'id' in event ? `${event.type === 'inputSet' ? 'set' : 'remove'} ${event.id}` : `revision ${event.revision}`
      traceEvents.push({ name, cat: 'commit', ph: 'i', s: 'p', ts: micro(event.time), pid: 1, tid: 0, args: { revision: event.revision } })
    }
  }
  const lanes = laneOf(runs)
  for (const { end, start } of runs) {
    const { id, type, run, cause, revision } = end
    const outcome = type === 'queryComputed' ? (end.cutoff ? 'cutoff' : 'changed') : type === 'queryFailed' ? 'failed' : 'cancelled'
    traceEvents.push({ name: id, cat: 'run', ph: 'X', ts: micro(start), dur: Math.max(0, micro(end.time) - micro(start)), pid: 1, tid: lanes.get(run) ?? 1, args: { run, cause, revision, outcome } })
  }
  const names = [...new Set(traceEvents.map(({ tid }) => tid))].toSorted((a, b) => a - b)
  const named = names.map((tid): ChromeTraceEvent => ({ name: 'thread_name', cat: '__metadata', ph: 'M', ts: 0, pid: 1, tid, args: { name: tid === 0 ? 'commits' : `runs ${tid}` } }))
  return { traceEvents: [...named, ...traceEvents.toSorted((a, b) => a.ts - b.ts)], displayTimeUnit: 'ms' }
}

/** The lane of each run: that of the one that asked for it, if it lies inside it and nothing else does at the time; or else a free one. */
function laneOf(runs: readonly Run[]): ReadonlyMap<number, number> {
  const lanes = new Map<number, number>()
  /** The ends of the runs that are open in each lane, the innermost last. */
  const open: { readonly end: number; readonly run: number }[][] = []
  for (const { end, start, parent } of runs.toSorted((a, b) => a.start - b.start || b.end.time - a.end.time || a.end.run - b.end.run)) {
    for (const stack of open) while (stack.length > 0 && (stack.at(-1)?.end ?? 0) <= start) stack.pop()
    const inner = (lanes.get(parent) ?? 0) - 1
    const top = open[inner]?.at(-1)
    const fits = top !== undefined && top.run === parent && top.end >= end.time
    const free = open.findIndex((stack) => stack.length === 0)
    const lane = fits ? inner : free >= 0 ? free : open.push([]) - 1
    open[lane]?.push({ end: end.time, run: end.run })
    lanes.set(end.run, lane + 1)
  }
  return lanes
}
