/** The events of evaluations. Every function here is called only where somebody listens. */
import { type Branch, type Evaluation, HEARD, type Job } from './branch.js'
import type { EventBody, RecordName } from './events.js'
import { describeValue } from './describe.js'
import { argsOf, BROKEN, type Cell, FAILED, type Failure, idOf, isAnswer, isCell, isSource, type Node, type Outcome, VOLATILE } from './node.js'
import { ABSENT } from './revision.js'

/** Somebody listens to the events of a branch, or nobody does any more. Evaluations on their way tell their hits from now on. */
export function hear(branch: Branch, isHeard: boolean): void {
  if (branch.parent === null) branch.family.note(HEARD, isHeard)
  if (isHeard) for (let job = branch.jobs; job !== null; job = job.next) if (job.frame !== null) job.frame.quick = 0
}

/** Made once for each record as long as somebody listens, unless the arguments hold what nobody can share. */
export function nameOf({ origin }: Node): RecordName {
  const { copiesArgs, branch, definition } = origin.table
  const { names } = (branch as Branch).family.delivery
  const known = names.get(origin)
  if (known !== undefined) return known
  const name = Object.freeze({ definition: definition.name, args: Object.freeze([...argsOf(origin)]), id: idOf(origin) })
  if (!copiesArgs) names.set(origin, name)
  return name
}

type Bare = 'queryHit' | 'queryJoined' | 'queryValidated' | 'queryChanged'

/** What there is to say of a record alone. */
function aboutOf(type: Bare, cell: Cell): EventBody {
  const { definition, args, id } = nameOf(cell)
  return { type, definition, args, id }
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
  for (let edge = cell.deps; edge !== null; edge = edge.nextDep) if (edge.dep.stamp !== edge.stamp) return changeOf(edge.dep.origin)
  return (cell.flags & VOLATILE) !== 0 ? 'volatile' : 'invalidated'
}

/** What changed, as debug tools name it: nobody can ask for a hidden slot by its arguments. */
function changeOf(origin: Node): string {
  const { table } = origin
  const { name } = table.definition
  if (origin === table.keys) return `keys of ${name}`
  if (origin === table.entries) return `entries of ${name}`
  return name === '' && !isCell(origin) ? 'invalidated' : nameOf(origin).id
}

/** Nobody has defined it as a query. */
const isHidden = (cell: Cell): boolean => isSource(cell) || isAnswer(cell)

export function tellRead(branch: Branch, cell: Cell, type: 'queryHit' | 'queryJoined' | 'queryValidated'): void {
  if (isHidden(cell)) return
  if (branch.hub.delivery.counting > 0) countRead(cell, type)
  const category = type === 'queryHit' ? 'hit' : type === 'queryJoined' ? 'join' : 'validation'
  if (branch.hub.wants(category)) branch.hub.emit(branch.revision, aboutOf(type, cell))
}

export function tellStarted(frame: Evaluation): void {
  const { branch, cell, run, trace } = frame
  if (trace === null || isHidden(frame.cell)) return
  trace.startedAt = performance.now()
  if (!branch.hub.wants('run')) return
  trace.isTold = true
  const { definition, args, id } = nameOf(cell)
  branch.hub.emit(branch.revision, { type: 'queryStarted', definition, args, id, run, cause: trace.cause, parent: frame.parent?.run ?? 0 })
}

function countRead({ table: { tally } }: Cell, type: 'queryHit' | 'queryJoined' | 'queryValidated'): void {
  if (type === 'queryHit') tally.hits++
  else if (type === 'queryJoined') tally.joins++
  else tally.validations++
}

/** How long a run took; counted where somebody counts. */
function durationOf({ branch, cell, trace }: Evaluation): number {
  if (trace === null || trace.startedAt === 0) return 0
  const duration = performance.now() - trace.startedAt
  if (branch.hub.delivery.counting > 0) cell.table.tally.time += duration
  return duration
}

/** A run has settled, and what it gave can be read. */
export function tellSettled(frame: Evaluation, outcome: Outcome, changed: boolean): void {
  const { branch, cell, run, trace } = frame
  const { hub, revision } = branch
  const duration = durationOf(frame)
  // A run nobody heard begin is not heard to end.
  if (trace !== null && trace.isTold === true && hub.wants('run')) {
    const { definition, args, id } = nameOf(cell)
    const { cause } = trace
    const body: EventBody =
      (outcome.flags & FAILED) !== 0
        ? { type: 'queryFailed', definition, args, id, run, cause, duration, error: describeError((outcome.value as Failure).error) }
        : { type: 'queryComputed', definition, args, id, run, cause, duration, cutoff: !changed }
    hub.emit(revision, body)
  }
  if (changed && hub.wants('change') && !isHidden(cell)) hub.emit(revision, aboutOf('queryChanged', cell))
}

export function tellCancelledRun(frame: Evaluation): void {
  const { branch, cell, run, trace } = frame
  const duration = durationOf(frame)
  if (trace === null || trace.isTold !== true || !branch.hub.wants('run')) return
  const { definition, args, id } = nameOf(cell)
  branch.hub.emit(branch.revision, { type: 'queryCancelled', definition, args, id, run, cause: trace.cause, duration })
}

/** Told of every job that is cancelled; one that was only validating has started no run. */
export function tellCancelled(job: Job): void {
  if (job.frame === null) return
  job.cell.table.tally.cancellations++
  tellCancelledRun(job.frame)
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
