/** Edits leave queries behind that nobody asks any more: those of blocks of code, links and pages that stand nowhere now. They go from time to time. */
import { type Database, ClosedError } from 'pebre'
import { filter, type Subscription, switchMap } from 'rxjs'
import type { Logger } from './log.js'
import { report } from './queries.js'

/** So many revisions may leave something behind. */
const revisions = 100

/** Keeps what the site is made of and what browsers follow. The first time at once: what was kept from the last start has such queries too. */
export function dropUnused(db: Database, log: Logger): Subscription {
  const due = db.revision$.pipe(filter((_revision, passed) => passed % revisions === 0))
  // With the report valid, all that the site needs hangs on it.
  return due.pipe(switchMap(async () => db.get(report))).subscribe({
    next: () => log.debug(db.collect({ roots: [[report]] }), 'dropped what nobody needs'),
    error(error) {
      if (!(error instanceof ClosedError)) log.error({ err: error }, 'what nobody needs is no longer dropped')
    },
  })
}
