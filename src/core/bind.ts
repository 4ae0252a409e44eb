/** Inputs written by Observables that somebody connects by hand. */
import { type ObservableInput, Subject, Subscription, takeUntil } from 'rxjs'
import type { Branch } from './branch.js'
import { WriteInQueryError } from './errors.js'
import { follow } from './stream.js'

/** Writes every value of an Observable; what goes wrong is reported. @throws WriteInQueryError from inside a query; InvalidDefinitionError for what RxJS cannot follow */
export function bindInput<V>(branch: Branch, label: string, source: ObservableInput<V>, write: (value: V) => void): Subscription {
  const { family, hub } = branch
  const { delivery } = family
  const inside = delivery.bodyOnTop()
  if (inside !== null) throw new WriteInQueryError('bind', inside)
  const values = follow(source, 'What bind follows')
  const connection = new Subscription()
  const open = { complete: () => connection.unsubscribe() }
  hub.open.add(open)
  const end = new Subject<void>()
  connection.add(() => {
    hub.open.delete(open)
    end.next()
  })
  const writeNow = (value: V): void => {
    if (!connection.closed) delivery.guard(() => write(value))
  }
  values.pipe(takeUntil(end)).subscribe({
    next: (value) => {
      if (delivery.bodyOnTop() === null) writeNow(value)
      else {
        // A body made it emit: the write waits until the body has left the stack.
        delivery.announce(label, () => writeNow(value))
        queueMicrotask(() => family.host.idle())
      }
    },
    error: (error: unknown) => {
      connection.unsubscribe()
      delivery.report(error)
    },
    complete: () => connection.unsubscribe(),
  })
  return connection
}
