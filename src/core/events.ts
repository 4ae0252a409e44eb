/**
 * What the engine says about itself. Events are plain frozen objects that survive structured clone; each belongs to a
 * category, and no object is made for a category nobody listens to.
 */
import { check, oneOf } from './check.js'
import type { Revision } from './revision.js'

/** A record, as events name it. */
export interface RecordName {
  readonly definition: string
  readonly args: readonly unknown[]
  /** `name(args)`, cut where it is long. */
  readonly id: string
}

interface Base {
  /** Counts the events of one database. */
  readonly sequence: number
  /** The revision of the view the event belongs to. */
  readonly revision: Revision
  /** Milliseconds of a clock that never goes back. */
  readonly time: number
}

export type EventBody =
  | { readonly type: 'revisionBumped' }
  | { readonly type: 'revisionSet' }
  | ({ readonly type: 'inputSet'; readonly value: unknown } & RecordName)
  | ({ readonly type: 'inputRemoved' } & RecordName)
  | ({ readonly type: 'queryInvalidated'; readonly by: RecordName } & RecordName)
  | ({
      readonly type: 'queryStarted'
      readonly run: number
      /** `new`, `failure`, `volatile`, `invalidated`, `interrupted`, or the id of the first dependency that changed (`keys of NAME`, `entries of NAME`). */
      readonly cause: string
      /** The run that asked for it; 0: a caller outside, or a validation. */
      readonly parent: number
    } & RecordName)
  | ({
      readonly type: 'queryComputed'
      readonly run: number
      readonly cause: string
      /** Milliseconds between start and end. */
      readonly duration: number
      /** The result equals the one before, so that no dependent runs. */
      readonly cutoff: boolean
    } & RecordName)
  | ({
      readonly type: 'queryFailed'
      readonly run: number
      readonly cause: string
      readonly duration: number
      readonly error: { readonly name: string; readonly message: string }
    } & RecordName)
  | ({ readonly type: 'queryCancelled'; readonly run: number; readonly cause: string; readonly duration: number } & RecordName)
  | ({ readonly type: 'queryChanged' } & RecordName)
  | ({ readonly type: 'queryValidated' } & RecordName)
  | ({ readonly type: 'queryHit' } & RecordName)
  | ({ readonly type: 'queryJoined' } & RecordName)
  | ({ readonly type: 'queryEvicted' } & RecordName)
  | { readonly type: 'snapshotCreated' }
  | {
      readonly type: 'cacheSaved' | 'cacheLoaded'
      /** The revision that was saved; the one since the load. */
      readonly upTo: Revision
      readonly bytes: number
    }
  | {
      readonly type: 'walAppended'
      /** How many commits have just been appended to the log; the last of them made `upTo`. */
      readonly commits: number
      readonly upTo: Revision
    }

export type EventType = EventBody['type']

/** One thing that happened. */
export type RuntimeEvent<T extends EventType = EventType> = Base & Extract<EventBody, { readonly type: T }>

export type EventCategory = 'revision' | 'input' | 'invalidation' | 'run' | 'change' | 'validation' | 'hit' | 'join' | 'eviction' | 'snapshot' | 'storage'

/** The category of each type. */
export const categoryOf: Readonly<Record<EventType, EventCategory>> = Object.freeze({
  revisionBumped: 'revision',
  revisionSet: 'revision',
  inputSet: 'input',
  inputRemoved: 'input',
  queryInvalidated: 'invalidation',
  queryStarted: 'run',
  queryComputed: 'run',
  queryFailed: 'run',
  queryCancelled: 'run',
  queryChanged: 'change',
  queryValidated: 'validation',
  queryHit: 'hit',
  queryJoined: 'join',
  queryEvicted: 'eviction',
  snapshotCreated: 'snapshot',
  cacheSaved: 'storage',
  cacheLoaded: 'storage',
  walAppended: 'storage',
})

/** All categories. */
export const eventCategories: readonly EventCategory[] = Object.freeze([...new Set(Object.values(categoryOf))])

const aCategory = oneOf(...eventCategories)

/** @throws InvalidDefinitionError for a category that is none */
export function checkCategories(categories: readonly EventCategory[]): void {
  for (const category of categories) check('A category of events', category, aCategory)
}

/** What `events$` carries: all that happens to inputs and runs. The others are asked for by name. */
export const defaultCategories: readonly EventCategory[] = Object.freeze(['revision', 'input', 'invalidation', 'run', 'change'])
