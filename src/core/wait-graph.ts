/** Searching who waits for whom. */
import type { Evaluation, Job } from './branch.js'
import type { CycleError } from './errors.js'

/**
 * Whether the target waits, through others, for one of the evaluations at work: the frame, those that called it, and
 * `root`. It looks from both ends at once, so that it costs the smaller half.
 */
export function waitsFor(target: Job, frame: Evaluation | null, root: Job | null): boolean {
  if (frame === null && root === null) return false
  if (target.waits === null) return target === root || isOnStack(target, frame)
  const near = ++target.branch.family.search
  const backward = atWork(frame, root)
  if (backward.length === 0) return false
  for (const job of backward) job.visited = near
  if (target.visited === near) return true
  const far = ++target.branch.family.search
  target.visited = far
  const forward: Job[] = [target]
  for (let i = 0; i < forward.length && i < backward.length; i++) {
    for (let wait = (forward[i] as Job).waits; wait !== null; wait = wait.nextWait) {
      if (wait.target.visited === near) return true
      if (wait.target.visited !== far) forward.push(wait.target)
      wait.target.visited = far
    }
    for (let wait = (backward[i] as Job).waiters; wait !== null; wait = wait.nextWaiter) {
      const waiter = wait.waiter
      if (waiter === null || waiter.visited === near) continue
      if (waiter.visited === far) return true
      waiter.visited = near
      backward.push(waiter)
    }
  }
  return false
}

function isOnStack(job: Job, frame: Evaluation | null): boolean {
  for (let at = frame; at !== null; at = at.parent) if (at.job === job) return true
  return false
}

function atWork(frame: Evaluation | null, root: Job | null): Job[] {
  const jobs: Job[] = root === null ? [] : [root]
  for (let at = frame; at !== null; at = at.parent) if (at.job !== null && at.job !== root) jobs.push(at.job)
  return jobs
}

/** The jobs by which the target waits for one of the evaluations at work, the target first. */
export function ringOf(target: Job, frame: Evaluation): Job[] {
  const ends = new Set(atWork(frame, null))
  const cameFrom = new Map<Job, Job | null>([[target, null]])
  for (const [job] of cameFrom) {
    if (ends.has(job)) {
      const ring: Job[] = []
      for (let at: Job | null = job; at !== null; at = cameFrom.get(at) ?? null) ring.unshift(at)
      return ring
    }
    for (let wait = job.waits; wait !== null; wait = wait.nextWait) if (!cameFrom.has(wait.target)) cameFrom.set(wait.target, job)
  }
  return [target]
}

/** Whether an error is one of ours about a cycle. Asks the error itself nothing: it may be a Proxy. */
export function isCycle(rings: WeakMap<CycleError, unknown>, error: unknown): error is CycleError {
  return typeof error === 'object' && error !== null && rings.has(error as CycleError)
}
