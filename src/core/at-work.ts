/** Who is at work, and who waits for whom. Only looks. */
import { ENDED, type Evaluation, type Family, Job } from './branch.js'
import { idOf } from './node.js'
import type { Revision } from './revision.js'

/** One job, or one body on the stack. */
export interface DebugJob {
  readonly handle: object
  readonly id: string
  /** `suspended`: the body awaits something. `waiting`: it needs the outcome of others. */
  readonly phase: 'running' | 'suspended' | 'waiting'
  /** It compares what was read, and has not run the body. */
  readonly isValidating: boolean
  readonly revision: Revision
  /** Positions, in the list of jobs, of those it waits for. */
  readonly waitsFor: readonly number[]
  /** Whether callers or live queries outside wait for it. */
  readonly isWanted: boolean
}

/** Jobs of all views of the database, and the bodies on the stack. */
export function jobsOf(family: Family): DebugJob[] {
  const jobs: (Job | Evaluation)[] = []
  for (const branch of family.busy) for (let { jobs: job } = branch; job !== null; job = job.next) jobs.push(job)
  for (let at = family.active; at !== null; at = at.parent) if (at.job === null && at.state !== ENDED) jobs.push(at)
  const position = new Map(jobs.map((job, i) => [job, i]))
  const needs = new Map<Job | Evaluation, number[]>()
  const add = (waiter: Job | Evaluation, target: Job | Evaluation): void => {
    const at = position.get(target)
    if (at !== undefined) needs.set(waiter, [...(needs.get(waiter) ?? []), at])
  }
  for (const job of jobs) if (job instanceof Job) for (let { waits: wait } = job; wait !== null; wait = wait.nextWait) add(job, wait.target)
  for (let at = family.active; at?.parent != null; at = at.parent) add(at.parent.job ?? at.parent, at.job ?? at)
  return jobs.map((job) => ({ ...(job instanceof Job ? describeJob(job) : describeBody(job)), waitsFor: needs.get(job) ?? [] }))
}

function describeJob(job: Job): Omit<DebugJob, 'waitsFor'> {
  let isWanted = job.holders > 0
  for (let wait = job.waiters; wait !== null; wait = wait.nextWaiter) isWanted ||= wait.waiter === null
  const phase = job.phase === 'done' ? 'waiting' : job.phase
  return { handle: job.cell.origin, id: idOf(job.cell), phase, isValidating: job.frame === null, revision: job.branch.revision, isWanted }
}

function describeBody({ cell, branch }: Evaluation): Omit<DebugJob, 'waitsFor'> {
  return { handle: cell.origin, id: idOf(cell), phase: 'running', isValidating: false, revision: branch.revision, isWanted: false }
}
