/**
 * What passes between two views of a database: the differences of their inputs, and the writes that take over the inputs of one in
 * the other. Roots share what is the same, so all of it costs what is different.
 */
import type { Collector } from './batch.js'
import type { Branch, Change } from './branch.js'
import { checkOptions } from './check.js'
import { isBusy, isSame, recordChange } from './commit.js'
import { type Args, type Input, type KeyOf, NEVER } from './define.js'
import { describeValue } from './describe.js'
import { type Conflict, ConflictError, type Held, InvalidDefinitionError } from './errors.js'
import { IdMap } from './id-map.js'
import type { Cell, Slot } from './node.js'
import { invalidations, localTable, restingStamp, rootOf, tableRootOf } from './records.js'
import { emptyTableRoot, keyOf, type Root, SlotRecord, type TableRoot } from './root.js'
import { noteTaken } from './share.js'
import { restampTable } from './store.js'
import { nameOf } from './tell.js'

/** What is different in an input between two views, in the order in which the keys were first used. */
export interface Difference<A extends Args, V> {
  readonly added: readonly { readonly key: KeyOf<A>; readonly value: V }[]
  readonly removed: readonly { readonly key: KeyOf<A>; readonly value: V }[]
  readonly changed: readonly { readonly key: KeyOf<A>; readonly before: V; readonly after: V }[]
}

/** What becomes of a conflict: what the view has, what its parent has, or another value. */
export type Resolution = 'view' | 'parent' | { readonly value: unknown }

export interface PromoteOptions {
  /** Decides what becomes of an input that changed on both sides. Without it, there is a `ConflictError`. */
  readonly onConflict?: Resolution | ((conflict: Conflict) => Resolution)
}

/** The slots of a definition that show another stamp, and what they held. */
function* differencesOf(a: TableRoot, b: TableRoot): Generator<{ readonly slot: Slot; readonly before: SlotRecord | undefined; readonly after: SlotRecord | undefined }> {
  for (const [before, after] of IdMap.differences(a.records, b.records)) {
    if (before?.stamp !== after?.stamp) yield { slot: ((before ?? after) as SlotRecord).slot, before, after }
  }
}

export function differenceOf(a: Branch, b: Branch, definition: Input<Args, unknown>): Difference<Args, unknown> {
  const difference = { added: [] as { key: unknown; value: unknown }[], removed: [] as { key: unknown; value: unknown }[], changed: [] as { key: unknown; before: unknown; after: unknown }[] }
  rootOf(a)
  rootOf(b)
  for (const { slot, before, after } of differencesOf(tableRootOf(a, definition), tableRootOf(b, definition))) {
    const old = recordChange(slot, before)
    const now = recordChange(slot, after)
    const key = keyOf(slot)
    if (old.present && now.present) {
      if (!isSame(a, old, { ...now, removed: false })) difference.changed.push({ key, before: old.value, after: now.value })
    } else if (now.present) difference.added.push({ key, value: now.value })
    else if (old.present) difference.removed.push({ key, value: old.value })
  }
  return difference
}

/** All inputs of a view as they are once the writes that wait for their turn have been committed. Those have stamps of their own. */
function shownRoot(branch: Branch): Root {
  let root = rootOf(branch)
  for (const { slot, value, removed } of branch.overlay.values()) {
    const { name } = slot.table.definition
    const stamp = branch.family.stamps++
    const record = removed ? undefined : new SlotRecord({ origin: slot, value, stamp, changedAt: branch.revision + branch.queued })
    const records = (root.get(name) ?? emptyTableRoot()).records.with([[slot.id, record]])
    root = root.set(name, { ...emptyTableRoot(), records, keysStamp: stamp, entriesStamp: stamp })
  }
  return root
}

/** The definitions whose inputs differ between two roots, with their states there. */
function* tablesOf(a: Root, b: Root): Generator<readonly [name: string, before: TableRoot, after: TableRoot]> {
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const before = a.get(name) ?? emptyTableRoot()
    const after = b.get(name) ?? emptyTableRoot()
    if (before !== after) yield [name, before, after]
  }
}

/** What a source shows is the world's, and not undone. */
function isFed({ family }: Branch, name: string): boolean {
  return family.names.get(name)?.kind === 'source'
}

/** A slot as another view holds it, stamp and all. */
function taken(slot: Slot, record: SlotRecord | undefined, whole: TableRoot | undefined): Change {
  return { ...recordChange(slot, record), stamp: record?.stamp ?? restingStamp(slot), whole }
}

/** Writes what makes a view hold the inputs of another. */
export function takeAll(collector: Collector, branch: Branch, source: Branch): void {
  const target = shownRoot(source)
  keepShelves(collector, branch, source)
  const rest = collector.pending()
  const wholes = new Map<string, TableRoot>()
  for (const [name, before, whole] of tablesOf(rootOf(branch), target)) {
    if (name === invalidations.name || isFed(branch, name)) continue
    wholes.set(name, whole)
    let count = 0
    for (const { slot, before: own, after } of differencesOf(before, whole)) {
      rest.delete(slot)
      count++
      // What never changes has no way back.
      if (slot.table.level < NEVER || own === undefined) collector.put(taken(slot, after, slot.table.level < NEVER ? whole : undefined))
    }
    if (count === 0) takeStamps(collector, branch, name, before, whole)
  }
  for (const slot of rest) {
    const { name } = slot.table.definition
    if (name === invalidations.name) continue
    const whole = wholes.get(name) ?? target.get(name) ?? emptyTableRoot()
    wholes.set(name, whole)
    collector.put(taken(slot, whole.records.get(slot.id), whole))
  }
}

/** A definition whose slots are all the same has changed and changed back: unless it is written to now, its stamps are taken over too. */
function takeStamps(collector: Collector, branch: Branch, name: string, before: TableRoot, whole: TableRoot): void {
  collector.afterwards(() => {
    const definition = branch.family.names.get(name)
    if (definition === undefined || definition.kind === 'interned' || definition.kind === 'accumulator' || isBusy(branch)) return
    const table = localTable(branch, definition)
    if (table.entriesStamp === before.entriesStamp) restampTable(branch, table, whole)
  })
}

const resolutions = "'view', 'parent' or { value }"

const hasValue = (value: unknown): value is { readonly value: unknown } => typeof value === 'object' && value !== null && 'value' in value

/** Writes what a view has changed since it was taken to the one it was taken from. @throws ConflictError, InvalidDefinitionError */
export function takeChanges(collector: Collector, branch: Branch, view: Branch, options: PromoteOptions): void {
  checkOptions('promote: ', options, { onConflict: [(value) => value === 'view' || value === 'parent' || typeof value === 'function' || hasValue(value), `a function, or ${resolutions}`] })
  const { onConflict } = options
  const now = shownRoot(view)
  const start = view.start as Root
  const root = rootOf(branch)
  const pending = collector.pending()
  const conflicts: Conflict[] = []
  for (const [name, first, end] of tablesOf(start, now)) {
    if (name === invalidations.name) {
      for (const { after } of differencesOf(first, end)) if (after !== undefined) collector.invalidateCell((after.value as { readonly cell: Cell }).cell)
      continue
    }
    if (isFed(branch, name)) continue
    const mine = root.get(name) ?? emptyTableRoot()
    const isUntouched = mine.entriesStamp === first.entriesStamp && ![...pending].some((slot) => slot.table.definition.name === name)
    for (const { slot, before, after } of differencesOf(first, end)) {
      const base = recordChange(slot, before)
      const change = taken(slot, after, isUntouched ? end : undefined)
      const own = mine.records.get(slot.id)
      const current = pending.has(slot) ? collector.current(slot) : recordChange(slot, own)
      const isMoved = (pending.has(slot) || own?.stamp !== before?.stamp) && !isSame(branch, base, current)
      if (!isMoved) collector.put(change)
      else if (!isSame(view, base, change)) resolve(collector, change, { ...nameOf(slot), base: held(base), inParent: held(current), inView: held(change) }, onConflict, conflicts)
    }
  }
  if (conflicts.length > 0) throw new ConflictError(conflicts)
  keepShelves(collector, branch, view)
  if (view.disposed) return
  view.start = now
  collector.undoable(() => {
    if (!view.disposed) view.start = start
  })
}

/** What was computed with the inputs that are taken over is wanted still when the snapshot is gone. */
function keepShelves(collector: Collector, branch: Branch, source: Branch): void {
  noteTaken(branch, source)
  collector.afterwards(() => {
    branch.hasTaken = branch.forks.size > 0
  })
}

const held = ({ present, value }: Change): Held => ({ present, value: present ? value : undefined })

function resolve(collector: Collector, change: Change, conflict: Conflict, onConflict: PromoteOptions['onConflict'], conflicts: Conflict[]): void {
  if (onConflict === undefined) {
    conflicts.push(conflict)
    return
  }
  const resolution: unknown = typeof onConflict === 'function' ? onConflict(conflict) : onConflict
  if (resolution === 'parent') return
  if (resolution === 'view') collector.put(change)
  else if (hasValue(resolution)) collector.put({ slot: change.slot, value: resolution.value, present: true, removed: false })
  else throw new InvalidDefinitionError(`onConflict must give ${resolutions} for ${conflict.id}, and it gave ${describeValue(resolution)}. Nothing was written.`)
}
