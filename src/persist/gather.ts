/**
 * What of a view goes into a file: its inputs, and the memos that can be trusted after a load. In slices, from a reader that
 * stands still.
 *
 *   slots ──> forms of the values
 *   memos ──> forms of the values ──> dependencies: through what is not saved (by `persist: false`, because its value has no form or
 *                                     was given up) down to what is. What depends on a failure or on something volatile is left out
 */
import { isQuery, kindOf, nameOf, type Ref, type SavedMemo, type StateReader, storedArgsOf } from '../core/saved-state.js'
import { type Encoder, Refusal, unsupported } from './codec.js'
import type { AnyDerived, AnyInput, AnyInterned } from './definitions.js'
import { type Entry, inputEntry, none } from './entry.js'
import { textOfArgs } from './order.js'
import type { Slices } from './slices.js'

export interface Gathered {
  readonly inputs: Map<AnyInput, Entry[]>
  readonly queries: Map<AnyDerived, Entry[]>
  readonly interned: Map<AnyInterned, Entry[]>
  /** Memos left out, and why. */
  readonly omitted: { readonly key: string; readonly reason: string }[]
}

export interface GatherOptions {
  readonly encoder: Encoder
  readonly slices: Slices
  /** Leave out memos whose values have no form, instead of failing. */
  readonly omitUnsupported: boolean
}

/** @throws UnsupportedValueError */
export async function gather(reader: StateReader, options: GatherOptions): Promise<Gathered> {
  const inputs = new Map<AnyInput, Entry[]>()
  const queries = new Map<AnyDerived, Entry[]>()
  const omitted: { key: string; reason: string }[] = []
  const memos = new Map<Ref, Entry>()
  for (const definition of reader.definitions()) {
    if (definition.kind === 'input') inputs.set(definition, await gatherSlots(reader, definition, options))
    else if (definition.options.persist !== false) queries.set(definition, await gatherMemos(reader, definition, options, memos, omitted))
  }
  await new Linker(reader, memos, options.slices).run(queries)
  // Last: nothing that was gathered holds an id that is not among them.
  return { inputs, queries, interned: await gatherInterned(reader, options), omitted }
}

async function gatherInterned(reader: StateReader, { encoder, slices }: GatherOptions): Promise<Map<AnyInterned, Entry[]>> {
  const all = new Map<AnyInterned, Entry[]>()
  for (const [definition, values] of reader.interned()) {
    const entries: Entry[] = []
    for (const { id, value } of values) {
      const before = encoder.weight
      const form = formOf(encoder, value, definition.name, `${definition.name} ${id}`)
      entries.push(inputEntry({ id }, id, '', form, encoder.weight - before, true))
      if (slices.due()) await slices.rest()
    }
    all.set(definition, entries)
  }
  return all
}

async function gatherSlots(reader: StateReader, definition: AnyInput, { encoder, slices }: GatherOptions): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const { slot, value } of reader.slots(definition)) {
    const before = encoder.weight
    const form = formOf(encoder, value, definition.name, slot)
    const args = storedArgsOf(slot)
    entries.push(inputEntry(slot, args, textOfArgs(args), form, encoder.weight - before, true))
    if (slices.due()) await slices.rest()
  }
  return entries
}

/** @throws UnsupportedValueError */
function formOf(encoder: Encoder, value: unknown, definition: string, record: Ref | string): unknown {
  try {
    return encoder.form(value)
  } catch (error) {
    throw error instanceof Refusal ? unsupported(error, { definition, key: typeof record === 'string' ? record : nameOf(record) }) : error
  }
}

async function gatherMemos(reader: StateReader, definition: AnyDerived, { encoder, slices, omitUnsupported }: GatherOptions, memos: Map<Ref, Entry>, omitted: Gathered['omitted']): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const cell of reader.cells(definition)) {
    const memo = reader.memo(cell)
    if (slices.due()) await slices.rest()
    if (memo === null || memo.isEvicted) continue
    const before = encoder.weight
    let form: unknown
    try {
      form = formOf(encoder, memo.value, definition.name, cell)
    } catch (error) {
      if (!(omitUnsupported && error instanceof Error && 'path' in error)) throw error
      omitted.push({ key: nameOf(cell), reason: `${String(error.path)}: ${String((error as { reason?: unknown }).reason)}` })
      continue
    }
    const args = storedArgsOf(cell)
    const { deps, stamps, stamp, isAsync } = memo
    const weight = encoder.weight - before + 4 * deps.length
    const entry: Entry = {
      target: cell, args, text: textOfArgs(args), key: undefined, form, weight, stored: true, isAsync, stamp, usedAt: reader.usedAt(cell), deps, stamps, changed: none, isStale: false,
    }
    entries.push(entry)
    memos.set(cell, entry)
  }
  return entries
}

/** What a query that is not saved was made from. */
interface Leaves {
  readonly stamp: number
  /** null: something that is not there. */
  readonly deps: readonly Ref[] | null
  readonly changed: readonly number[]
  readonly isStale: boolean
}

/** A memo whose dependencies are records of the database. */
type SavedDeps = Pick<SavedMemo, 'deps' | 'stamps' | 'stamp'>

/** Says that a dependency is not saved itself. */
const unsaved: readonly number[] = Object.freeze([])

const nowhere: Leaves = { stamp: 0, deps: null, changed: none, isStale: false }

/** Finds the dependencies of memos, and leaves out those that depend on what is not there. */
class Linker {
  private readonly reader: StateReader
  private readonly memos: Map<Ref, Entry>
  private readonly slices: Slices
  /** By queries that are not saved; null while it is looked for. */
  private readonly leaves = new Map<Ref, Leaves | null>()

  constructor(reader: StateReader, memos: Map<Ref, Entry>, slices: Slices) {
    this.reader = reader
    this.memos = memos
    this.slices = slices
  }

  async run(queries: Map<AnyDerived, Entry[]>): Promise<void> {
    const gone: Entry[] = []
    for (const entry of this.memos.values()) {
      const { deps } = entry as SavedDeps
      entry.changed = this.changedIn(entry as SavedDeps) ?? none
      if (entry.changed === unsaved) {
        const leaves = this.leavesThrough(entry as SavedDeps)
        entry.deps = leaves.deps ?? deps
        entry.changed = leaves.changed
        entry.isStale = leaves.isStale
        if (leaves.deps === null) gone.push(entry)
      }
      entry.stamps = none
      if (this.slices.due()) await this.slices.rest()
    }
    await leaveOut(gone, queries, this.slices)
  }

  /** The dependencies that have changed since, where all of them can be kept as they are; `unsaved` where not. */
  private changedIn({ deps, stamps }: SavedDeps): readonly number[] | null {
    let changed: number[] | null = null
    for (let i = 0; i < deps.length; i++) {
      const dep = deps[i] as Ref
      let shown: number
      if (isQuery(dep)) {
        const entry = this.memos.get(dep)
        if (entry === undefined) return unsaved
        shown = entry.stamp
      } else {
        if (kindOf(dep) === 'invalidation') return unsaved
        shown = this.reader.stampOf(dep)
      }
      if (shown !== stamps[i]) (changed ??= []).push(i)
    }
    return changed
  }

  /** The dependencies of a memo down to what is saved. One that was seen in two states counts as changed. */
  private leavesThrough({ deps, stamps, stamp }: SavedDeps): Leaves {
    const found = new Map<Ref, boolean>()
    const add = (ref: Ref, same: boolean): void => void found.set(ref, same && found.get(ref) !== false)
    let isStale = false
    for (const [i, dep] of deps.entries()) {
      const seen = stamps[i] as number
      const entry = this.memos.get(dep)
      if (entry !== undefined) add(dep, entry.stamp === seen)
      else if (!isQuery(dep)) {
        const same = this.reader.stampOf(dep) === seen
        if (kindOf(dep) === 'invalidation') isStale ||= !same
        else add(dep, same)
      } else {
        const leaves = this.leavesOf(dep)
        if (leaves.deps === null) return nowhere
        isStale ||= leaves.isStale || leaves.stamp !== seen
        for (const [j, ref] of leaves.deps.entries()) add(ref, !leaves.changed.includes(j))
      }
    }
    const changed = [...found.values()].flatMap((same, i) => (same ? [] : [i]))
    return { stamp, deps: [...found.keys()], changed, isStale }
  }

  /** What a query that is not saved was made from, however deep: with a stack of its own. */
  private leavesOf(root: Ref): Leaves {
    // Still looked for: it depends on itself.
    if (this.leaves.get(root) === null) return nowhere
    const stack: Ref[] = [root]
    while (stack.length > 0) {
      const top = stack.at(-1) as Ref
      const known = this.leaves.get(top)
      const memo = isQuery(top) && (known === null || known === undefined) ? this.reader.memo(top) : null
      if (known === undefined && memo !== null) {
        this.leaves.set(top, null)
        stack.push(...memo.deps.filter((dep) => isQuery(dep) && !this.memos.has(dep) && !this.leaves.has(dep)))
        continue
      }
      stack.pop()
      if (known === undefined) this.leaves.set(top, nowhere)
      else if (known === null) this.leaves.set(top, memo === null ? nowhere : this.leavesThrough(memo))
    }
    return this.leaves.get(root) ?? nowhere
  }
}

/** Takes memos out, and all that depend on them. */
export async function leaveOut(gone: Entry[], queries: Map<AnyDerived, Entry[]>, slices: Slices): Promise<void> {
  if (gone.length === 0) return
  const readers = new Map<object, Entry[]>()
  for (const entries of queries.values()) {
    for (const entry of entries) {
      for (const dep of entry.deps) {
        if (!('mark' in dep && isQuery(dep))) continue
        const list = readers.get(dep)
        if (list === undefined) readers.set(dep, [entry])
        else list.push(entry)
      }
      if (slices.due()) await slices.rest()
    }
  }
  const all = new Set(gone)
  for (const { target } of all) for (const reader of readers.get(target) ?? []) all.add(reader)
  for (const [definition, entries] of queries) {
    queries.set(definition, entries.filter((entry) => !all.has(entry)))
    if (slices.due(1)) await slices.rest()
  }
}
