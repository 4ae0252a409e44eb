/** What debug tools may ask of a view: to look, to count, and to be handed events as they are made. */
import type { Branch } from './branch.js'
import { aView, check } from './check.js'
import { deepFreeze } from './equality.js'
import { checkCategories, type EventCategory, type RuntimeEvent } from './events.js'
import { encodeArgs } from './key.js'
import { Looker } from './look.js'
import { type DefinitionStats, definitionStats, type Totals, totalsOf } from './statistics.js'
import { hear } from './tell.js'
import type { View } from './view.js'

/** A view, as debug tools see it. */
export interface DebugView {
  /** The records of the view as they are now; the result is good until the next change of anything. */
  look(): Pick<Looker, 'revision' | 'records' | 'find' | 'findNamed' | 'get' | 'invalidation' | 'jobs'>
  stats(): DefinitionStats[]
  /** Counts of all queries together, made without looking at any. */
  totals(): Totals
  /** Counts hits, joins, validations and time, in all views of the database, until the result is called. */
  count(): () => void
  /** Hands every event of some categories to a recorder as it is made, before anybody is told; `take` must not call other code. The result ends it. */
  tap(categories: readonly EventCategory[], take: (event: RuntimeEvent) => void): () => void
  /** Freezes plain objects and arrays deeply, as values of inputs are in development. */
  freeze(value: unknown): void
  /** Tells of reads through a `q` after its evaluation had ended. The result ends it. */
  onMisuse(told: (error: Error) => void): () => void
}

/** A text for a record: two have the same only if definition and arguments are the same. */
export function debugKey(definition: string, args: readonly unknown[]): string {
  return `${definition.length}:${definition}${encodeArgs(definition, args)}`
}

/** The door for debug tools, and for nothing else: what it shows may change with every version. @throws InvalidDefinitionError for anything but a view */
export function debugView(view: View): DebugView {
  check('What is looked at', view, aView)
  const { branch } = view as unknown as { readonly branch: Branch }
  return {
    look: () => new Looker(branch),
    stats: () => definitionStats(new Looker(branch)),
    totals: () => totalsOf(branch.family),
    count() {
      const { delivery, hubs } = branch.family
      let isOver = false
      delivery.counting++
      for (const hub of hubs) hub.refresh()
      return () => {
        if (isOver) return
        isOver = true
        delivery.counting--
        for (const hub of hubs) hub.refresh()
      }
    },
    tap(categories, take) {
      checkCategories(categories)
      return branch.hub.tap(categories, take, (isHeard) => hear(branch, isHeard))
    },
    freeze: (value) => void deepFreeze(value, branch.family.frozen),
    onMisuse(told) {
      const { delivery } = branch.family
      const tell = (error: Error): void => told(error)
      delivery.misused.add(tell)
      return () => void delivery.misused.delete(tell)
    },
  }
}
