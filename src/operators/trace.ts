import type { MonoTypeOperatorFunction } from 'rxjs'
import { describeValue, type View } from '../index.js'
import { aFunction, aView, check, checkOptions } from '../core/check.js'
import { operator, report } from './lift.js'

export interface TraceOptions {
  /** Whose revision each line tells. */
  readonly view?: View
  /** Where the lines go. Default: `console.debug`. What it throws is reported like what a subscriber throws. */
  readonly sink?: (line: string) => void
  /** Milliseconds. Default: `performance.now`. */
  readonly now?: () => number
}

/**
 * Tells what passes through a stream: what, when, and at which revision. The stream itself is as it was.
 *
 * ```ts
 * db.observe(title, 'a.md').pipe(trace('title', { view: db })).subscribe()
 * // title subscribed, revision 3, 0.0 ms
 * // title next 'Home', revision 3, 0.2 ms
 * ```
 *
 * The milliseconds are those since the subscription.
 * @throws `InvalidDefinitionError` where the label or an option is none
 */
export function trace<T>(label: string, options: TraceOptions = {}): MonoTypeOperatorFunction<T> {
  check('The label', label, [(value) => typeof value === 'string', 'a string'])
  checkOptions('trace: ', options, { view: aView, sink: aFunction, now: aFunction })
  const { view, sink = toConsole, now = () => performance.now() } = options
  return operator<T, T>((subscriber, source) => {
    const start = now()
    let ended = false
    const tell = (what: string): void => {
      try {
        const at = view === undefined ? '' : `, revision ${view.revision}`
        sink(`${label} ${what}${at}, ${(now() - start).toFixed(1)} ms`)
      } catch (error) {
        report(source, error)
      }
    }
    subscriber.add(() => {
      if (!ended) tell('unsubscribed')
    })
    tell('subscribed')
    return {
      next(value) {
        tell(`next ${describeValue(value)}`)
        subscriber.next(value)
      },
      error(error) {
        ended = true
        tell(`error ${describeValue(error)}`)
        subscriber.error(error)
      },
      complete() {
        ended = true
        tell('complete')
        subscriber.complete()
      },
    }
  })
}

function toConsole(line: string): void {
  // oxlint-disable-next-line no-console -- what a trace is for
  console.debug(line)
}
