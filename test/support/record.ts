/** What the engine did, as a short log: `run words(a.md)`, `same words(a.md)`, `fail …`, `cancel …`, `set file(a.md)`, `stale words(a.md)`. */
import type { EventCategory, RuntimeEvent, View } from '../../src/index.js'

const verbs: Readonly<Record<string, string>> = {
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

function line(event: RuntimeEvent): string | null {
  if (event.type === 'queryComputed') return event.cutoff ? `same ${event.id}` : null
  if (event.type === 'revisionBumped' || event.type === 'revisionSet') return `revision ${event.revision}`
  const verb = verbs[event.type]
  return verb === undefined ? event.type : `${verb} ${'id' in event ? event.id : ''}`.trim()
}

export interface Recording {
  /** The lines since the last call. */
  take(): string[]
  stop(): void
}

/** Records events; by default runs only. */
export function record(view: View, ...categories: EventCategory[]): Recording {
  let lines: string[] = []
  const subscription = view.events(...(categories.length > 0 ? categories : ['run' as const])).subscribe((event) => {
    const text = line(event)
    if (text !== null) lines.push(text)
  })
  return {
    take() {
      const taken = lines
      lines = []
      return taken
    },
    stop() {
      subscription.unsubscribe()
    },
  }
}
