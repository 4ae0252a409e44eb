/** What persistence needs of a database besides its public face: following its commits, and passing for it. */
import type { Branch, Change } from './branch.js'
import type { Database } from './database.js'
import type { AnyDerived, AnyInput, AnyInterned } from './define.js'
import { adopt, mayAdopt } from './intern.js'
import type { EventBody } from './events.js'
import { argsOf, type Cell, idOf, type Node } from './node.js'
import type { Revision } from './revision.js'
import type { View } from './view.js'

export type { AnyInterned } from './define.js'

/** What a commit makes of one record. */
export class Written {
  readonly type: 'set' | 'remove' | 'invalidate'
  /** Of a set. */
  readonly value: unknown
  private readonly node: Node

  constructor(type: Written['type'], node: Node, value: unknown) {
    this.type = type
    this.node = node
    this.value = value
  }

  get definition(): AnyInput | AnyDerived {
    return this.node.table.definition as AnyInput | AnyDerived
  }

  get args(): readonly unknown[] {
    return argsOf(this.node)
  }

  /** `name(args)`. */
  get id(): string {
    return idOf(this.node)
  }
}

export interface Follower<Entry> {
  /** Before anything of a commit is done. What it throws refuses the commit, and nothing has happened. */
  prepare(written: readonly Written[]): Entry
  /** The commit has been made, and nobody has been told of it. Must not throw. Commits come in the order of their revisions. */
  commit(entry: Entry, revision: Revision): void
  /** A value is about to get an id, in whatever view. What it throws leaves the value without one. */
  interned(definition: AnyInterned, value: unknown, id: number): void
}

const branchOf = (view: View): Branch => (view as unknown as { readonly branch: Branch }).branch

/** Tells a follower of every commit of a database from now on, until the result is called. There is one at a time. */
export function followCommits<Entry>(database: Database, follower: Follower<Entry>): () => void {
  const { family } = branchOf(database)
  const journal = {
    prepare: (changes: readonly Change[], invalidated: readonly Cell[]): Entry | undefined => {
      // What the engine keeps for itself has no name, or goes by the name of another definition: nobody can ask for it.
      const known = changes.filter(({ slot: { table: { definition } } }) => family.names.get(definition.name) === definition)
      if (known.length === 0 && invalidated.length === 0) return undefined
      return follower.prepare([...known.map(writtenOf), ...invalidated.map((cell) => new Written('invalidate', cell, undefined))])
    },
    commit: (entry: unknown, revision: Revision): void => follower.commit(entry as Entry, revision),
    interned: (definition: AnyInterned, value: unknown, id: number): void => follower.interned(definition, value, id),
  }
  family.journal = journal
  return () => {
    if (family.journal === journal) family.journal = null
  }
}

function writtenOf({ slot, value, removed }: Change): Written {
  return new Written(removed ? 'remove' : 'set', slot, value)
}

/** What a database is made of, for a class that adds to `Database`. Use the old object no more. */
export function partsOf(database: Database): ConstructorParameters<typeof Database> {
  const { branch, engine } = database as unknown as { branch: Branch; engine: ConstructorParameters<typeof Database>[1] }
  return [branch, engine]
}

/** Lets an id that a log holds stand for its value again; false where the id or the value stands for something else. */
export function adoptInterned(database: Database, definition: AnyInterned, value: unknown, id: number): boolean {
  const { family } = branchOf(database)
  if (!mayAdopt(family, definition, id, value)) return false
  adopt(family, definition, id, value)
  return true
}

/** Counts on from a revision, where that is above the present one. Nobody may have subscribed yet. */
export function raiseRevision(database: Database, revision: Revision): void {
  const branch = branchOf(database)
  if (revision > branch.revision) branch.revision = revision
}

/** Emits an event of a view, where anybody listens to its category. */
export function emitEvent(view: View, category: Parameters<Branch['hub']['wants']>[0], body: EventBody): void {
  const { hub, family, revision } = branchOf(view)
  if (family.closed || !hub.wants(category)) return
  hub.emit(revision, body)
  family.host.idle()
}

/** Tells `onUnhandledError`. */
export function reportError(database: Database, error: unknown): void {
  branchOf(database).family.delivery.report(error)
}
