/** Following the commits of a database, for those who write them down. */
import type { Branch, Change } from './branch.js'
import type { AnyDerived, AnyInput } from './define.js'
import { argsOf, type Cell } from './node.js'
import type { Revision } from './revision.js'
import type { View } from './view.js'

/** What a commit makes of one record. */
export type Written =
  | { readonly type: 'set'; readonly definition: AnyInput; readonly args: readonly unknown[]; readonly value: unknown }
  | { readonly type: 'remove'; readonly definition: AnyInput; readonly args: readonly unknown[] }
  | { readonly type: 'invalidate'; readonly definition: AnyDerived; readonly args: readonly unknown[] }

export interface Follower<Entry> {
  /** Before anything of a commit is done. What it throws refuses the commit, and nothing has happened. */
  prepare(written: readonly Written[]): Entry
  /** The commit has been made, and nobody has been told of it. Must not throw. Commits come in the order of their revisions. */
  commit(entry: Entry, revision: Revision): void
}

/** Tells a follower of every commit of a database from now on, until the result is called. There is one at a time. */
export function followCommits<Entry>(database: View, follower: Follower<Entry>): () => void {
  const { family } = (database as unknown as { readonly branch: Branch }).branch
  const journal = {
    prepare: (changes: readonly Change[], invalidated: readonly Cell[]): Entry => follower.prepare([...changes.map(writtenOf), ...invalidated.map(invalidationOf)]),
    commit: (entry: unknown, revision: Revision): void => follower.commit(entry as Entry, revision),
  }
  family.journal = journal
  return () => {
    if (family.journal === journal) family.journal = null
  }
}

function writtenOf({ slot, value, removed }: Change): Written {
  const definition = slot.table.definition as AnyInput
  return removed ? { type: 'remove', definition, args: argsOf(slot) } : { type: 'set', definition, args: argsOf(slot), value }
}

function invalidationOf(cell: Cell): Written {
  return { type: 'invalidate', definition: cell.table.definition as AnyDerived, args: argsOf(cell) }
}
