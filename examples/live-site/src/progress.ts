/** How far the first build is: one line that moves on a terminal, a line now and then elsewhere. Fed by the events of the database. */
import type { Database } from 'pebre'
import type { Subscription } from 'rxjs'
import { page, pages } from './queries.js'

export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const width = 30

/** Shows how many pages stand, until unsubscribed. */
export function showProgress(db: Database, out: Terminal): Subscription {
  const moves = out.isTTY === true
  const pause = moves ? 50 : 1000
  const total = lazy(() => db.get(pages).length)
  let built = 0
  let shownAt = performance.now()
  const subscription = db.events('run').subscribe((event) => {
    if ((event.type !== 'queryComputed' && event.type !== 'queryFailed') || event.definition !== page.name || built === total()) return
    built++
    if (event.time - shownAt < pause && built < total()) return
    shownAt = event.time
    out.write(moves ? `\r\u001B[K${bar(built, total(), event.id, out.columns ?? 80)}` : `building: ${built} of ${total()} pages\n`)
  })
  if (moves) subscription.add(() => out.write('\r\u001B[K'))
  return subscription
}

function bar(built: number, total: number, id: string, columns: number): string {
  const filled = Math.round((built / total) * width)
  const line = `building ${'━'.repeat(filled)}${'╌'.repeat(width - filled)} ${built} of ${total}  ${id}`
  return line.slice(0, columns - 1)
}

/** Counted with the first page that stands: before, nobody has read the folder. */
function lazy<V>(make: () => V): () => V {
  let made: { readonly value: V } | undefined
  return () => (made ??= { value: make() }).value
}
