/**
 * What of a view goes into a file: its inputs, and the memos that can be trusted after a load. In slices, from a reader that
 * stands still.
 *
 *   slots ─┐                            ┌─ leave out what depends on what is not there
 *          ├─> forms of the values ─> dependencies ─> ...
 *   memos ─┘                            └─ through queries that are not saved, down to what is
 */
import { definitionOf, isQuery, kindOf, nameOf, type Ref, type SavedMemo, type StateReader, storedArgsOf } from '../core/saved-state.js'
import { type Encoder, Refusal, unsupported } from './codec.js'
import type { AnyDerived, AnyInput } from './definitions.js'
import type { Slices } from './slices.js'

/** A slot that goes into the file; one without a form holds nothing of its own, and was read. */
export interface InputRecord {
  readonly ref: Ref
  readonly args: unknown
  readonly stored: boolean
  readonly form: unknown
  readonly weight: number
}

/** A dependency as the file keeps it: the record, and whether the memo was made from what the file shows of it. */
export interface Link {
  readonly ref: Ref
  readonly same: boolean
}

export interface QueryRecord {
  readonly ref: Ref
  readonly args: unknown
  readonly form: unknown
  readonly weight: number
  readonly isAsync: boolean
  readonly stamp: number
  readonly usedAt: number
  links: readonly Link[]
  /** It was made from something that has changed since in a way no dependency shows. */
  isStale: boolean
}

export interface Gathered {
  readonly inputs: Map<AnyInput, InputRecord[]>
  readonly queries: Map<AnyDerived, QueryRecord[]>
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
  const inputs = new Map<AnyInput, InputRecord[]>()
  const queries = new Map<AnyDerived, QueryRecord[]>()
  const omitted: { key: string; reason: string }[] = []
  const chosen = new Map<Ref, QueryRecord>()
  const memos = new Map<QueryRecord, SavedMemo>()
  for (const definition of reader.definitions()) {
    if (definition.kind === 'input') inputs.set(definition, await gatherSlots(reader, definition, options))
    else if (definition.options.persist !== false) queries.set(definition, await gatherMemos(reader, definition, options, memos, omitted))
  }
  for (const record of memos.keys()) chosen.set(record.ref, record)
  await new Linker(reader, chosen, memos, options.slices).run(queries)
  return { inputs, queries, omitted }
}

async function gatherSlots(reader: StateReader, definition: AnyInput, { encoder, slices }: GatherOptions): Promise<InputRecord[]> {
  const records: InputRecord[] = []
  for (const { slot, value } of reader.slots(definition)) {
    const before = encoder.weight
    const form = formOf(encoder, value, definition.name, slot)
    records.push({ ref: slot, args: storedArgsOf(slot), stored: true, form, weight: encoder.weight - before })
    if (slices.due()) await slices.rest()
  }
  return records
}

/** @throws UnsupportedValueError */
function formOf(encoder: Encoder, value: unknown, definition: string, ref: Ref): unknown {
  try {
    return encoder.form(value)
  } catch (error) {
    throw error instanceof Refusal ? unsupported(error, { definition, key: nameOf(ref) }) : error
  }
}

async function gatherMemos(reader: StateReader, definition: AnyDerived, { encoder, slices, omitUnsupported }: GatherOptions, memos: Map<QueryRecord, SavedMemo>, omitted: Gathered['omitted']): Promise<QueryRecord[]> {
  const records: QueryRecord[] = []
  for (const cell of reader.cells(definition)) {
    const memo = reader.memo(cell)
    if (slices.due()) await slices.rest()
    if (memo === null) continue
    const before = encoder.weight
    let form: unknown
    try {
      form = encoder.form(memo.value)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const refused = unsupported(error, { definition: definition.name, key: nameOf(cell) })
      if (!omitUnsupported) throw refused
      omitted.push({ key: refused.key, reason: `${refused.path}: ${refused.reason}` })
      continue
    }
    const record: QueryRecord = {
      ref: cell, args: storedArgsOf(cell), form, weight: encoder.weight - before + 4 * memo.deps.length, isAsync: memo.isAsync, stamp: memo.stamp, usedAt: reader.usedAt(cell), links: [], isStale: false,
    }
    records.push(record)
    memos.set(record, memo)
  }
  return records
}

/** What a query that is not saved was made from. */
interface Leaves {
  readonly stamp: number
  /** null: it cannot be told. */
  readonly links: readonly Link[] | null
  readonly isStale: boolean
}

/** Finds the dependencies of memos, and leaves out those that depend on what is not there. */
class Linker {
  private readonly reader: StateReader
  private readonly chosen: Map<Ref, QueryRecord>
  private readonly memos: ReadonlyMap<QueryRecord, SavedMemo>
  private readonly slices: Slices
  private readonly leaves = new Map<Ref, Leaves | null>()
  private readonly bad: QueryRecord[] = []

  constructor(reader: StateReader, chosen: Map<Ref, QueryRecord>, memos: ReadonlyMap<QueryRecord, SavedMemo>, slices: Slices) {
    this.reader = reader
    this.chosen = chosen
    this.memos = memos
    this.slices = slices
  }

  async run(queries: Map<AnyDerived, QueryRecord[]>): Promise<void> {
    for (const [record, memo] of this.memos) {
      const { links, isStale } = this.linksOf(memo)
      if (links === null) this.bad.push(record)
      else record.links = links
      record.isStale = isStale
      if (this.slices.due()) await this.slices.rest()
    }
    await leaveOut(this.bad, this.chosen, this.slices)
    if (this.bad.length === 0) return
    for (const [definition, records] of queries) queries.set(definition, records.filter(({ ref }) => this.chosen.has(ref)))
  }

  /** The dependencies of a memo as the file can keep them; null: one of them is not there. */
  private linksOf({ deps, stamps }: SavedMemo): Pick<Leaves, 'links' | 'isStale'> {
    const links = new Map<Ref, Link>()
    let isStale = false
    for (const [i, dep] of deps.entries()) {
      const stamp = stamps[i] as number
      if (!isQuery(dep)) {
        const same = stamp === this.reader.stampOf(dep)
        if (kindOf(dep) === 'invalidation') isStale ||= !same
        else add(links, dep, same)
        continue
      }
      const record = this.chosen.get(dep)
      if (record !== undefined) add(links, dep, record.stamp === stamp)
      else {
        const known = this.leaves.get(dep)
        const leaves = known !== undefined ? known : isUnsaved(dep) ? this.leavesOf(dep) : null
        if (leaves === null || leaves.links === null) return { links: null, isStale: false }
        if (leaves.isStale || leaves.stamp !== stamp) isStale = true
        for (const { ref, same } of leaves.links) add(links, ref, same)
      }
    }
    return { links: [...links.values()], isStale }
  }

  /** What a query that is not saved was made from, however deep: with a stack of its own. null: it depends on itself. */
  private leavesOf(root: Ref): Leaves | null {
    const stack: Ref[] = [root]
    while (stack.length > 0) {
      const top = stack.at(-1) as Ref
      const known = this.leaves.get(top)
      if (known !== undefined && known !== null) {
        stack.pop()
        continue
      }
      const memo = isQuery(top) ? this.reader.memo(top) : null
      const below = memo === null ? [] : memo.deps.filter((dep) => isQuery(dep) && isUnsaved(dep) && !this.leaves.has(dep))
      if (known === undefined) this.leaves.set(top, null)
      if (known === undefined && below.length > 0) {
        stack.push(...below)
        continue
      }
      this.leaves.set(top, memo === null ? { stamp: 0, links: null, isStale: false } : { stamp: memo.stamp, ...this.linksOf(memo) })
      stack.pop()
    }
    return this.leaves.get(root) ?? null
  }
}

function isUnsaved(ref: Ref): boolean {
  const definition = definitionOf(ref)
  return definition.kind === 'derived' && definition.options.persist === false
}

/** A dependency that was seen twice in two states is not the same. */
function add(links: Map<Ref, Link>, ref: Ref, same: boolean): void {
  const known = links.get(ref)
  if (known === undefined || (known.same && !same)) links.set(ref, { ref, same })
}

/** Takes records out, and all that depend on them. */
export async function leaveOut(gone: QueryRecord[], chosen: Map<Ref, QueryRecord>, slices: Slices): Promise<void> {
  if (gone.length === 0) return
  const readers = new Map<Ref, QueryRecord[]>()
  for (const record of chosen.values()) {
    for (const { ref } of record.links) {
      if (!isQuery(ref)) continue
      const list = readers.get(ref)
      if (list === undefined) readers.set(ref, [record])
      else list.push(record)
    }
    if (slices.due()) await slices.rest()
  }
  for (const record of gone) {
    if (!chosen.delete(record.ref)) continue
    for (const reader of readers.get(record.ref) ?? []) gone.push(reader)
    if (slices.due()) await slices.rest()
  }
}
