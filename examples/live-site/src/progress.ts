/** How far the first build is: one line that moves on a terminal, a line now and then elsewhere. Fed by the activity of the database. */
import type { Database } from 'pebre'
import { asyncScheduler, filter, type Subscription, throttleTime } from 'rxjs'
import { pages } from './queries.js'

export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Shows what has been made and what is on the way, until unsubscribed. A build that is done before the first line is due shows none. */
export function showProgress(db: Database, out: Terminal): Subscription {
  const moves = out.isTTY === true
  const busy$ = db.activity$.pipe(filter(({ running, waiting }) => running + waiting > 0))
  const subscription = busy$.pipe(throttleTime(moves ? 50 : 1000, asyncScheduler, { leading: false, trailing: true })).subscribe(({ running, waiting, finished }) => {
    const line = `building ${db.get(pages).length} pages: ${finished} steps done, ${running + waiting} on the way`
    out.write(moves ? `\r\u001B[K${line.slice(0, (out.columns ?? 80) - 1)}` : `${line}\n`)
  })
  if (moves) subscription.add(() => out.write('\r\u001B[K'))
  return subscription
}
