/** What the engine did, as a short log to compare in one assertion. */
import { aView, check } from '../core/check.js'
import type { EventCategory, EventType, RuntimeEvent, View } from '../index.js'

const verbs: { readonly [T in EventType]?: string } = {
  inputSet: 'set',
  inputRemoved: 'remove',
  queryInvalidated: 'stale',
  queryStarted: 'run',
  queryFailed: 'fail',
  queryCancelled: 'cancel',
  queryChanged: 'changed',
  queryValidated: 'keep',
  queryHit: 'hit',
  queryJoined: 'join',
  queryEvicted: 'evict',
}

/** A run that gives an equal result is `same`; one that gives another is its `run` alone. */
function lineOf(event: RuntimeEvent): string | null {
  if (event.type === 'queryComputed') return event.cutoff ? `same ${event.id}` : null
  if (event.type === 'revisionBumped' || event.type === 'revisionSet') return `revision ${event.revision}`
  const verb = verbs[event.type] ?? event.type
  return 'id' in event ? `${verb} ${event.id}` : verb
}

export interface Recording extends Disposable {
  /** The lines since the last call, oldest first. */
  readonly take: () => string[]
  /** Records no more; `take` still gives what there is. */
  readonly stop: () => void
}

/**
 * Records the events of a view from now on, one line for each: `run words(a.md)`, `same words(a.md)` (it ran, and its result is equal),
 * `fail …`, `cancel …`, `keep …` (valid without a run), `hit …`, `join …`, `changed …`, `set file(a.md)`, `remove …`, `stale …`, `revision 3`.
 * Without categories: runs only.
 *
 * ```ts
 * const log = record(db, 'run', 'validation')
 * db.set(file, 'a.md', '# A!')
 * db.get(words, 'a.md')
 * expect(log.take()).toEqual(['run words(a.md)', 'keep title(a.md)'])
 * ```
 */
export function record(view: View, ...categories: EventCategory[]): Recording {
  check('What is recorded', view, aView)
  const lines: string[] = []
  const subscription = view.events(...(categories.length > 0 ? categories : ['run' as const])).subscribe((event) => {
    const line = lineOf(event)
    if (line !== null) lines.push(line)
  })
  return {
    take: () => lines.splice(0),
    stop: () => subscription.unsubscribe(),
    [Symbol.dispose]: () => subscription.unsubscribe(),
  }
}
