/** What commits are made of, and who follows them. */
import type { AnyInterned } from './define.js'
import type { Cell, Slot } from './node.js'
import type { Revision, Stamp } from './revision.js'
import type { TableRoot } from './root.js'

/** What a write makes of a slot, named by its record of the head. */
export interface Change {
  readonly slot: Slot
  readonly value: unknown
  /** It holds a value afterwards. */
  readonly present: boolean
  /** It was removed, and shows the initial value if there is one. */
  readonly removed: boolean
  /** The stamp of a value that is taken over from another view. */
  readonly stamp?: Stamp | undefined
  /** What the changes of its definition lead to together, where that is what another view holds. */
  readonly whole?: TableRoot | undefined
}

/** Follows the commits of the head. */
export interface Journal {
  /** Before anything of a commit is done. What it throws refuses the commit; what it gives is handed to `commit`. */
  prepare(changes: readonly Change[], invalidated: readonly Cell[]): unknown
  /** The commit has been made, and nobody has been told of it. Must not throw. Commits come in the order of their revisions. */
  commit(prepared: unknown, revision: Revision): void
  /** A value is about to get an id, in whatever view. What it throws leaves the value without one. */
  interned(definition: AnyInterned, value: unknown, id: number): void
}
