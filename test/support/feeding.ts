/** Sources that the test feeds by hand. */
import { Observable, Subject } from 'rxjs'
import { source, type SourceOptions } from '../../src/index.js'

/** A source of which the test holds the other end: a subject for each connection, and a log. */
export function feeding<V>(options: SourceOptions<V> = {}, first?: (connection: number) => V | undefined) {
  const log: string[] = []
  const connections: Subject<V>[] = []
  const feed = source('feed', (key: string) =>
    new Observable<V>((subscriber) => {
      const subject = new Subject<V>()
      connections.push(subject)
      const connection = connections.length
      log.push(`+${key}`)
      const subscription = subject.subscribe(subscriber)
      const value = first?.(connection)
      if (value !== undefined) subject.next(value)
      return () => {
        log.push(`-${key}`)
        subscription.unsubscribe()
      }
    }), options)
  const take = (): string[] => log.splice(0)
  const last = (): Subject<V> => connections.at(-1) as Subject<V>
  return { feed, take, connections, last }
}
