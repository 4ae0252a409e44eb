/** Who waits for whom. */
import { check, isList } from '../core/check.js'
import { type CycleError, type DebugJob, debugView, type View } from '../index.js'

export interface WaitGraph {
  /** Runs and validations on their way in all views of the database, and the bodies on the stack. */
  readonly jobs: readonly DebugJob[]
  readonly waits: readonly { readonly waiter: DebugJob; readonly target: DebugJob }[]
  /** A line for each job. */
  format(): string
}

/** What the database is working on. Looks only. */
export function waitGraph(view: View): WaitGraph {
  const jobs = debugView(view).look().jobs()
  const targets = (waiter: DebugJob): DebugJob[] => waiter.waitsFor.flatMap((at) => jobs[at] ?? [])
  const waits = jobs.flatMap((waiter) => targets(waiter).map((target) => ({ waiter, target })))
  const format = (): string => {
    if (jobs.length === 0) return 'Nothing is on its way.\n'
    return `${jobs.map((job) => describeJob(job, targets(job))).join('\n')}\n`
  }
  return { jobs, waits, format }
}

function describeJob({ id, phase, isValidating, revision, isWanted }: DebugJob, targets: readonly DebugJob[]): string {
  const work = isValidating ? 'is being validated' : phase === 'running' ? 'is running' : phase === 'suspended' ? 'awaits something of its own' : 'waits'
  const on = targets.length > 0 ? `${isValidating || phase === 'running' ? `${work} and waits` : 'waits'} for ${targets.map((target) => target.id).join(', ')}` : work
  return `${id} ${on}, at revision ${revision}${isWanted ? '; callers outside wait for it' : ''}`
}

/** The path of a cycle, a line for each step. @throws `InvalidDefinitionError` for any other error */
export function formatCycle(error: CycleError): string {
  check('The error', error, [(value) => isList((value as Partial<CycleError> | null | undefined)?.path) && isList((value as Partial<CycleError>).wayIn), 'a CycleError'])
  const { path, wayIn } = error
  const steps = path.map((id, i) => `${'  '.repeat(Math.min(i, 20))}${i === 0 ? '' : 'needs '}${id}${i > 0 && i === path.length - 1 ? '  <- again' : ''}`)
  return `${[...(wayIn.length === 0 ? [] : [`entered through ${wayIn.join(' -> ')}`]), ...steps].join('\n')}\n`
}
