import type { OperatorFunction } from 'rxjs'
import type { Batch, Revision, View } from '../index.js'
import { aView, check } from '../core/check.js'
import { operator } from './lift.js'
import { type WindowOptions, windows } from './window.js'

/**
 * Makes the writes for many values of a stream one batch: those of one turn, or of a window that opens with the first. Emits the revision
 * of each batch.
 *
 * Each value is written whole or not at all. When `write` throws, what came before it is committed and the stream ends with the error;
 * so it does where the batch as a whole is refused, and then nothing of it is written. What waits when the stream ends, with an error or
 * without, is written first; what waits when it is unsubscribed is not.
 *
 * @throws `InvalidDefinitionError` where an argument is none, or the window no time
 *
 * ```ts
 * changes$.pipe(toInputs(db, (tx, { path, text }) => tx.set(file, path, text), { window: 50 })).subscribe()
 * ```
 */
export function toInputs<T>(view: View, write: (tx: Batch, value: T) => void, options: WindowOptions = {}): OperatorFunction<T, Revision> {
  check('The view of toInputs', view, aView)
  check('The second argument of toInputs', write, [(value) => typeof value === 'function', 'a function that writes a value'])
  const newWindow = windows(options)
  return operator((subscriber) => {
    let waiting: T[] = []
    const window = newWindow(() => {
      const values = waiting
      waiting = []
      try {
        const { revision, written, failure } = writeAll(view, write, values)
        if (written > 0) subscriber.next(revision)
        if (failure !== null) subscriber.error(failure.error)
      } catch (error) {
        subscriber.error(error)
      }
    })
    subscriber.add(() => window.cancel())
    return {
      next(value) {
        waiting.push(value)
        window.open()
      },
      error(error) {
        window.close()
        subscriber.error(error)
      },
      complete() {
        window.close()
        subscriber.complete()
      },
    }
  })
}

interface Written {
  readonly revision: Revision
  readonly written: number
  /** What `write` threw for the value after those that were written. */
  readonly failure: { readonly error: unknown } | null
}

function writeAll<T>(view: View, write: (tx: Batch, value: T) => void, values: readonly T[]): Written {
  let written = 0
  let failure: Written['failure'] = null
  const revision = view.batch(() => {
    for (const value of values) {
      try {
        view.batch((tx) => write(tx, value))
      } catch (error) {
        failure = { error }
        return
      }
      written++
    }
  })
  return { revision, written, failure }
}
