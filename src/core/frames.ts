/** A scheduler for browsers: what is scheduled between two frames runs together before the next one is painted. */
import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs'
import { anObjectWith, check } from './check.js'

/** Where frames come from. Browsers have both functions; tests give their own. */
export interface FrameSource {
  readonly requestAnimationFrame: (callback: () => void) => number
  readonly cancelAnimationFrame: (handle: number) => void
}

/**
 * A scheduler of RxJS, for `observeOn`, `auditTime` and `effect`: work runs in the next frame, in the order in which it was scheduled. Work that
 * throws does not keep the rest from running. What is scheduled in a frame runs in the next one. A delay counts from the frame after it has passed.
 * Hidden pages paint no frames, and so run nothing.
 * @throws `InvalidDefinitionError` for a source that gives no frames
 *
 * ```ts
 * db.effect((q) => draw(q.get(scene)), { scheduler: frameScheduler() })
 * ```
 */
export function frameScheduler(source: FrameSource = globalThis): SchedulerLike {
  // Where the platform has none, that matters only to who schedules.
  if (source !== globalThis) check('A source of frames', source, anObjectWith('requestAnimationFrame', 'cancelAnimationFrame'))
  return new FrameScheduler(source)
}

class FrameScheduler implements SchedulerLike {
  private readonly source: FrameSource
  private readonly waiting = new Set<FrameAction<unknown>>()
  private handle: number | null = null

  constructor(source: FrameSource) {
    this.source = source
  }

  now(): number {
    return performance.now()
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    return new FrameAction(this, work).schedule(state, delay)
  }

  add(action: FrameAction<unknown>): void {
    this.waiting.add(action)
    this.handle ??= this.source.requestAnimationFrame(() => this.run())
  }

  remove(action: FrameAction<unknown>): void {
    this.waiting.delete(action)
    if (this.waiting.size > 0 || this.handle === null) return
    this.source.cancelAnimationFrame(this.handle)
    this.handle = null
  }

  private run(): void {
    this.handle = null
    const now = this.now()
    let failure: { readonly error: unknown } | null = null
    for (const action of Array.from(this.waiting)) {
      // An earlier one may have taken it back.
      if (action.dueAt > now || !this.waiting.delete(action)) continue
      try {
        action.execute()
      } catch (error) {
        action.unsubscribe()
        if (failure === null) failure = { error }
        else queueMicrotask(() => { throw error })
      }
    }
    if (this.waiting.size > 0) this.handle ??= this.source.requestAnimationFrame(() => this.run())
    if (failure !== null) throw failure.error
  }
}

class FrameAction<T> extends Subscription implements SchedulerAction<T> {
  dueAt = 0
  private readonly scheduler: FrameScheduler
  private readonly work: (this: SchedulerAction<T>, state?: T) => void
  private state: T | undefined
  private isWaiting = false

  constructor(scheduler: FrameScheduler, work: (this: SchedulerAction<T>, state?: T) => void) {
    super(() => this.scheduler.remove(this as FrameAction<unknown>))
    this.scheduler = scheduler
    this.work = work
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this
    this.state = state
    this.dueAt = delay > 0 ? this.scheduler.now() + delay : 0
    this.isWaiting = true
    this.scheduler.add(this as FrameAction<unknown>)
    return this
  }

  execute(): void {
    this.isWaiting = false
    this.work(this.state)
    if (!this.isWaiting) this.unsubscribe()
  }
}
