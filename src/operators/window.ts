/** Spans of time in which things are collected. */
import { asapScheduler, asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs'
import { anObjectWith, checkOptions, type Rule } from '../core/check.js'

export interface WindowOptions {
  /** How many milliseconds what comes is collected, from the first on. Default 0: until the end of the present turn. */
  readonly window?: number
  /** What measures them. Default: `asapScheduler` for a window of 0, else `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** The longest time that timers can measure. */
const LONGEST = 2 ** 31 - 1

/** How options that say when are looked at. */
export const windowRules: { readonly window: Rule; readonly scheduler: Rule } = {
  window: [(value: unknown) => typeof value === 'number' && value >= 0 && value <= LONGEST, `a number of milliseconds from 0 to ${LONGEST}`],
  scheduler: anObjectWith('schedule', 'now'),
}

/** A maker of windows. @throws `InvalidDefinitionError` where the window is no time, or the scheduler none */
export function windows(options: WindowOptions): (onClose: () => void) => Window {
  checkOptions('', options, windowRules)
  const { window = 0, scheduler = window > 0 ? asyncScheduler : asapScheduler } = options
  return (onClose) => new Window(window, scheduler, onClose)
}

/** Opens with what comes first, and closes once when its time is over. */
export class Window {
  private readonly duration: number
  private readonly scheduler: SchedulerLike
  private readonly onClose: () => void
  private isOpen = false
  private action: Subscription | null = null

  constructor(duration: number, scheduler: SchedulerLike, onClose: () => void) {
    this.duration = duration
    this.scheduler = scheduler
    this.onClose = onClose
  }

  open(): void {
    if (this.isOpen) return
    this.isOpen = true
    this.action = this.scheduler.schedule(() => this.close(), this.duration)
  }

  /** Closes it now, if it is open. */
  close(): void {
    if (!this.isOpen) return
    this.cancel()
    this.onClose()
  }

  /** Ends it; what was collected is nobody's any more. */
  cancel(): void {
    this.isOpen = false
    this.action?.unsubscribe()
    this.action = null
  }
}
