/**
 * How the operators of this folder are made. What they return is lifted from their source, as the operators of RxJS are: so a stream of
 * a database stays in its care, and what a subscriber throws goes to `onUnhandledError`. RxJS alone would stop the process.
 */
import { type Observable, type OperatorFunction, Subscriber } from 'rxjs'

export interface Handlers<T> {
  next(value: T): void
  /** Default: handed on. */
  error?(error: unknown): void
  /** Default: handed on. */
  complete?(): void
}

/** Makes an operator of what each subscriber does with the source. What a handler throws errors the stream. */
export function operator<T, R>(start: (subscriber: Subscriber<R>, source: Observable<T>) => Handlers<T>): OperatorFunction<T, R> {
  return (source) => source.lift<R>({ call: (subscriber, from: Observable<T>) => connect(from, subscriber, start(subscriber, from)) })
}

function connect<T>(source: Observable<T>, subscriber: Subscriber<unknown>, handlers: Handlers<T>): void {
  const guard = (run: () => void): void => {
    try {
      run()
    } catch (error) {
      subscriber.error(error)
    }
  }
  // Joined before it subscribes: a source that emits without end stops when the subscriber leaves.
  const inner = new Subscriber<T>({
    next: (value) => guard(() => handlers.next(value)),
    error: (error: unknown) => guard(() => (handlers.error === undefined ? subscriber.error(error) : handlers.error(error))),
    complete: () => guard(() => (handlers.complete === undefined ? subscriber.complete() : handlers.complete())),
  })
  subscriber.add(inner)
  source.subscribe(inner)
}

/** Hands an error to where those of the stream's subscribers go. */
export function report(stream: Observable<unknown>, error: unknown): void {
  stream.lift<never>({ call: (subscriber) => subscriber.complete() }).subscribe({
    complete() {
      throw error
    },
  })
}
