/** The events of evaluations. Every function here is called only where somebody listens. */
import { type Branch, type Evaluation, HEARD, type Job } from './branch.js'
import type { EventBody, RecordName } from './events.js'
import { describeValue } from './describe.js'
import { argsOf, BROKEN, type Cell, FAILED, type Failure, idOf, isSource, type Node, type Outcome, VOLATILE } from './node.js'
import { ABSENT } from './revision.js'

/** Somebody has begun to listen, or nobody does any more. Evaluations on their way tell their hits from now on. */
export function hear(branch: Branch, isHeard: boolean): void {
  if (branch.parent === null) branch.family.note(HEARD, isHeard)
  if (isHeard) for (let job = branch.jobs; job !== null; job = job.next) if (job.frame !== null) job.frame.quick = 0
}

export function nameOf(node: Node): RecordName {
  return Object.freeze({ definition: node.table.definition.name, args: Object.freeze([...argsOf(node)]), id: idOf(node) })
}

/** A value as an event carries it: itself, or a description of what cannot be cloned. */
export function cloneable(value: unknown): unknown {
  try {
    if (typeof value === 'object' ? value !== null : typeof value === 'function' || typeof value === 'symbol') structuredClone(value)
    return value
  } catch {
    return describeValue(value)
  }
}

/** Why a cell is about to run: `new`, `failure`, `volatile`, `interrupted`, or the id of what changed. */
export function causeOf(cell: Cell): string {
  if (cell.stamp === ABSENT) return 'new'
  if ((cell.flags & FAILED) !== 0) return 'failure'
  if ((cell.flags & BROKEN) !== 0) return 'interrupted'
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) if (edge.dep.stamp !== edge.stamp) return idOf(edge.dep)
  return (cell.flags & VOLATILE) !== 0 ? 'volatile' : 'invalidated'
}

export function tellRead(branch: Branch, cell: Cell, type: 'queryHit' | 'queryJoined' | 'queryValidated'): void {
  if (isSource(cell)) return
  const category = type === 'queryHit' ? 'hit' : type === 'queryJoined' ? 'join' : 'validation'
  if (branch.hub.wants(category)) branch.hub.emit(branch.revision, { type, ...nameOf(cell) })
}

export function tellStarted(frame: Evaluation): void {
  const { branch, cell, run, trace } = frame
  if (trace === null || !branch.hub.wants('run') || isSource(cell)) return
  trace.startedAt = performance.now()
  branch.hub.emit(branch.revision, { type: 'queryStarted', ...nameOf(cell), run, cause: trace.cause })
}

/** A run has settled, and what it gave can be read. */
export function tellSettled(frame: Evaluation, outcome: Outcome, changed: boolean): void {
  const { branch, cell, run, trace } = frame
  const { hub, revision } = branch
  // A run nobody heard begin is not heard to end.
  if (trace !== null && trace.startedAt !== 0 && hub.wants('run')) {
    const common = { ...nameOf(cell), run, cause: trace.cause, duration: performance.now() - trace.startedAt }
    const body: EventBody =
      (outcome.flags & FAILED) !== 0
        ? { type: 'queryFailed', ...common, error: describeError((outcome.value as Failure).error) }
        : { type: 'queryComputed', ...common, cutoff: !changed }
    hub.emit(revision, body)
  }
  if (changed && hub.wants('change') && !isSource(cell)) hub.emit(revision, { type: 'queryChanged', ...nameOf(cell) })
}

export function tellCancelledRun(frame: Evaluation): void {
  const { branch, cell, run, trace } = frame
  if (trace === null || trace.startedAt === 0 || !branch.hub.wants('run')) return
  branch.hub.emit(branch.revision, { type: 'queryCancelled', ...nameOf(cell), run, cause: trace.cause, duration: performance.now() - trace.startedAt })
}

/** Told of every job that is cancelled; one that was only validating has started no run. */
export function tellCancelled(job: Job): void {
  if (job.frame !== null) tellCancelledRun(job.frame)
}

const textOf = (part: unknown): string => (typeof part === 'string' ? part : describeValue(part))

function describeError(error: unknown): { readonly name: string; readonly message: string } {
  try {
    if (error instanceof Error) return Object.freeze({ name: textOf(error.name), message: textOf(error.message) })
    return Object.freeze({ name: typeof error, message: describeValue(error) })
  } catch {
    return Object.freeze({ name: 'unknown', message: 'an error that cannot be described' })
  }
}
