/**
 * What stands in the slot of a source, beside its values:
 *
 *   Waiting ── first outcome ──> value or SourceFailure ── later outcomes: commits ──> … ── disconnected: a commit ──> Waiting
 *
 * The first outcome is no commit. Nobody has seen anything else in the place of that Waiting, so it fills it wherever it stands: in the
 * head, and in the roots of snapshots taken meanwhile. Whoever reads an unfilled one waits.
 */
import { type Node, Slot, type StoredArgs, type Table } from './node.js'
import type { Stamp } from './revision.js'

/** The first outcome after a time without a connection. */
export interface Fill {
  readonly value: unknown
  readonly stamp: Stamp
}

/** Nothing is known. */
export class Waiting {
  fill: Fill | null = null
  /** Told when it is filled. */
  readonly waiters: Set<() => void> = new Set()
}

/** The Observable has failed: readers fail with its error. */
export class SourceFailure {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** The head's hidden slot of a source's key. */
export class FeedSlot extends Slot {
  /** What stands there before the first connection. */
  readonly first: Waiting = new Waiting()

  constructor(id: number, table: Table, args: StoredArgs) {
    super(id, table, args, null)
  }
}

/** What stands in a slot that shows this value, or nothing: the fill of a Waiting in its place. */
export function fillOf(origin: FeedSlot, value: unknown, isStored: boolean): Fill | Waiting | null {
  const waiting = isStored ? value : origin.first
  return waiting instanceof Waiting ? (waiting.fill ?? waiting) : null
}

export const isFeed = (node: Node): node is FeedSlot => node instanceof FeedSlot
